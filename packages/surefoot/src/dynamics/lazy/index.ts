export type { LazyCheckpoint } from "./checkpoint.ts";
export type { NeuronDrift } from "./drift.ts";
export { createGradientFlow, type FlowOutcome, type FlowState, type GradientFlow } from "./flow.ts";
export type { LazyProgress, Long } from "./long-work.ts";
export { type LazyMemoryPlan, largestWidthWithin, lazyMemoryPlan, type PlanInput } from "./memory-plan.ts";
export { type LazyNeuron, lazyNeuron } from "./neuron.ts";
export {
  givenNeurons,
  type NeuronBlock,
  type NeuronSource,
  type SeededNeurons,
  seededNeurons,
} from "./neuron-source.ts";
export type { LazyProbe } from "./probe.ts";
export type { LazyProblem, LazyProblemOptions } from "./problem.ts";
export {
  createLazyRun,
  type LazyOptions,
  type LazyOutcome,
  type LazyRun,
  type LazySourceOptions,
  resumeLazyRun,
} from "./run.ts";
export { rotateToSpan } from "./span.ts";
export type { LazyState } from "./state.ts";
