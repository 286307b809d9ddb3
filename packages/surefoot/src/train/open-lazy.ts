import { type Backend, matrix, type NeuronScanner } from "@surefoot/linalg";
import { measurerOf, outcomeOf } from "../certify/certify.ts";
import { certifyLazyStart, predictMovement } from "../certify/certify-lazy-start.ts";
import type { Long } from "../dynamics/lazy/long-work.ts";
import type { LazyMemoryPlan } from "../dynamics/lazy/memory-plan.ts";
import { type NeuronSource, seededNeurons } from "../dynamics/lazy/neuron-source.ts";
import { lazyProblem } from "../dynamics/lazy/problem.ts";
import { predictReach } from "../dynamics/lazy/reach.ts";
import { createLazyRun, DEFAULT_ROOM, type LazyRun } from "../dynamics/lazy/run.ts";
import { startPass } from "../dynamics/lazy/start.ts";
import type { Problem } from "../dynamics/problem.ts";
import type { StepSizeSpec } from "../dynamics/step-size.ts";
import { SurefootError } from "../error.ts";
import { point } from "../interval/arithmetic.ts";
import type { Network } from "../network/network.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";

/** What a lazy run starts from. */
export interface LazyOpening extends Long {
  readonly problem: Problem;
  readonly source: NeuronSource;
  /** In the user's loss convention; a rule is resolved at the initial weights. */
  readonly stepSize: StepSizeSpec;
  /** How many steps are intended. */
  readonly steps: number;
  readonly scanner?: NeuronScanner | undefined;
  /** Refuse to hold more bytes than this. */
  readonly memoryLimit: number;
  readonly onPlan?: (plan: LazyMemoryPlan) => void;
}

/** The neurons that `initialise` draws for a two-layer ReLU network, made when they are needed. */
export function drawnNeurons(
  network: Network,
  initialiser: InitialiserSpec,
  seed: number,
  backend: Backend,
): NeuronSource {
  const antisymmetric = initialiser.kind === "antisymmetric";
  return seededNeurons({ width: network.layers[0].rows, inputs: network.inputs, seed, antisymmetric }, backend);
}

/**
 * A lazy run for `trainLazy`, and its step size η in the user's convention. Its watch list reaches far enough for a certificate at the start
 * where one is to be expected. Throws `argument` where the rule gives no step size or the run does not fit `memoryLimit`.
 */
export async function openLazyRun(opening: LazyOpening): Promise<{ readonly run: LazyRun; readonly stepSize: number }> {
  const { problem, source, steps, scanner, memoryLimit, onPlan } = opening;
  const stepSize = await resolveStep(opening);
  const inner = stepSize * problem.lossFactor;
  const run = await createLazyRun({
    ...longOf(opening),
    dataset: problem.dataset,
    source,
    stepSize: inner,
    backend: problem.backend,
    scanner,
    memoryLimit,
    horizon: steps,
    room: await roomFor(opening, inner),
    ...(onPlan ? { onPlan } : {}),
  });
  return { run, stepSize };
}

/** The watch list of a run that is likely to be certified at its start reaches far enough for that. */
async function roomFor(opening: LazyOpening, stepSize: number): Promise<number> {
  const { dataset, backend } = opening.problem;
  const long = longOf(opening);
  const problem = await lazyProblem(dataset, opening.source, stepSize, backend);
  const { reach, expectedMargin } = await predictMovement(problem, point(stepSize), long);
  if (!(expectedMargin > 1)) return DEFAULT_ROOM;
  const path = await predictReach(problem, opening.steps, 1, long);
  return reach.reduce((room, length, i) => Math.max(room, length / path[i]), DEFAULT_ROOM);
}

async function resolveStep(opening: LazyOpening): Promise<number> {
  const { stepSize: rule, source, scanner, memoryLimit } = opening;
  if (typeof rule === "number") return rule;
  const { network, dataset, loss, lossFactor, gram, backend } = opening.problem;
  const long = longOf(opening);
  if (rule === "certified") {
    const { outcome } = await certifyLazyStart({ dataset, source, backend, scanner, memoryLimit, ...long });
    const found = outcomeOf(outcome, { network, dataset, loss }, measurerOf({ backend }));
    const stepSize = found.stepSize ?? found.suggestedStepSize;
    if (stepSize !== null) return stepSize;
    const why = found.reasons[0] ?? found.statement;
    throw new SurefootError("argument", `step size certified: no theorem gives one here (${why}); give a number`);
  }
  const n = dataset.y.length;
  const none = new Float64Array(n).fill(-1);
  const { counts } = await startPass(dataset.x, source, none, { backend, scanner }, long);
  const kernel = matrix(
    n,
    n,
    counts.map((count, k) => (gram.data[k] * count) / source.width),
  );
  const found = await backend.extremalEigenvalues(kernel, { which: "largest" });
  const lambdaMax = found.status === "ok" ? found.largest?.value : undefined;
  if (lambdaMax === undefined || !(lambdaMax > 0)) {
    throw new SurefootError(
      "argument",
      "step size 1/lambda-max: λ_max of the tangent kernel is not positive; give a number",
    );
  }
  return 1 / (lambdaMax * lossFactor);
}

function longOf({ signal, onProgress }: Long): Long {
  return { ...(signal ? { signal } : {}), ...(onProgress ? { onProgress } : {}) };
}
