import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { createBreather } from "../dynamics/breathe.ts";
import { addUp, mulUp } from "../interval/directed.ts";
import { frobenius, LEAST_POSITIVE, productError, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import type { Network, Weights } from "../network/network.ts";
import { encloseSecond } from "./activation-enclosure.ts";
import { type BendNorms, bentLayer, steepMatrix } from "./measure-bends.ts";
import type { ProvedBackward, ProvedForward, WeightNorms } from "./proved-pass.ts";

/** A matrix within `error` (2-norm) of the exact one. */
interface Near {
  readonly mid: Matrix;
  readonly error: number;
}

/**
 * ‖C_ℓ(x_i)‖₂ from above, C_ℓ = ∂²f/∂z_ℓ², one matrix and one spectral norm for each sample and hidden layer (docs/proof.md, section 7); undefined for
 * activations without a bound of σ'''.
 */
export async function provedBends(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  pass: ProvedForward,
  back: ProvedBackward,
  normOf: (a: Matrix) => Promise<number>,
  backend: Backend,
): Promise<BendNorms | undefined> {
  const { thirdBound, curvatureBound } = activationOf(network.activation);
  if (thirdBound === undefined) return undefined;
  const hidden = network.layers.length - 1;
  const n = pass.z[0].mid.rows;
  const found = Array.from({ length: hidden }, () => new Float64Array(n));
  const seconds: { mid: Float64Array; error: number }[] = [];
  for (let l = 0; l < hidden; l++) {
    const mid = new Float64Array(pass.z[l].mid.data.length);
    const error = encloseSecond(network.activation, pass.z[l].mid.data, mid);
    if (error === undefined) return undefined;
    seconds.push({ mid, error });
  }
  const breathe = createBreather();
  for (let i = 0; i < n; i++) {
    await breathe();
    let bend: Near | undefined;
    for (let l = hidden - 1; l >= 0; l--) {
      const diagonal = bentDiagonal(i, l);
      if (!bend) {
        const m = diagonal.values.length;
        found[l][i] = addUp(largest(diagonal.values), diagonal.error);
        bend = { mid: onDiagonal(diagonal.values, m), error: diagonal.error };
        continue;
      }
      bend = await lowered(bend, steepOf(i, l), diagonal, backend);
      found[l][i] = addUp(await normOf(bend.mid), bend.error);
    }
  }
  return found;

  /** fl(σ̂''·q̂): 2u of itself, errors of σ'' and of z times |q|, B₂ times that of q; for each entry, with the errors of the whole row. */
  function bentDiagonal(i: number, l: number): { readonly values: Float64Array; readonly error: number } {
    const m = network.layers[l].rows;
    const second = seconds[l].mid.subarray(i * m, (i + 1) * m);
    const q = back.q[l].mid.data.subarray(i * m, (i + 1) * m);
    const values = second.map((x, r) => x * q[r]);
    const most = back.backpropagated[l][i];
    const curvature = addUp(seconds[l].error, mulUp(thirdBound ?? Number.NaN, pass.z[l].errors[i]));
    const moved = addUp(mulUp(curvature, most), mulUp(curvatureBound, back.q[l].errors[i]));
    return { values, error: addUp(moved, addUp(mulUp(2 * UNIT_ROUNDOFF, largest(values)), LEAST_POSITIVE)) };
  }

  /** s·W_{ℓ+1}·diag σ'(z_ℓ): as in measure-steep-proved.ts, with a rounding more for the scale. */
  function steepOf(i: number, l: number): Near {
    const { weight, scale, cols } = network.layers[l + 1];
    const mid = steepMatrix(weights[weight], scale, pass.slopes[l].mid.subarray(i * cols, (i + 1) * cols));
    const slope = addUp(pass.slopes[l].error, mulUp(curvatureBound, pass.z[l].errors[i]));
    const rounding = addUp(
      mulUp(4 * UNIT_ROUNDOFF, frobenius(mid).upper),
      mulUp(mulUp(mid.data.length, addUp(1, scale)), LEAST_POSITIVE),
    );
    return { mid, error: addUp(rounding, mulUp(mulUp(scale, norms[l + 1].spectral), slope)) };
  }
}

/** diag + EᵀCE with the errors of both products, of E and C, and of the last sum. */
async function lowered(
  above: Near,
  steep: Near,
  diagonal: { readonly values: Float64Array; readonly error: number },
  backend: Backend,
): Promise<Near> {
  const { bend, half } = await bentLayer(diagonal.values, { bend: above.mid, steep: steep.mid }, backend);
  const { rows, cols } = steep.mid;
  const e = frobenius(steep.mid).upper;
  const c = frobenius(above.mid).upper;
  const first = productError(rows, c, e, rows, cols);
  const second = productError(rows, e, half ? frobenius(half).upper : Number.NaN, cols, cols);
  const products = addUp(second, mulUp(e, first));
  // (‖E‖ + ε)²(‖C‖ + δ) − ‖E‖²‖C‖
  const widened = mulUp(addUp(mulUp(2, e), steep.error), steep.error);
  const carried = addUp(mulUp(widened, addUp(c, above.error)), mulUp(mulUp(e, e), above.error));
  const rounding = mulUp(2 * UNIT_ROUNDOFF, addUp(frobenius(bend).upper, largest(diagonal.values)));
  return { mid: bend, error: addUp(addUp(products, carried), addUp(rounding, diagonal.error)) };
}

function onDiagonal(values: Float64Array, m: number): Matrix {
  const out = matrix(m, m);
  for (let r = 0; r < m; r++) out.data[r * m + r] = values[r];
  return out;
}

function largest(values: Float64Array): number {
  let most = 0;
  for (const value of values) {
    const size = Math.abs(value);
    if (!(size <= most)) most = size;
  }
  return most;
}
