import type { Backend, Matrix } from "@surefoot/linalg";
import { cSigmaOf, dualOf } from "../activation/dual/index.ts";
import type { Range } from "../network/ranges.ts";
import type { ArchitectureSpec, InfiniteKind } from "./architecture-spec.ts";
import { gramBlock, type Rows, squaredLengths } from "./gram.ts";
import type { InfiniteNetwork } from "./infinite.ts";
import { apart, inside, type Layers, piecewiseBlock, type Target } from "./piecewise-block.ts";
import { createScratch } from "./scratch.ts";

type Spec = Extract<ArchitectureSpec, { kind: "fully-connected" }>;

/** What `Backend.piecewiseLinear` calls them. */
const PARTS = { nngp: "covariance", ntk: "tangent", "k-top": "top" } as const;

/** Rows with (S_h)_ii for h = 1 … H, the variances of the pre-activations. */
interface Side extends Rows {
  readonly variances: readonly Float64Array[];
}

/**
 * The recursion of theory/02 for pre-activations z^(h) = w_h W x^(h−1) + β b: S_h = w_h² Q_{h−1} + β², Q_h = E[σσ] under S_h, starting at
 * Q_0 = XXᵀ (or XXᵀ/d), and Θ_h = w_h² (Θ_{h−1} ∘ E[σ'σ']) + S_h. NNGP = S_{H+1}, NTK = Θ_{H+1}, and the part of W^(H) alone is
 * K^(H) = w_H² Q_{H−1} ∘ w_{H+1}² E[σ'σ'].
 */
export function fullyConnectedKernel(spec: Spec, inputs: number): InfiniteNetwork<Side> {
  const dual = dualOf(spec.activation);
  const { weightStd } = spec;
  const later = weightStd === undefined ? cSigmaOf(spec.activation) : weightStd * weightStd;
  const gain = weightStd === undefined ? 1 : later / inputs;
  const bias = spec.biasStd * spec.biasStd;
  const scratch = createScratch();

  const { slope } = dual;
  const piecewise =
    slope === undefined
      ? undefined
      : (kind: InfiniteKind, left: Side, right: Side, range: Range, backend: Backend, target: Target) => {
          const layers: Layers = {
            part: PARTS[kind],
            slope,
            weight: later,
            bias,
            gain,
            shift: bias,
            squaredRows: left.variances.map((variances) => variances.subarray(range.i0, range.i1)),
            squaredCols: right.variances.map((variances) => variances.subarray(range.j0, range.j1)),
          };
          return piecewiseBlock([left, right], range, layers, backend, scratch, target);
        };

  return {
    side: (x) => {
      const squares = squaredLengths(x);
      const variances: Float64Array[] = [];
      let s: Float64Array = squares.map((square) => gain * square + bias);
      for (let h = 1; h <= spec.depth; h++) {
        variances.push(s);
        s = mapOnce(s, (a) => later * dual.value(a, a, a) + bias);
      }
      return { x, squares, variances };
    },
    block: async (
      kind: InfiniteKind,
      left: Side,
      right: Side,
      range: Range,
      backend: Backend,
      space,
    ): Promise<Matrix> => {
      if (piecewise) {
        const { block, target } = apart(range, space);
        await piecewise(kind, left, right, range, backend, target);
        return block;
      }
      const gram = await gramBlock(left, right, range, backend, space);
      const { rows, cols, data: s } = gram;
      const size = rows * cols;
      const value = scratch.take(size);
      const derivative = scratch.take(size);
      const theta = kind === "ntk" ? { rows, cols, data: new Float64Array(size) } : undefined;
      for (let k = 0; k < size; k++) s[k] = gain * s[k] + bias;
      theta?.data.set(s);
      for (let h = 1; h <= spec.depth; h++) {
        if (left === right) copyDiagonal(left.variances[h - 1], range, s, cols);
        const pairs = {
          covariances: gram,
          rowVariances: left.variances[h - 1].subarray(range.i0, range.i1),
          colVariances: right.variances[h - 1].subarray(range.j0, range.j1),
        };
        const top = kind === "k-top" && h === spec.depth;
        await dual.fill(pairs, { ...(top ? {} : { value }), ...(top || theta ? { derivative } : {}) }, backend);
        if (top) for (let k = 0; k < size; k++) s[k] = (s[k] - bias) * (later * derivative[k]);
        else if (theta) advance(s, theta.data, value, derivative, later, bias);
        else for (let k = 0; k < size; k++) s[k] = later * value[k] + bias;
      }
      scratch.give(value, derivative);
      return theta ?? gram;
    },
    ...(piecewise
      ? {
          into: (kind: InfiniteKind, left: Side, right: Side, range: Range, backend: Backend, whole: Matrix) =>
            piecewise(kind, left, right, range, backend, inside(whole, range, left === right)),
        }
      : {}),
  };
}

/** S ← wE[σσ] + β, Θ ← Θ ∘ wE[σ'σ'] + S. */
function advance(
  s: Float64Array,
  theta: Float64Array,
  value: Float64Array,
  derivative: Float64Array,
  w: number,
  beta: number,
): void {
  for (let k = 0; k < s.length; k++) {
    const next = w * value[k] + beta;
    theta[k] = theta[k] * (w * derivative[k]) + next;
    s[k] = next;
  }
}

/** f of every entry, evaluated once for entries in a row that are equal (rows of one length). */
export function mapOnce(x: Float64Array, f: (a: number) => number): Float64Array {
  const out = new Float64Array(x.length);
  for (let i = 0; i < x.length; i++) out[i] = i > 0 && x[i] === x[i - 1] ? out[i - 1] : f(x[i]);
  return out;
}

/** Writes a diagonal into the block of a range that crosses it: the pairs (i, i) have correlation 1 to the last bit. */
export function copyDiagonal(
  diagonal: Float64Array,
  { i0, i1, j0, j1 }: Range,
  block: Float64Array,
  cols: number,
): void {
  for (let i = Math.max(i0, j0); i < Math.min(i1, j1); i++) block[(i - i0) * cols + (i - j0)] = diagonal[i];
}
