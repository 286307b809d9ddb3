/**
 * Forward and backward pass with a proved distance from the exact ones: beside each floating-point row stands a bound on the
 * 2-norm of its error. Recursion and constants: docs/proof.md, section 7.
 */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { addUp, mulUp, sqrtUp } from "../interval/directed.ts";
import { gamma, LEAST_POSITIVE, norm, rowNorms, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import type { Layer, Network, Weights } from "../network/network.ts";
import { encloseActivation } from "./activation-enclosure.ts";

/** A matrix with, for each row, an upper bound of its 2-norm and of the 2-norm of its distance from the exact row. */
export interface RowBall {
  readonly mid: Matrix;
  readonly norms: Float64Array;
  readonly errors: Float64Array;
}

export interface ProvedForward {
  /** z_ℓ, index ℓ − 1. */
  readonly z: readonly RowBall[];
  /** h_ℓ for hidden layers, index ℓ − 1. */
  readonly h: readonly RowBall[];
  /** Doubles near σ'(z_ℓ), and a uniform bound of their errors at the floating-point z_ℓ. */
  readonly slopes: readonly { readonly mid: Float64Array; readonly error: number }[];
}

export interface ProvedBackward {
  /** g_ℓ = ∂f/∂z_ℓ, index ℓ − 1. */
  readonly g: readonly RowBall[];
  /** For hidden layers: upper bounds of ‖q_ℓ(x_i)‖_∞. */
  readonly backpropagated: readonly Float64Array[];
}

/** ‖W‖₂ and ‖W‖_F from above, by layer. */
export interface WeightNorms {
  readonly spectral: number;
  readonly frobenius: number;
}

/** The matrix as exact reals: errors 0. */
export function exactRows(mid: Matrix): RowBall {
  return { mid, norms: rowNorms(mid).upper, errors: new Float64Array(mid.rows) };
}

/**
 * fl(s·W·h + b) for every row h of `input` (bias absent: + 0). Error of a row: s‖W‖₂·(error of h) + γ_{k+2}s‖W‖_F‖h‖ from the product
 * (k terms, and the scale), u‖z‖ from adding the bias, underflow.
 */
export async function affine(
  input: RowBall,
  w: Matrix,
  norms: WeightNorms,
  scale: number,
  bias: Float64Array | undefined,
  backend: Backend,
): Promise<RowBall> {
  const z = await backend.gemm(input.mid, w, { transposeB: true, alpha: scale });
  if (bias) for (let i = 0; i < z.rows; i++) for (let j = 0; j < z.cols; j++) z.data[i * z.cols + j] += bias[j];
  return withProductErrors(z, input, norms, scale, w.cols, bias !== undefined);
}

/** Errors of a product of `input`'s rows with a matrix of the given norms, inner dimension k. */
function withProductErrors(
  product: Matrix,
  input: RowBall,
  norms: WeightNorms,
  scale: number,
  k: number,
  biased: boolean,
): RowBall {
  const outNorms = rowNorms(product).upper;
  const carried = mulUp(scale, norms.spectral);
  const fresh = mulUp(gamma(k + 2), mulUp(scale, norms.frobenius));
  const underflow = mulUp(mulUp(k + 4, product.cols), mulUp(addUp(1, scale), LEAST_POSITIVE));
  const errors = outNorms.map((size, i) => {
    const before = input.errors[i] === 0 ? 0 : mulUp(carried, input.errors[i]);
    const rounding = addUp(mulUp(fresh, input.norms[i]), underflow);
    // |fl(a + b) − (a + b)| ≤ u|fl(a + b)|
    return addUp(before, biased ? addUp(rounding, mulUp(UNIT_ROUNDOFF, size)) : rounding);
  });
  return { mid: product, norms: outNorms, errors };
}

export async function provedForward(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  x: Matrix,
  backend: Backend,
): Promise<ProvedForward | undefined> {
  const slopeBound = activationOf(network.activation).slopeBound;
  const z: RowBall[] = [];
  const h: RowBall[] = [];
  const slopes: { mid: Float64Array; error: number }[] = [];
  let input = exactRows(x);
  for (const [l, layer] of network.layers.entries()) {
    const bias = layer.bias ? weights[layer.bias].data : undefined;
    const ball = await affine(input, weights[layer.weight], norms[l], layer.scale, bias, backend);
    z.push(ball);
    if (l === network.layers.length - 1) break;
    const value = matrix(x.rows, layer.rows);
    const mid = new Float64Array(value.data.length);
    const found = encloseActivation(network.activation, ball.mid.data, value.data, mid);
    if (!found) return undefined;
    const spread = mulUp(sqrtUp(layer.rows), found.valueError);
    input = {
      mid: value,
      norms: rowNorms(value).upper,
      errors: ball.errors.map((e) => addUp(mulUp(slopeBound, e), spread)),
    };
    h.push(input);
    slopes.push({ mid, error: found.slopeError });
  }
  return { z, h, slopes };
}

/**
 * g_L = 1, q_ℓ = s_{ℓ+1}W_{ℓ+1}ᵀg_{ℓ+1}, g_ℓ = σ'(z_ℓ)∘q_ℓ. Error of a row of g_ℓ: ε‖q‖ + u‖g‖ (slopes and their product) + B₂‖q‖_∞·(error of z) +
 * B₁·(error of q).
 */
export async function provedBackward(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  pass: ProvedForward,
  backend: Backend,
): Promise<ProvedBackward> {
  const { slopeBound, curvatureBound } = activationOf(network.activation);
  const last = network.layers.length - 1;
  const n = pass.z[last].mid.rows;
  const g: RowBall[] = [];
  const backpropagated: Float64Array[] = [];
  g[last] = exactRows(matrix(n, 1, new Float64Array(n).fill(1)));
  for (let l = last - 1; l >= 0; l--) {
    const above: Layer = network.layers[l + 1];
    const product = await backend.gemm(g[l + 1].mid, weights[above.weight], { alpha: above.scale });
    const q = withProductErrors(product, g[l + 1], norms[l + 1], above.scale, above.rows, false);
    const slope = pass.slopes[l];
    const cols = product.cols;
    const mid = matrix(n, cols);
    const largest = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let most = 0;
      for (let k = i * cols; k < (i + 1) * cols; k++) {
        most = Math.max(most, Math.abs(product.data[k]));
        mid.data[k] = slope.mid[k] * product.data[k];
      }
      largest[i] = most;
    }
    const midNorms = rowNorms(mid).upper;
    const underflow = mulUp(cols, LEAST_POSITIVE);
    g[l] = {
      mid,
      norms: midNorms,
      errors: midNorms.map((size, i) => {
        const local = addUp(mulUp(slope.error, q.norms[i]), addUp(mulUp(UNIT_ROUNDOFF, size), underflow));
        const drift = mulUp(mulUp(curvatureBound, largest[i]), pass.z[l].errors[i]);
        return addUp(addUp(local, drift), mulUp(slopeBound, q.errors[i]));
      }),
    };
    backpropagated[l] = largest.map((most, i) => addUp(most, q.errors[i]));
  }
  return { g, backpropagated };
}

/** ‖row‖ of the exact matrix, from above. */
export function exactNorms({ norms, errors }: RowBall): Float64Array {
  return norms.map((size, i) => addUp(size, errors[i]));
}

/** ‖mid − exact‖_F from above. */
export function frobeniusError({ errors }: RowBall): number {
  return norm(errors).upper;
}
