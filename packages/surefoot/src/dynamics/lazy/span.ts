import { matrix } from "@surefoot/linalg";
import type { Dataset } from "../../data/dataset.ts";

/**
 * The samples in coordinates of their own span: X = L·Q with L n × n lower triangular (diagonal ≥ 0) and orthonormal rows of Q; the result
 * has L for X. All inner products stay, so a network on it behaves as one on the given data in every respect that does not name a
 * coordinate, and Gaussian weights stay Gaussian: w_r·x_i = (Qw_r)·l_i with Qw_r ~ N(0, I_n). But the same seed draws *other* weights
 * than for the given data: it is a choice of parametrisation that any engine can be given, with n instead of d draws to a neuron.
 * Data with d ≤ n are returned as they are. Householder reflections, 2n²d operations.
 */
export function rotateToSpan(dataset: Dataset): Dataset {
  const { x, y, provenance } = dataset;
  const [n, d] = [x.rows, x.cols];
  if (d <= n) return dataset;
  const a = x.data.slice();
  const out = matrix(n, n);
  const v = new Float64Array(d);
  for (let k = 0; k < n; k++) {
    // The reflection I − βvvᵀ that takes row k, from column k on, to a multiple of the first unit vector.
    let largest = 0;
    for (let q = k; q < d; q++) largest = Math.max(largest, Math.abs(a[k * d + q]));
    let square = 0;
    for (let q = k; q < d && largest > 0; q++) {
      v[q] = a[k * d + q] / largest;
      square += v[q] * v[q];
    }
    const norm = Math.sqrt(square);
    if (norm > 0) {
      const head = v[k];
      v[k] = head < 0 ? head - norm : head + norm;
      const beta = 1 / (norm * Math.abs(v[k]));
      for (let i = k; i < n; i++) {
        let sum = 0;
        for (let q = k; q < d; q++) sum += a[i * d + q] * v[q];
        for (let q = k; q < d; q++) a[i * d + q] -= beta * sum * v[q];
      }
    }
    const sign = a[k * d + k] < 0 ? -1 : 1;
    for (let i = k; i < n; i++) out.data[i * n + k] = sign * a[i * d + k];
  }
  return { x: out, y: y.slice(), provenance: { ...provenance, steps: [...provenance.steps, "rotated to their span"] } };
}
