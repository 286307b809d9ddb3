export * from "./certificate/index.ts";
export * from "./certify/index.ts";
export * from "./data/index.ts";
export {
  type DescentState,
  initDescent,
  stepDescent,
  type Termination,
  terminateDescent,
} from "./dynamics/gradient-descent.ts";
export * from "./dynamics/lazy/index.ts";
export {
  type CustomLoss,
  classificationLoss,
  type LossConstants,
  type MarginLoss,
  marginLoss,
} from "./dynamics/margin-loss.ts";
export type { Objective } from "./dynamics/objective.ts";
export {
  createOptimiser,
  type Optimiser,
  type OptimiserState,
  optimiserColumns,
} from "./dynamics/optimiser/optimiser.ts";
export { createProbe, PROBE_NAMES, type Probe, type ProbeName, probeColumns } from "./dynamics/probe.ts";
export { createProblem, createTrainingProblem, type Problem, type TrainingProblem } from "./dynamics/problem.ts";
export { type Snapshot, snapshot } from "./dynamics/snapshot.ts";
export { inverseLambdaMax, type StepSizeSpec, stepSizeSpec } from "./dynamics/step-size.ts";
export { SurefootError, type SurefootErrorCode } from "./error.ts";
export { type Arithmetic, type Interval, rounded } from "./interval/arithmetic.ts";
export {
  type EigenvalueBound,
  extremeEigenvalues,
  greatestEigenvalue,
  leastEigenvalue,
} from "./interval/extreme-eigenvalues.ts";
export { outward } from "./interval/outward.ts";
export { hInfinity } from "./kernel/h-infinity.ts";
export { type HInfinityBall, provedHInfinity, provedHInfinitySpectrum } from "./kernel/h-infinity-proved.ts";
export { backward } from "./network/backward.ts";
export { forward } from "./network/forward.ts";
export { gradient } from "./network/gradient.ts";
export { initialise } from "./network/initialise.ts";
export type { ForwardPass, Layer, Network, Weights } from "./network/network.ts";
export { fitWeights, resolveNetwork, tensorShapes } from "./network/resolve.ts";
export { countFlips, signPattern } from "./network/sign-pattern.ts";
export { reluKernelByCounts, tangentKernel } from "./network/tangent-kernel.ts";
export * from "./plan/index.ts";
export * from "./record/index.ts";
export { type ActivationSpec, activationSpec } from "./spec/activation.ts";
export { type InitialiserSpec, initialiserSpec } from "./spec/initialiser.ts";
export {
  type ClassificationLossSpec,
  type LossSpec,
  lossSpec,
  type NamedLossSpec,
  namedLossSpec,
} from "./spec/loss.ts";
export { type NetworkInput, type NetworkSpec, networkSpec } from "./spec/network.ts";
export {
  OPTIMISER_FORMS,
  type OptimiserInput,
  type OptimiserSpec,
  optimiserFromText,
  optimiserSpec,
  SCHEDULE_FORMS,
  scheduleFromText,
} from "./spec/optimiser.ts";
export { parseSpec } from "./spec/parse.ts";
export { INITIALISER_FORMS, initialiserFromText, networkFromText } from "./spec/shorthand.ts";
export * from "./theory/index.ts";
export type { Certified } from "./train/certification.ts";
export { lazyExcludes } from "./train/engine.ts";
export { drawnNeurons, type LazyOpening, openLazyRun } from "./train/open-lazy.ts";
export { resolveStepSize } from "./train/resolve-step-size.ts";
export {
  type RecordRow as RunRow,
  runColumns,
  type TrainEvent,
  type TrainOptions,
  type TrainResult,
  train,
} from "./train/train.ts";
export {
  type LazyStanding,
  type LazySubject,
  type LazyTrainEvent,
  type LazyTrainOptions,
  type LazyTrainResult,
  lazyColumns,
  lazyProbeInterval,
  trainLazy,
} from "./train/train-lazy.ts";
export type { Warrant } from "./warrant.ts";
