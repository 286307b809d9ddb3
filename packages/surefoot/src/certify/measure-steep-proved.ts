import { type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { createBreather } from "../dynamics/breathe.ts";
import { addUp, mulUp } from "../interval/directed.ts";
import { frobenius, LEAST_POSITIVE, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import type { Network, Weights } from "../network/network.ts";
import type { Measurement } from "./evidence.ts";
import type { SteepNorms } from "./measure-steep.ts";
import type { ProvedForward, WeightNorms } from "./proved-pass.ts";

/**
 * ‖s_ℓW_ℓ diag σ'(z_{ℓ−1}(x_i))‖₂ from above, one spectral norm for each sample and hidden layer. With d̂ the doubles near σ'(ẑ) (each within `error`),
 * ẑ within the row's error of z, B̂ = fl(W·diag d̂): ‖B̂ − W diag d̂‖_F ≤ 2u‖B̂‖_F + underflow, and ‖W(diag d̂ − diag σ'(z))‖₂ ≤ ‖W‖₂(error + B₂·|ẑ − z|).
 */
export async function provedSteepNorms(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  pass: ProvedForward,
  normOf: (a: Matrix) => Promise<number>,
): Promise<Measurement<SteepNorms>> {
  const { curvatureBound } = activationOf(network.activation);
  const breathe = createBreather();
  const found: (Float64Array | undefined)[] = network.layers.map(() => undefined);
  for (let l = 1; l < network.layers.length - 1; l++) {
    const { weight, scale } = network.layers[l];
    const w = weights[weight];
    const slopes = pass.slopes[l - 1];
    const { errors } = pass.z[l - 1];
    const own = new Float64Array(errors.length);
    const product = matrix(w.rows, w.cols);
    for (let i = 0; i < own.length; i++) {
      await breathe();
      const d = slopes.mid.subarray(i * w.cols, (i + 1) * w.cols);
      for (let r = 0; r < w.rows; r++) {
        for (let c = 0; c < w.cols; c++) product.data[r * w.cols + c] = w.data[r * w.cols + c] * d[c];
      }
      const norm = await normOf(product);
      if (!Number.isFinite(norm))
        return { status: "failed", reason: "no norm of weights times slopes could be proved" };
      const rounding = addUp(
        mulUp(2 * UNIT_ROUNDOFF, frobenius(product).upper),
        mulUp(product.data.length, LEAST_POSITIVE),
      );
      const slopeError = addUp(slopes.error, mulUp(curvatureBound, errors[i]));
      own[i] = mulUp(scale, addUp(addUp(norm, rounding), mulUp(norms[l].spectral, slopeError)));
    }
    found[l] = own;
  }
  return { status: "ok", evidence: found };
}
