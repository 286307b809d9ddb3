export { angle, arcCosine } from "./arc-cosine.ts";
export * from "./backend.ts";
export { type Choice, type ChooseOptions, type Considered, chooseBackend } from "./choose.ts";
export { type BackendReport, type DoctorReport, doctor } from "./doctor.ts";
export {
  CLOSED_DUALS,
  type ClosedDual,
  correlation,
  type DualPairsRequest,
  determinant,
  seriesOfPair,
} from "./dual-pairs.ts";
export {
  acos,
  atan,
  atan2,
  erf,
  exp,
  expm1,
  log,
  log1p,
  normalCdf,
  sigmoid,
  softplus,
  tanh,
  turn,
} from "./elementary.ts";
export { LinalgError, type LinalgErrorCode } from "./error.ts";
export { copy, fromRows, identity, type Matrix, matrix, row, transpose } from "./matrix.ts";
export { createNativeBackend, type NativeOptions, type Refusal } from "./native/backend.ts";
export {
  nearColumns,
  type PiecewiseLinearPart,
  type PiecewiseLinearRequest,
  type Place,
  piecewiseLinearLayers,
  piecewiseLinearPair,
  type Watch,
} from "./piecewise-linear.ts";
export { normals, philox, unitInterval } from "./random.ts";
export { createReferenceBackend } from "./reference/backend.ts";
export { createWasmBackend, type WasmOptions } from "./wasm/backend.ts";
export {
  createLooker,
  LOOK_BYTES_PER_PAIR,
  LOOK_CLOSE,
  LOOK_FLIPS,
  LOOK_WAS_ON,
  type Looker,
  type LookShape,
} from "./wasm/lazy-look.ts";
export {
  createNeuronScanner,
  type NeuronScanner,
  type ScanRequest,
  type ScanShard,
  type ScanTotals,
} from "./wasm/lazy-scan.ts";
