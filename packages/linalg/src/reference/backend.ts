import type { Backend, ElementwiseFunction } from "../backend.ts";
import { erf, exp, log, normalCdf, sigmoid, softplus, tanh } from "../elementary.ts";
import { LinalgError } from "../error.ts";
import { normals } from "../random.ts";
import { eigenvalues, extremalEigenvalues } from "./eigen.ts";
import { cholesky, solveTriangular } from "./factor.ts";
import { gemm, maskCounts, syrk } from "./products.ts";

/** The plain backend: obvious loops, one thread, the oracle that the others are held against. */
export function createReferenceBackend(): Backend {
  return {
    info: { name: "reference", detail: "plain TypeScript", threads: 1, deterministic: true },
    gemm: async (a, b, options) => gemm(a, b, options),
    syrk: async (a, options) => syrk(a, options),
    cholesky: async (a) => cholesky(a),
    solveTriangular: async (l, b, options) => solveTriangular(l, b, options?.transpose),
    eigenvalues: async (a, options) => eigenvalues(a, options?.vectors),
    extremalEigenvalues: async (a, options) => extremalEigenvalues(a, options),
    maskCounts: async (masks, options) => maskCounts(masks, options?.weights),
    elementwise: async (f, x, out = new Float64Array(x.length)) => {
      const g = ELEMENTWISE[f];
      for (let i = 0; i < x.length; i++) out[i] = g(x[i]);
      return out;
    },
    arcCosine: async () => {
      throw new LinalgError("argument", "arcCosine");
    },
    normals: async (request, out) => normals(request, out),
    close: async () => {},
  };
}

const ELEMENTWISE: Record<ElementwiseFunction, (x: number) => number> = {
  exp,
  log,
  tanh,
  sigmoid,
  softplus,
  erf,
  "normal-cdf": normalCdf,
};
