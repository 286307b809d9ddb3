import type { Backend, Matrix } from "@surefoot/linalg";
import { hInfinity } from "surefoot";

/** The least eigenvalue of a symmetric matrix; throws where none was found. */
export async function lambdaMin(a: Matrix, backend: Backend): Promise<number> {
  const found = await backend.extremalEigenvalues(a, { which: "smallest" });
  if (found.status !== "ok" || !found.smallest) throw new Error(`λ_min was not found: ${found.status}`);
  return found.smallest.value;
}

/** The greatest eigenvalue of a symmetric matrix; throws where none was found. */
export async function lambdaMax(a: Matrix, backend: Backend): Promise<number> {
  const found = await backend.extremalEigenvalues(a, { which: "largest" });
  if (found.status !== "ok" || !found.largest) throw new Error(`λ_max was not found: ${found.status}`);
  return found.largest.value;
}

/** ‖A − B‖₂ of two symmetric matrices. */
export async function spectralDistance(a: Matrix, b: Matrix, backend: Backend): Promise<number> {
  const data = a.data.map((value, k) => value - b.data[k]);
  const found = await backend.extremalEigenvalues({ rows: a.rows, cols: a.cols, data });
  if (found.status !== "ok" || !found.smallest || !found.largest) throw new Error("‖A − B‖₂ was not found");
  return Math.max(Math.abs(found.smallest.value), Math.abs(found.largest.value));
}

/** λ₀ = λ_min(H^∞) of the rows of x. */
export const lambda0Of = async (x: Matrix, backend: Backend): Promise<number> =>
  lambdaMin(await hInfinity(x, backend), backend);
