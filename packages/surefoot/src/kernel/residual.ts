import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { cSigmaOf, dualOf } from "../activation/dual/index.ts";
import { SurefootError } from "../error.ts";
import type { Range } from "../network/ranges.ts";
import type { ArchitectureSpec, InfiniteKind } from "./architecture-spec.ts";
import { copyDiagonal, mapOnce } from "./fully-connected.ts";
import { gramBlock, type Rows, squaredLengths } from "./gram.ts";
import type { InfiniteNetwork } from "./infinite.ts";

type Spec = Extract<ArchitectureSpec, { kind: "residual" | "convolutional-residual" }>;

/** Per position l the patch around it with its squared lengths, and per layer variances, means b and E[σ]. */
interface Side {
  readonly positions: readonly Rows[];
  /** [layer][position][sample]. */
  readonly variances: readonly (readonly Float64Array[])[];
  /** b^(h−1) before layer h (h ≥ 2): the limit of √m times the mean coordinate of x^(h−1). */
  readonly means: readonly (readonly Float64Array[])[];
  readonly averages: readonly (readonly Float64Array[])[];
}

/**
 * Residual networks of theory/02, with p positions (p = 1: no convolution). The readout has its own weights for every position, so the
 * kernels are traces over positions, and the recursion for K^(h)[l, l] needs K^(h−1)[l + o, l + o] alone: pairs of different positions never
 * enter, and p numbers per pair of samples are carried instead of p². With S = patch sum of K, γ = c_res/H:
 * K ← K + γ(b_i E[σ(v)] + b_j E[σ(u)]) + γ²E[σσ], Θ ← Θ + γ²E[σ'σ'] ∘ (patch sum of Θ + S), from K = c_σE[σσ], Θ = c_σE[σ'σ'] ∘ S.
 * NNGP = tr K, NTK = tr Θ + tr K, K^(H) = tr γ²S ∘ E[σ'σ'].
 */
