import { arcCosine } from "../arc-cosine.ts";
import { checkElementwise, closedError } from "../arguments.ts";
import type { Backend } from "../backend.ts";
import { dualPairs } from "../dual-pairs.ts";
import { ELEMENTARY } from "../elementary.ts";
import { matrix } from "../matrix.ts";
import { piecewiseLinear } from "../piecewise-linear.ts";
import { normals } from "../random.ts";
import { eigenvalues, extremalEigenvalues } from "./eigen.ts";
import { cholesky, solveTriangular } from "./factor.ts";
import { gemm, maskCounts, syrk } from "./products.ts";

/** The plain backend: obvious loops, one thread, the oracle that the others are held against. */
export function createReferenceBackend(): Backend {
  let closed = false;
  const open = () => {
    if (closed) throw closedError("reference");
  };
  return {
    info: { name: "reference", detail: "plain TypeScript", threads: 1, deterministic: true },
    gemm: async (a, b, options) => {
      open();
      return gemm(a, b, options);
    },
    syrk: async (a, options) => {
      open();
      return syrk(a, options);
    },
    cholesky: async (a) => {
      open();
      return cholesky(a);
    },
    solveTriangular: async (l, b, options) => {
      open();
      return solveTriangular(l, b, options?.transpose);
    },
    eigenvalues: async (a, options) => {
      open();
      return eigenvalues(a, options?.vectors);
    },
    extremalEigenvalues: async (a, options) => {
      open();
      return extremalEigenvalues(a, options);
    },
    maskCounts: async (masks, options) => {
      open();
      return maskCounts(masks, options?.weights);
    },
    elementwise: async (f, x, out) => {
      open();
      const result = checkElementwise(x, out);
      const g = ELEMENTARY[f];
      for (let i = 0; i < x.length; i++) result[i] = g(x[i]);
      return result;
    },
    arcCosine: async (degree, gram, squaredRows, squaredCols, out) => {
      open();
      return arcCosine(degree, gram, squaredRows, squaredCols, out);
    },
    piecewiseLinear: async (covariances, request) => {
      open();
      return piecewiseLinear(covariances, request);
    },
    dualPairs: async (covariances, request, out) => {
      open();
      return dualPairs(covariances, request, out);
    },
    normals: async (request, out) => {
      open();
      return normals(request, out);
    },
    allocate: matrix,
    close: async () => {
      closed = true;
    },
  };
}
