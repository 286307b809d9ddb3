export { angle } from "./arc-cosine.ts";
export * from "./backend.ts";
export { acos, atan, atan2, erf, exp, expm1, log, log1p, normalCdf, sigmoid, softplus, tanh } from "./elementary.ts";
export { LinalgError, type LinalgErrorCode } from "./error.ts";
export { copy, fromRows, identity, type Matrix, matrix, row, transpose } from "./matrix.ts";
export { normals, philox, unitInterval } from "./random.ts";
export { createReferenceBackend } from "./reference/backend.ts";
export { createWasmBackend, type WasmOptions } from "./wasm/backend.ts";
