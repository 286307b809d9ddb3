export {
  type Dual,
  type DualSpec,
  dualBySeries,
  dualOf,
  type Nonlinearity,
  piecewiseLinearDual,
  polynomialDual,
} from "../activation/dual/index.ts";
export {
  type ArchitectureInput,
  type ArchitectureSpec,
  architectureSpec,
  type InfiniteKind,
} from "./architecture-spec.ts";
export { type BlockSink, type BlockSource, type EvaluateOptions, evaluate, kernelMatrix, TILE } from "./blocks.ts";
export { initialiseResidual, type ResidualWeights, residualFeatures } from "./finite-residual.ts";
export type { Range } from "./gram.ts";
export { hInfinity, hInfinityBlocks } from "./h-infinity.ts";
export { infiniteKernel } from "./infinite.ts";
export { extremalByProducts, type LanczosOptions, type LanczosOutcome } from "./lanczos.ts";
export {
  empiricalKernel,
  kernelTimesVector,
  networkFeatures,
  type TangentFeatures,
  type TensorFeatures,
} from "./tangent-features.ts";
