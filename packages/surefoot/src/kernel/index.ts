export {
  type Dual,
  type DualSpec,
  dualBySeries,
  dualOf,
  type Nonlinearity,
  piecewiseLinearDual,
  polynomialDual,
} from "../activation/dual/index.ts";
export type { Range } from "../network/ranges.ts";
export type { TangentFeatures, TensorFeatures } from "../network/tangent-tensors.ts";
export {
  type ArchitectureInput,
  type ArchitectureSpec,
  architectureSpec,
  type InfiniteKind,
} from "./architecture-spec.ts";
export { type BlockSink, type BlockSource, type EvaluateOptions, evaluate, kernelMatrix, TILE } from "./blocks.ts";
export { finiteSpec } from "./finite.ts";
export { hInfinity, hInfinityBlocks } from "./h-infinity.ts";
export { infiniteKernel } from "./infinite.ts";
export { extremalByProducts, type LanczosOptions, type LanczosOutcome } from "./lanczos.ts";
export { limitKernel } from "./limit.ts";
export { empiricalKernel, kernelTimesVector, networkFeatures } from "./tangent-features.ts";
