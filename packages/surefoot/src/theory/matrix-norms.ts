import type { Backend, Matrix } from "@surefoot/linalg";

/** λ_min of a symmetric matrix in floating point; NaN where it cannot be found. */
export async function leastEigenvalueOf(a: Matrix, backend: Backend): Promise<number> {
  const found = await backend.extremalEigenvalues(a, { which: "smallest" });
  return (found.status === "ok" ? found.smallest?.value : undefined) ?? Number.NaN;
}

/** ‖A‖₂ of a symmetric matrix in floating point; NaN where it cannot be found. */
export async function spectralNorm(a: Matrix, backend: Backend): Promise<number> {
  const found = await backend.extremalEigenvalues(a);
  if (found.status !== "ok" || !found.smallest || !found.largest) return Number.NaN;
  return Math.max(Math.abs(found.smallest.value), Math.abs(found.largest.value));
}

export function frobenius({ data }: Matrix): number {
  let sum = 0;
  for (const value of data) sum += value * value;
  return Math.sqrt(sum);
}

export function difference(a: Matrix, b: Matrix, factor = 1): Matrix {
  return { rows: a.rows, cols: a.cols, data: a.data.map((value, k) => value - factor * b.data[k]) };
}
