/** Gram matrices and tangent kernels with a proved distance from the exact ones: docs/proof.md, section 8. */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { addUp, divUp, mulUp, sqrtUp } from "../interval/directed.ts";
import { gamma, LEAST_POSITIVE, sumUpper } from "../interval/error-bounds.ts";
import { greatestEigenvalue } from "../interval/extreme-eigenvalues.ts";
import { symmetricInfinityNorm } from "../interval/symmetric-residual.ts";
import { type Network, positionsOf } from "../network/network.ts";
import { tangentKernel } from "../network/tangent-kernel.ts";
import { addTensor } from "../network/tangent-tensors.ts";
import type { MatrixBall } from "./evidence.ts";
import { exactRows, type ProvedBackward, type ProvedForward, type RowBall } from "./proved-pass.ts";

/**
 * For the computed Gram matrix of `rows` (inner dimension k): numbers N_i ≥ ‖row_i‖ and δ with |error_ij| ≤ δN_iN_j against the
 * Gram matrix of the exact rows, δ = γ_k + 2ε + ε², ε = max (error of row i)/N_i. Short rows get a larger N_i so that ε stays small.
 */
function relativeGram(rows: RowBall, k: number): { readonly sizes: Float64Array; readonly delta: number } {
  const floor = mulUp(sumUpper(rows.norms) / rows.norms.length, 1e-3);
  const sizes = rows.norms.map((size, i) => Math.max(size, floor, rows.errors[i]));
  let epsilon = 0;
  for (let i = 0; i < sizes.length; i++) {
    if (rows.errors[i] !== 0) epsilon = Math.max(epsilon, divUp(rows.errors[i], sizes[i]));
  }
  const moved = addUp(mulUp(2, epsilon), mulUp(epsilon, epsilon));
  return { sizes, delta: addUp(gamma(k), moved) };
}

const UNIT = { delta: 0, size: () => 1 };

/**
 * K = Σ over trained tensors, as `tangentKernel` computes it from the floating-point passes, and ≥ ‖K̂ − K‖₂: entry (i, j) of a
 * term s²(h_i·h_j)(g_i·g_j) is off by at most τ·a_i·a_j, a_i = s‖h_i‖‖g_i‖, a rank-one matrix of norm τΣa_i². With p positions to a sample
 * there are p² such terms in an entry, and a_i is the sum over the positions.
 */
export async function provedKernel(
  network: Network,
  x: Matrix,
  pass: ProvedForward,
  back: ProvedBackward,
  backend: Backend,
): Promise<MatrixBall> {
  const plain = {
    h: pass.h.map(({ mid }) => mid),
    patches: network.layers.map(({ patches }, l) => (patches ? pass.inputs[l].mid : undefined)),
  };
  const cotangents = back.g.map(({ mid }) => mid);
  const mid = await tangentKernel(network, x, plain, cotangents, backend);
  const n = x.rows;
  const last = network.layers.length - 1;
  let radius = 0;
  for (const [l, layer] of network.layers.entries()) {
    const g = l === last ? undefined : relativeGram(back.g[l], layer.rows);
    const gSide = g ? { delta: g.delta, size: (i: number) => g.sizes[i] } : UNIT;
    const h = relativeGram(pass.inputs[l], layer.cols);
    const positions = positionsOf(layer);
    // Products with s² and between the factors, and the sum over at most 2L tensors and the pairs of positions.
    const own = gamma(2 * network.layers.length + 8 + positions * positions);
    if (layer.trainsWeight) {
      const hSide = { delta: h.delta, size: (i: number) => h.sizes[i] };
      const size = mulUp(layer.scale, layer.scale);
      radius = addUp(radius, termRadius(hSide, gSide, size, layer.cols + layer.rows, own, n, positions));
    }
    if (layer.trainsBias) radius = addUp(radius, termRadius(UNIT, gSide, 1, layer.rows, own, n, positions));
  }
  return { mid, radius };
}

interface Side {
  readonly delta: number;
  size(i: number): number;
}