export function residualKernel(spec: Spec, inputs: number): InfiniteNetwork<Side> {
  const dual = dualOf(spec.activation);
  const cSigma = cSigmaOf(spec.activation);
  const gamma = spec.cRes / spec.depth;
  const { pixels, filter } = spec.kind === "residual" ? { pixels: 1, filter: 1 } : spec;
  if (inputs % pixels !== 0) {
    throw new SurefootError(
      "spec",
      `architecture: ${inputs} inputs are no whole number of channels of ${pixels} pixels`,
    );
  }

  return {
    side: (x) => {
      const positions = Array.from({ length: pixels }, (_, l) => {
        const patch = pixels === 1 && filter === 1 ? x : patchesAt(x, l, pixels, filter);
        return { x: patch, squares: squaredLengths(patch) };
      });
      const variances: Float64Array[][] = [];
      const means: Float64Array[][] = [];
      const averages: Float64Array[][] = [];
      let s = positions.map(({ squares }) => squares);
      let k: Float64Array[] = [];
      let b: Float64Array[] = positions.map(() => new Float64Array(x.rows));
      for (let h = 1; h <= spec.depth; h++) {
        const value = s.map((row) => mapOnce(row, (a) => dual.value(a, a, a)));
        const average = s.map((row) => mapOnce(row, dual.mean));
        variances.push(s);
        means.push(b);
        averages.push(average);
        if (h === 1) k = value.map((row) => row.map((e) => cSigma * e));
        else
          k = k.map((row, l) =>
            row.map((old, i) => grown(old, b[l][i], average[l][i], b[l][i], average[l][i], value[l][i], gamma)),
          );
        const factor = h === 1 ? Math.sqrt(cSigma) : gamma;
        b = b.map((row, l) => row.map((old, i) => old + factor * average[l][i]));
        s = patchSums(k, filter);
      }
      return { positions, variances, means, averages };
    },
    block: async (kind: InfiniteKind, left: Side, right: Side, range: Range, backend: Backend): Promise<Matrix> => {
      const grams: Matrix[] = [];
      for (let l = 0; l < pixels; l++)
        grams.push(await gramBlock(left.positions[l], right.positions[l], range, backend));
      const { rows, cols } = grams[0];
      let s = grams.map(({ data }) => data);
      let k: Float64Array[] = [];
      const theta: Float64Array[] = [];
      for (let h = 1; h <= spec.depth; h++) {
        const top = h === spec.depth && kind === "k-top";
        const thetaSums = kind === "ntk" && h > 1 ? patchSums(theta, filter) : [];
        const nextK: Float64Array[] = [];
        for (let l = 0; l < pixels; l++) {
          const pairs = {
            covariances: { rows, cols, data: s[l] },
            rowVariances: left.variances[h - 1][l].subarray(range.i0, range.i1),
            colVariances: right.variances[h - 1][l].subarray(range.j0, range.j1),
          };
          if (left === right) copyDiagonal(left.variances[h - 1][l], range, s[l], cols);
          const value = new Float64Array(rows * cols);
          const derivative = kind === "ntk" || top ? new Float64Array(rows * cols) : undefined;
          await dual.fill(pairs, { ...(top ? {} : { value }), ...(derivative ? { derivative } : {}) }, backend);
          if (derivative !== undefined) {
            const factor = h === 1 ? cSigma : gamma * gamma;
            const carried = thetaSums[l];
            const before = theta[l];
            for (let e = 0; e < derivative.length; e++) {
              const here = factor * derivative[e] * (s[l][e] + (carried ? carried[e] : 0));
              derivative[e] = before ? before[e] + here : here;
            }
            theta[l] = derivative;
          }
          nextK.push(h === 1 ? value.map((e) => cSigma * e) : step(k[l], value, h, l, left, right, range));
        }
        if (top) return trace([theta], rows, cols);
        k = nextK;
        if (h < spec.depth) s = patchSums(k, filter);
      }
      return trace(kind === "ntk" ? [theta, k] : [k], rows, cols);
    },
  };

  function step(
    k: Float64Array,
    value: Float64Array,
    h: number,
    l: number,
    left: Side,
    right: Side,
    { i0, i1, j0, j1 }: Range,
  ) {
    const [bi, ai] = [left.means[h - 1][l], left.averages[h - 1][l]];
    const [bj, aj] = [right.means[h - 1][l], right.averages[h - 1][l]];
    for (let i = i0, e = 0; i < i1; i++) {
      for (let j = j0; j < j1; j++, e++) value[e] = grown(k[e], bi[i], ai[i], bj[j], aj[j], value[e], gamma);
    }
    return value;
  }
}

/** K + γ(b_i E[σ(v)] + b_j E[σ(u)]) + γ²E[σσ]; each sample's mean goes with the other's activation. */
function grown(k: number, bi: number, ai: number, bj: number, aj: number, value: number, gamma: number): number {
  return k + gamma * (bi * aj + bj * ai) + gamma * gamma * value;
}

/** Σ_o k[l + o] over the pixels of the patch at l that exist. */
function patchSums(k: readonly Float64Array[], filter: number): Float64Array[] {
  return k.map((own, l) => {
    const out = new Float64Array(own.length);
    for (const at of patch(l, k.length, filter)) for (let e = 0; e < out.length; e++) out[e] += k[at][e];
    return out;
  });
}

/** The pixels of the patch at l: (filter − 1)/2 to either side, the odd one on the right. */
export function patch(l: number, pixels: number, filter: number): number[] {
  const first = l - Math.floor((filter - 1) / 2);
  return Array.from({ length: filter }, (_, o) => first + o).filter((at) => at >= 0 && at < pixels);
}

/** The patch of every sample at pixel l: n × (channels · pixels in it). */
function patchesAt(x: Matrix, l: number, pixels: number, filter: number): Matrix {
  const at = patch(l, pixels, filter);
  const channels = x.cols / pixels;
  const out = matrix(x.rows, channels * at.length);
  for (let i = 0, e = 0; i < x.rows; i++) {
    for (let c = 0; c < channels; c++) for (const pixel of at) out.data[e++] = x.data[i * x.cols + c * pixels + pixel];
  }
  return out;
}

function trace(parts: readonly (readonly Float64Array[])[], rows: number, cols: number): Matrix {
  const out = matrix(rows, cols);
  for (const positions of parts)
    for (const block of positions) for (let e = 0; e < block.length; e++) out.data[e] += block[e];
  return out;
}
