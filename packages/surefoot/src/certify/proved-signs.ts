import { type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import { addUp, mulUp } from "../interval/directed.ts";
import { gamma, LEAST_POSITIVE, rowNorms, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import type { RowBall } from "./proved-pass.ts";

/** Pays for the roundings of an error bound formed in plain double: three of them, and a generous rest. */
const INFLATE = 1 + 16 * UNIT_ROUNDOFF;
/** fl(a − b)·(1 − 2u) ≤ a − b: the difference is off by u of itself, exact when subnormal. */
const DEFLATE = 1 - 2 * UNIT_ROUNDOFF;

export interface SignMargins {
  /** n × m: a lower bound of |z_ri|. */
  readonly magnitudes: Matrix;
  /** Row i, bit r: the sign of z_ri is not certain. */
  readonly uncertain: BitMasks;
}

/**
 * How certain the signs of z = sWx + b are: |fl(z_ri) − z_ri| ≤ γ_{d+2}s‖w_r‖‖x_i‖ + u|fl(z_ri)| (only with a bias) + underflow.
 * `z` holds the computed values (n × m), `pattern` their signs.
 */
export function signMargins(
  z: Matrix,
  pattern: BitMasks,
  inputs: RowBall,
  w: Matrix,
  scale: number,
  biased: boolean,
): SignMargins {
  const factor = mulUp(gamma(w.cols + 2), scale);
  const tiny = mulUp(2 * (w.cols + 4), mulUp(addUp(1, scale), LEAST_POSITIVE));
  const perNeuron = rowNorms(w).upper.map((size, r) => (isZeroRow(w, r) ? 0 : mulUp(factor, size)));
  const relative = biased ? 2 * UNIT_ROUNDOFF : 0;
  const magnitudes = matrix(z.rows, z.cols);
  const words = new Uint32Array(pattern.words.length);
  for (let i = 0; i < z.rows; i++) {
    const x = isZeroRow(inputs.mid, i) ? 0 : inputs.norms[i];
    for (let r = 0; r < z.cols; r++) {
      const k = i * z.cols + r;
      const size = Math.abs(z.data[k]);
      // x_i = 0 or w_r = 0: the product is exactly 0 (no rounding and no underflow).
      const product = x === 0 || perNeuron[r] === 0 ? 0 : perNeuron[r] * x + tiny;
      const error = (product + relative * size) * INFLATE;
      if (error === 0) magnitudes.data[k] = size;
      else if (size > error) magnitudes.data[k] = (size - error) * DEFLATE;
      else words[i * pattern.wordsPerRow + (r >>> 5)] |= 1 << (r & 31);
    }
  }
  return { magnitudes, uncertain: { ...pattern, words } };
}

function isZeroRow(a: Matrix, i: number): boolean {
  for (let k = i * a.cols; k < (i + 1) * a.cols; k++) if (a.data[k] !== 0) return false;
  return true;
}
