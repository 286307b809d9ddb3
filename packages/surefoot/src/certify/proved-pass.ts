/**
 * Forward and backward pass with a proved distance from the exact ones: beside each floating-point row stands a bound on the
 * 2-norm of its error. Recursion and constants: docs/proof.md, section 7.
 */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import type { Interval } from "../interval/arithmetic.ts";
import { addUp, mulUp, sqrtUp, subDown } from "../interval/directed.ts";
import { frobenius, gamma, LEAST_POSITIVE, norm, rowNorms, UNIT_ROUNDOFF } from "../interval/error-bounds.ts";
import { preciseProduct } from "../interval/precise-product.ts";
import { combine } from "../network/forward.ts";
import type { Layer, Network, Patches, Weights } from "../network/network.ts";
import { channelsLast, eachNeighbour, foldPatches, takePatches } from "../network/patches.ts";
import { encloseActivation } from "./activation-enclosure.ts";
import type { VectorBall } from "./evidence.ts";

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
  /** What W_ℓ multiplies: P_ℓh_{ℓ−1}, index ℓ − 1. */
  readonly inputs: readonly RowBall[];
  /** Doubles near σ'(z_ℓ), and a uniform bound of their errors at the floating-point z_ℓ. */
  readonly slopes: readonly { readonly mid: Float64Array; readonly error: number }[];
}

