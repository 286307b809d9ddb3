export * from "./backend.ts";
export { LinalgError, type LinalgErrorCode } from "./error.ts";
export { copy, fromRows, identity, type Matrix, matrix, row, transpose } from "./matrix.ts";
export { normals, philox, unitInterval } from "./random.ts";
export { createReferenceBackend } from "./reference/backend.ts";
