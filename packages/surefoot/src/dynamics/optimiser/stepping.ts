import { type Matrix, matrix } from "@surefoot/linalg";
import type { Dataset } from "../../data/dataset.ts";
import { SurefootError } from "../../error.ts";
import { backward } from "../../network/backward.ts";
import { forward } from "../../network/forward.ts";
import { accumulateGradient } from "../../network/gradient.ts";
import type { Weights } from "../../network/network.ts";
import { tensorShapes } from "../../network/resolve.ts";
import type { OptimiserSpec } from "../../spec/optimiser.ts";
import { type DescentState, initDescent, residualAndLoss } from "../gradient-descent.ts";
import type { TrainingProblem } from "../problem.ts";
import { batchAt, rowsOf } from "./batch.ts";
import { type Optimiser, type OptimiserState, optimiserColumns } from "./optimiser.ts";
import { ruleOf } from "./rules.ts";
import { stepSizeAt } from "./schedule.ts";

/**
 * Optimisers that make steps. The loss of every row is the whole one: a step on a batch of B costs a forward pass over all n samples
 * and a backward pass over B. The gradient of a batch is that of the loss with its sum taken over the batch, times n/B.
 */
export function createStepping(
  problem: TrainingProblem,
  spec: Exclude<OptimiserSpec, { readonly kind: "gradient-flow" }>,
  stepSize: number,
): Optimiser {
  const { network, dataset, backend, objective } = problem;
  const rule = ruleOf(spec);
  const trained = tensorShapes(network).filter((tensor) => tensor.trained);
  const gradient: Record<string, Matrix> = {};
  for (const { name, rows, cols } of trained) gradient[name] = matrix(rows, cols);

  const columnsAt = (step: number): Record<string, number> =>
    spec.schedule.kind === "constant" ? {} : { stepSize: stepSizeAt(spec.schedule, stepSize, step) };
  const wrap = (state: DescentState, memory: Weights): OptimiserState => ({
    ...state,
    memory: () => memory,
    columns: columnsAt(state.step),
  });

  const emptyMemory = (): Weights =>
    Object.fromEntries(
      rule.memory.flatMap((kept) => trained.map(({ name, rows, cols }) => [`${kept}.${name}`, matrix(rows, cols)])),
    );

  /** ∇ of the loss on the batch of this step, into `gradient`. */
  async function measure(state: DescentState): Promise<void> {
    const n = dataset.y.length;
    const rows = spec.batch && spec.batch.size < n ? batchAt(spec.batch, n, state.step) : undefined;
    const on = rows ? await passOn(rowsOf(dataset, rows), state.weights) : { ...state, x: dataset.x };
    const cotangents = await backward(network, state.weights, on.pass, backend, on.residual, on.cotangents);
    const share = rows ? n / rows.length : 1;
    const scale = { alpha: objective.factor * share, beta: 0 };
    await accumulateGradient(network, on.x, on.pass, cotangents, backend, gradient, scale);
  }

  async function passOn({ x, y }: Pick<Dataset, "x" | "y">, weights: Weights) {
    const pass = await forward(network, weights, x, backend);
    return { x, pass, residual: pass.outputs.map((u, i) => objective.slope(u, y[i])), cotangents: undefined };
  }

  return {
    columns: optimiserColumns(spec),
    init: async (weights, at) =>
      wrap(await initDescent(problem, weights, at?.step), at ? fitMemory(emptyMemory(), at.memory) : emptyMemory()),
    step: async (state) => {
      await measure(state);
      const eta = stepSizeAt(spec.schedule, stepSize, state.step);
      const memory = state.memory();
      for (const { name } of trained) {
        const kept = rule.memory.map((each) => memory[`${each}.${name}`].data);
        rule.update(state.weights[name].data, gradient[name].data, kept, eta, state.step);
      }
      const { weights, pass, cotangents } = state;
      await forward(network, weights, dataset.x, backend, pass);
      const next = { step: state.step + 1, weights, pass, cotangents, ...residualAndLoss(problem, pass.outputs) };
      return wrap(next, memory);
    },
  };
}

/** Copies of the tensors that a run left, if they are those of this optimiser. */
export function fitMemory(wanted: Weights, found: Weights): Weights {
  return Object.fromEntries(
    Object.entries(wanted).map(([name, { rows, cols }]) => {
      const tensor = found[name];
      if (tensor?.data.length !== rows * cols) {
        throw new SurefootError(
          "file",
          `the optimiser's state ${name} (${rows} × ${cols}) is missing: the run cannot go on`,
        );
      }
      return [name, { rows, cols, data: tensor.data.slice() }];
    }),
  );
}