/** Of s²(P∘Q), summed over the pairs of positions of each entry, with |P̂_ij − P_ij| ≤ δ_P p_ip_j, |P_ij| ≤ (1 + δ_P)p_ip_j and the same for Q; `own` relative for later roundings. */
function termRadius(
  p: Side,
  q: Side,
  scaleSquared: number,
  k: number,
  own: number,
  n: number,
  positions: number,
): number {
  const products = new Float64Array(n);
  let largest = 1;
  for (let i = 0; i < n; i++) {
    let a = 0;
    for (let row = i * positions; row < (i + 1) * positions; row++) {
      a = addUp(a, mulUp(p.size(row), q.size(row)));
      largest = Math.max(largest, p.size(row), q.size(row));
    }
    products[i] = mulUp(a, a);
  }
  const one = (delta: number) => addUp(1, delta);
  const moved = addUp(mulUp(one(p.delta), q.delta), mulUp(one(q.delta), p.delta));
  const rounded = mulUp(own, mulUp(one(p.delta), one(q.delta)));
  const relative = mulUp(scaleSquared, mulUp(addUp(moved, mulUp(rounded, one(moved))), sumUpper(products)));
  const size = mulUp(largest, largest);
  const terms = mulUp(n, mulUp(positions, positions));
  const underflow = mulUp(mulUp(terms, k + 8), mulUp(mulUp(addUp(1, scaleSquared), addUp(1, size)), LEAST_POSITIVE));
  return addUp(relative, underflow);
}

/** √λ_max of the n × n matrix of Σ_{l,r} (p_il·p_jr)² over the patches p of the first layer, from above. */
export async function patchesNormOf(patches: RowBall, positions: number, backend: Backend): Promise<number> {
  const n = patches.mid.rows / positions;
  const mid = matrix(n, n);
  const features = { name: "", positions, h: patches.mid, g: patches.mid };
  await addTensor(features, features, { i0: 0, i1: n, j0: 0, j1: n }, mid, backend);
  const { sizes, delta } = relativeGram(patches, patches.mid.cols);
  const side = { delta, size: (row: number) => sizes[row] };
  const own = gamma(8 + positions * positions);
  const radius = termRadius(side, side, 1, 2 * patches.mid.cols, own, n, positions);
  const bound = await greatestEigenvalue(backend, mid, { radius });
  return sqrtUp(bound.status === "proved" ? bound.upper : addUp(symmetricInfinityNorm(mid), radius));
}

/**
 * G̃ = [W1]·s₁²XXᵀ + [b1]·11ᵀ as a ball. Entry error ≤ γ_{d+6}(s₁²‖x_i‖‖x_j‖ + [b1]), a sum of two rank-one matrices.
 */
export async function provedGram(network: Network, x: Matrix, backend: Backend): Promise<MatrixBall> {
  const { scale, trainsWeight, trainsBias } = network.layers[0];
  const n = x.rows;
  const mid = trainsWeight ? await backend.syrk(x, { alpha: scale * scale }) : matrix(n, n);
  if (trainsBias) for (let k = 0; k < mid.data.length; k++) mid.data[k] += 1;
  const squared = exactRows(x).norms.map((size) => mulUp(size, size));
  const weightPart = trainsWeight ? mulUp(mulUp(scale, scale), sumUpper(squared)) : 0;
  const underflow = mulUp(mulUp(n, x.cols + 8), mulUp(addUp(2, mulUp(scale, scale)), LEAST_POSITIVE));
  const radius = addUp(mulUp(gamma(x.cols + 6), addUp(weightPart, trainsBias ? n : 0)), trainsWeight ? underflow : 0);
  return { mid, radius };
}

/**
 * √λ_max(G∘G) from above for every G in the ball: entries of G∘G lie between 0 and (|mid| + radius)², so its norm is at most that of
 * the matrix with these entries.
 */
export async function hadamardNormOf({ mid, radius }: MatrixBall, backend: Backend): Promise<number> {
  const n = mid.rows;
  // |mid| + radius is rounded once, its square once: 1 + 16u covers both.
  const widen = 1 + 8 * Number.EPSILON;
  const entries = mid.data.map((g) => {
    const size = Math.abs(g) + radius;
    return size * size * widen + LEAST_POSITIVE;
  });
  const squares = matrix(n, n, entries);
  const bound = await greatestEigenvalue(backend, squares);
  return sqrtUp(bound.status === "proved" ? bound.upper : symmetricInfinityNorm(squares));
}
