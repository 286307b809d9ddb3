import type { Weights } from "../../network/network.ts";
import { isPlain, type OptimiserSpec } from "../../spec/optimiser.ts";
import { type DescentState, initDescent, stepDescent } from "../gradient-descent.ts";
import type { TrainingProblem } from "../problem.ts";
import { createFlow } from "./flow.ts";
import { createStepping } from "./stepping.ts";

/** An iterate and what the optimiser must know beside the weights to go on: empty for gradient descent. */
export interface OptimiserState extends DescentState {
  /** Tensors by name, valid until the next step. */
  memory(): Weights;
  /** The optimiser's own columns of the record, as of this iterate. */
  readonly columns: Readonly<Record<string, number>>;
}

/** Where a run stood. */
export interface OptimiserStart {
  readonly step: number;
  readonly memory: Weights;
}

/** init / step of one optimiser; `terminateDescent` says when to stop. */
export interface Optimiser {
  /** Names of the columns that it adds to a record. */
  readonly columns: readonly string[];
  /** Iterate 0 from the given weights, which are copied; or a later one with what it remembered. Throws `file` for a memory that does not fit. */
  init(weights: Weights, at?: OptimiserStart): Promise<OptimiserState>;
  /** The next iterate; consumes the state it is given. */
  step(state: OptimiserState): Promise<OptimiserState>;
}

/** The optimiser of a spec; `stepSize` η in the user's convention, for the flow the time between two rows. */
export function createOptimiser(problem: TrainingProblem, spec: OptimiserSpec, stepSize: number): Optimiser {
  if (spec.kind === "gradient-flow") return createFlow(problem, spec, stepSize);
  if (!isPlain(spec)) return createStepping(problem, spec, stepSize);
  const plain = (state: DescentState): OptimiserState => ({ ...state, memory: () => ({}), columns: {} });
  return {
    columns: [],
    init: async (weights, at) => plain(await initDescent(problem, weights, at?.step)),
    step: async (state) => plain(await stepDescent(problem, state, stepSize)),
  };
}

/** The columns that an optimiser adds to a record. */
export function optimiserColumns(spec: OptimiserSpec): readonly string[] {
  if (spec.kind === "gradient-flow") return ["time", "fieldEvaluations", "localErrors"];
  return spec.schedule.kind === "constant" ? [] : ["stepSize"];
}