export interface ProvedBackward {
  /** g_ℓ = ∂f/∂z_ℓ, index ℓ − 1. */
  readonly g: readonly RowBall[];
  /** For hidden layers: q_ℓ = ∂f/∂h_ℓ, index ℓ − 1. */
  readonly q: readonly RowBall[];
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

/** `precise` pays several products for errors that do not grow with the inner dimension (interval/precise-product.ts). */
export type Products = "plain" | "precise";

/** fl(s·W·h + b) for every row h of `input` (bias absent: + 0); errors as in `product`, and u‖z‖ from adding the bias. */
export async function affine(
  input: RowBall,
  w: Matrix,
  norms: WeightNorms,
  scale: number,
  bias: Float64Array | undefined,
  backend: Backend,
  products: Products = "plain",
): Promise<RowBall> {
  const ball = await product(input, w, true, norms, scale, backend, products);
  if (!bias) return ball;
  const { mid } = ball;
  for (let i = 0; i < mid.rows; i++) for (let j = 0; j < mid.cols; j++) mid.data[i * mid.cols + j] += bias[j];
  const sizes = rowNorms(mid).upper;
  // |fl(a + b) − (a + b)| ≤ u|fl(a + b)|
  const errors = ball.errors.map((error, i) => addUp(error, mulUp(UNIT_ROUNDOFF, sizes[i])));
  return { mid, norms: sizes, errors };
}

/**
 * fl(s·A·W) or fl(s·A·Wᵀ) for the rows of `input`: s‖W‖₂·(error of the row), underflow, and from the product with k terms and the scale
 * γ_{k+2}s‖W‖_F‖row‖; or, in precise products, s times their error and u of the result.
 */
async function product(
  input: RowBall,
  w: Matrix,
  transposeB: boolean,
  norms: WeightNorms,
  scale: number,
  backend: Backend,
  products: Products,
): Promise<RowBall> {
  const carried = mulUp(scale, norms.spectral);
  const before = (i: number) => (input.errors[i] === 0 ? 0 : mulUp(carried, input.errors[i]));
  const precise = products === "precise" ? await preciseProduct(input.mid, w, transposeB, backend) : undefined;
  if (precise) {
    const mid = precise.product;
    for (let k = 0; k < mid.data.length; k++) mid.data[k] *= scale;
    const sizes = rowNorms(mid).upper;
    const underflow = mulUp(mid.cols, LEAST_POSITIVE);
    const errors = sizes.map((size, i) => {
      const own = addUp(mulUp(scale, precise.errors[i]), addUp(mulUp(UNIT_ROUNDOFF, size), underflow));
      return addUp(before(i), own);
    });
    return { mid, norms: sizes, errors };
  }
  const mid = await backend.gemm(input.mid, w, { transposeB, alpha: scale });
  const k = input.mid.cols;
  const fresh = mulUp(gamma(k + 2), mulUp(scale, norms.frobenius));
  const underflow = mulUp(mulUp(k + 4, mid.cols), mulUp(addUp(1, scale), LEAST_POSITIVE));
  const errors = input.norms.map((size, i) => addUp(before(i), addUp(mulUp(fresh, size), underflow)));
  return { mid, norms: rowNorms(mid).upper, errors };
}

export async function provedForward(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  x: Matrix,
  backend: Backend,
  products: Products = "plain",
): Promise<ProvedForward | undefined> {
  const slopeBound = activationOf(network.activation).slopeBound;
  const z: RowBall[] = [];
  const h: RowBall[] = [];
  const slopes: { mid: Float64Array; error: number }[] = [];
  const inputs: RowBall[] = [];
  let below = exactRows(x);
  for (const [l, layer] of network.layers.entries()) {
    const input = inputOf(layer, l === 0 && layer.patches ? exactRows(channelsLast(x, layer.patches.pixels)) : below);
    inputs.push(input);
    const bias = layer.bias ? weights[layer.bias].data : undefined;
    const ball = await affine(input, weights[layer.weight], norms[l], layer.scale, bias, backend, products);
    z.push(ball);
    if (l === network.layers.length - 1) break;
    const value = matrix(ball.mid.rows, layer.rows);
    const mid = new Float64Array(value.data.length);
    const found = encloseActivation(network.activation, ball.mid.data, value.data, mid);
    if (!found) return undefined;
    const spread = mulUp(sqrtUp(layer.rows), found.valueError);
    const activated = {
      mid: value,
      norms: rowNorms(value).upper,
      errors: ball.errors.map((e) => addUp(mulUp(slopeBound, e), spread)),
    };
    below = combined(layer, activated, below);
    h.push(below);
    slopes.push({ mid, error: found.slopeError });
  }
  return { z, h, inputs, slopes };
}

/** P_ℓh_{ℓ−1}: patches, or all positions of a sample side by side where a layer without patches follows one with them. */
function inputOf({ patches, cols }: Layer, below: RowBall): RowBall {
  if (patches) return patchesOf(below, patches, cols);
  return below.mid.cols === cols ? below : gathered(below, below.mid.data.length / cols);
}

/** Rows put together, `rows` of them left, as many in each. */
export function gathered(ball: RowBall, rows: number): RowBall {
  const { data } = ball.mid;
  if (rows === ball.mid.rows) return ball;
  const mid = matrix(rows, data.length / rows, data);
  const each = ball.mid.rows / rows;
  const errors = Float64Array.from({ length: rows }, (_, i) => norm(ball.errors, i * each, each).upper);
  return { mid, norms: rowNorms(mid).upper, errors };
}

function patchesOf(below: RowBall, patches: Patches, cols: number): RowBall {
  const mid = matrix(below.mid.rows, cols);
  takePatches(below.mid, patches, mid);
  const squares = new Float64Array(mid.rows);
  eachNeighbour(mid.rows, patches, (row, _, from) => {
    squares[row] = addUp(squares[row], mulUp(below.errors[from], below.errors[from]));
  });
  return { mid, norms: rowNorms(mid).upper, errors: squares.map(sqrtUp) };
}

/** h_ℓ = [h_{ℓ−1}] + t_ℓσ(z_ℓ): a rounding of the product and one of the sum in each entry. */
function combined({ gain, skip }: Layer, activated: RowBall, below: RowBall): RowBall {
  if (gain === undefined && !skip) return activated;
  const factor = gain ?? 1;
  const mid = matrix(activated.mid.rows, activated.mid.cols);
  combine(activated.mid.data, factor, skip ? below.mid.data : undefined, mid.data);
  const norms = rowNorms(mid).upper;
  const underflow = mulUp(mid.cols, LEAST_POSITIVE);
  const errors = norms.map((size, i) => {
    const product = addUp(mulUp(2 * UNIT_ROUNDOFF, mulUp(factor, activated.norms[i])), underflow);
    const rounding = addUp(product, mulUp(UNIT_ROUNDOFF, size));
    const carried = mulUp(factor, activated.errors[i]);
    return addUp(rounding, skip ? addUp(carried, below.errors[i]) : carried);
  });
  return { mid, norms, errors };
}

/**
 * g_L = 1, q_ℓ = [q_{ℓ+1}] + s_{ℓ+1}P_{ℓ+1}ᵀW_{ℓ+1}ᵀg_{ℓ+1}, g_ℓ = t_ℓσ'(z_ℓ)∘q_ℓ. Error of a row of σ'(z_ℓ)∘q_ℓ: ε‖q‖ + u‖·‖ (slopes and their
 * product) + B₂‖q‖_∞·(error of z) + B₁·(error of q).
 */
export async function provedBackward(
  network: Network,
  weights: Weights,
  norms: readonly WeightNorms[],
  pass: ProvedForward,
  backend: Backend,
  products: Products = "plain",
): Promise<ProvedBackward> {
  const { slopeBound, curvatureBound } = activationOf(network.activation);
  const last = network.layers.length - 1;
  const n = pass.z[last].mid.rows;
  const g: RowBall[] = [];
  let q: RowBall | undefined;
  const backpropagated: Float64Array[] = [];
  const cotangents: RowBall[] = [];
  g[last] = exactRows(matrix(n, 1, new Float64Array(n).fill(1)));
  for (let l = last - 1; l >= 0; l--) {
    const above: Layer = network.layers[l + 1];
    const w = weights[above.weight];
    const pulled = await product(g[l + 1], w, false, norms[l + 1], above.scale, backend, products);
    const here: RowBall = withSkip(above, folded(pulled, above), q, network.layers[l].rows);
    q = here;
    cotangents[l] = here;
    const slope = pass.slopes[l];
    const { rows, cols, data } = here.mid;
    const mid = matrix(rows, cols);
    const largest = new Float64Array(rows);
    for (let i = 0; i < rows; i++) {
      let most = 0;
      for (let k = i * cols; k < (i + 1) * cols; k++) {
        most = Math.max(most, Math.abs(data[k]));
        mid.data[k] = slope.mid[k] * data[k];
      }
      largest[i] = most;
    }
    const midNorms = rowNorms(mid).upper;
    const underflow = mulUp(cols, LEAST_POSITIVE);
    const turned = {
      mid,
      norms: midNorms,
      errors: midNorms.map((size, i) => {
        const local = addUp(mulUp(slope.error, here.norms[i]), addUp(mulUp(UNIT_ROUNDOFF, size), underflow));
        const drift = mulUp(mulUp(curvatureBound, largest[i]), pass.z[l].errors[i]);
        return addUp(addUp(local, drift), mulUp(slopeBound, here.errors[i]));
      }),
    };
    g[l] = combined({ ...network.layers[l], skip: false }, turned, turned);
    backpropagated[l] = largestOfSamples(largest, here.errors, n);
  }
  return { g, q: cotangents, backpropagated };
}

/** P_ℓ₊₁ᵀ: the sum of at most `filter` blocks, whose rounding is relative to the sum of their sizes. */
function folded(pulled: RowBall, { patches }: Layer): RowBall {
  if (!patches) return pulled;
  const mid = foldPatches(pulled.mid, patches);
  const errors = new Float64Array(mid.rows);
  const own = gamma(patches.filter);
  eachNeighbour(mid.rows, patches, (row, _, to) => {
    errors[to] = addUp(errors[to], addUp(pulled.errors[row], mulUp(own, pulled.norms[row])));
  });
  return { mid, norms: rowNorms(mid).upper, errors };
}

/** The cotangent that comes along the skip added, and a row for each position of the layer below. */
function withSkip({ skip }: Layer, own: RowBall, along: RowBall | undefined, cols: number): RowBall {
  if (skip && along) {
    const mid = matrix(own.mid.rows, own.mid.cols);
    combine(own.mid.data, 1, along.mid.data, mid.data);
    const norms = rowNorms(mid).upper;
    const errors = norms.map((size, i) => addUp(addUp(own.errors[i], along.errors[i]), mulUp(UNIT_ROUNDOFF, size)));
    return { mid, norms, errors };
  }
  return own.mid.cols === cols ? own : cut(own, cols);
}

/** Rows cut into pieces of `cols` entries; a piece is off by no more than its row. */
function cut({ mid, errors }: RowBall, cols: number): RowBall {
  const each = mid.cols / cols;
  const pieces = matrix(mid.rows * each, cols, mid.data);
  return { mid: pieces, norms: rowNorms(pieces).upper, errors: rowsRepeated(errors, each) };
}

function rowsRepeated(values: Float64Array, times: number): Float64Array {
  return Float64Array.from({ length: values.length * times }, (_, k) => values[Math.floor(k / times)]);
}

/** ≥ ‖q_ℓ(x_i)‖_∞ over all positions. */
function largestOfSamples(largest: Float64Array, errors: Float64Array, samples: number): Float64Array {
  const out = new Float64Array(samples);
  const each = largest.length / samples;
  for (const [k, most] of largest.entries()) {
    const i = Math.floor(k / each);
    out[i] = Math.max(out[i], addUp(most, errors[k]));
  }
  return out;
}

/** ‖row‖ of the exact matrix, from above. */
export function exactNorms({ norms, errors }: RowBall): Float64Array {
  return norms.map((size, i) => addUp(size, errors[i]));
}

/** ‖mid − exact‖_F from above. */
export function frobeniusError({ errors }: RowBall): number {
  return norm(errors).upper;
}

/** e = u − y as fl(û − y): the errors of û and of the subtraction, by sample. */
export function residualRows(outputs: RowBall, y: Float64Array): RowBall {
  const data = outputs.mid.data.map((u, i) => u - y[i]);
  const norms = data.map(Math.abs);
  const errors = outputs.errors.map((e, i) => addUp(e, mulUp(UNIT_ROUNDOFF, norms[i])));
  return { mid: matrix(y.length, 1, data), norms, errors };
}

/** A column of numbers with errors as one vector with a radius. */
export function ballOfColumn({ mid, errors }: RowBall): VectorBall {
  return { mid: mid.data, radius: norm(errors).upper };
}

/** ‖v‖ for every v in the ball. */
export function ballNorm({ mid, radius }: VectorBall): Interval {
  const size = norm(mid);
  return { lower: Math.max(0, subDown(size.lower, radius)), upper: addUp(size.upper, radius) };
}

/** Of a two-layer ReLU network: what its layers compute. ReLU is exact and no entry is moved farther by it. */
export async function provedRelu(
  network: Network,
  weights: Weights,
  inputs: RowBall,
  backend: Backend,
  products: Products = "plain",
): Promise<{ readonly z: RowBall; readonly outputs: RowBall }> {
  const [hidden, output] = network.layers;
  const layer = ({ weight, scale, bias }: Layer, input: RowBall) => {
    const size = frobenius(weights[weight]).upper;
    const norms = { spectral: size, frobenius: size };
    return affine(input, weights[weight], norms, scale, bias ? weights[bias].data : undefined, backend, products);
  };
  const z = await layer(hidden, inputs);
  const mid = matrix(
    z.mid.rows,
    z.mid.cols,
    z.mid.data.map((value) => Math.max(value, 0)),
  );
  return { z, outputs: await layer(output, { mid, norms: rowNorms(mid).upper, errors: z.errors }) };
}
