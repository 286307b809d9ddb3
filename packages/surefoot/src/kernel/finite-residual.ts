import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { cSigmaOf } from "../activation/dual/index.ts";
import { activationOf } from "../activation/registry.ts";
import { SurefootError } from "../error.ts";
import { activationSpec } from "../spec/activation.ts";
import { parseSpec } from "../spec/parse.ts";
import type { ArchitectureSpec } from "./architecture-spec.ts";
import { checkRows } from "./infinite.ts";
import type { TangentFeatures, TensorFeatures } from "./tangent-features.ts";

type Spec = Extract<ArchitectureSpec, { kind: "residual" | "convolutional-residual" }>;

/** W[h − 1] = W^(h), m × (filter · channels in), columns patch offset by patch offset; `a` is pixels × m. */
export interface ResidualWeights {
  readonly w: readonly Matrix[];
  readonly a: Matrix;
}

/** Standard normal weights of width m: stream h − 1 of the seed for W^(h), stream H for a. */
export async function initialiseResidual(
  spec: Spec,
  inputs: number,
  width: number,
  seed: number,
  backend: Backend,
): Promise<ResidualWeights> {
  const { pixels, filter, channels } = shapeOf(spec, inputs);
  const draw = (stream: number, rows: number, cols: number) =>
    backend.normals({ seed: [seed >>> 0, Math.floor(seed / 2 ** 32)], stream, firstRow: 0, rows, cols });
  const w: Matrix[] = [];
  for (let h = 0; h < spec.depth; h++) w.push(await draw(h, width, filter * (h === 0 ? channels : width)));
  return { w, a: await draw(spec.depth, pixels, width) };
}

/**
 * Outputs and tangents of the finite residual network (theory/02) for the rows of x, to be given to `empiricalKernel`: tensors W1 … WH
 * and a. Memory n · pixels · (filter + 2) · width numbers per layer. Throws `spec` for an activation that only infinite width knows.
 */
export async function residualFeatures(
  spec: Spec,
  weights: ResidualWeights,
  x: Matrix,
  backend: Backend,
): Promise<TangentFeatures> {
  checkRows(x, "x");
  const activation = activationOf(parseSpec(activationSpec, spec.activation, "activation of a finite network"));
  const { pixels: p, filter, channels } = shapeOf(spec, x.cols);
  const { depth } = spec;
  const width = weights.a.cols;
  const scales = weights.w.map((_, h) =>
    h === 0 ? Math.sqrt(cSigmaOf(spec.activation) / width) : spec.cRes / (depth * Math.sqrt(width)),
  );
  const inputs: Matrix[] = [];
  const z: Matrix[] = [];
  const values: Matrix[] = [];
  let state = channelsLast(x, p, channels);
  for (let h = 0; h < depth; h++) {
    inputs.push(patches(state, p, filter));
    z.push(await backend.gemm(inputs[h], weights.w[h], { transposeB: true }));
    const value = matrix(z[h].rows, width);
    await activation.apply(z[h].data, backend, value.data);
    values.push(value);
    const next = matrix(z[h].rows, width);
    for (let k = 0; k < next.data.length; k++) next.data[k] = (h === 0 ? 0 : state.data[k]) + scales[h] * value.data[k];
    state = next;
  }
  const outputs = new Float64Array(x.rows);
  const delta = matrix(x.rows * p, width);
  for (let i = 0; i < x.rows; i++) {
    delta.data.set(weights.a.data, i * p * width);
    for (let k = 0; k < p * width; k++) outputs[i] += weights.a.data[k] * state.data[i * p * width + k];
  }
  const tensors: TensorFeatures[] = [
    { name: "a", positions: 1, h: { rows: x.rows, cols: p * width, data: state.data } },
  ];
  for (let h = depth - 1; h >= 0; h--) {
    const g = matrix(delta.rows, width);
    activation.timesDerivative(
      z[h].data,
      values[h].data,
      delta.data.map((d) => scales[h] * d),
      g.data,
    );
    tensors.unshift({ name: `W${h + 1}`, positions: p, h: inputs[h], g });
    if (h > 0) unfold(await backend.gemm(g, weights.w[h]), p, filter, delta);
  }
  return { samples: x.rows, outputs, tensors };
}

function shapeOf(spec: Spec, inputs: number) {
  const { pixels, filter } = spec.kind === "residual" ? { pixels: 1, filter: 1 } : spec;
  if (inputs % pixels !== 0) {
    throw new SurefootError(
      "spec",
      `architecture: ${inputs} inputs are no whole number of channels of ${pixels} pixels`,
    );
  }
  return { pixels, filter, channels: inputs / pixels };
}

/** Rows of channels × pixels become n·pixels rows of channels. */
function channelsLast(x: Matrix, pixels: number, channels: number): Matrix {
  const out = matrix(x.rows * pixels, channels);
  for (let i = 0; i < x.rows; i++) {
    for (let l = 0; l < pixels; l++) {
      for (let c = 0; c < channels; c++)
        out.data[(i * pixels + l) * channels + c] = x.data[i * x.cols + c * pixels + l];
    }
  }
  return out;
}

/** Row (i, l) becomes the patch at l: the rows (i, l − ⌊(filter − 1)/2⌋ + o) side by side, zeros beyond the border. */
function patches(state: Matrix, pixels: number, filter: number): Matrix {
  if (filter === 1) return state;
  const out = matrix(state.rows, filter * state.cols);
  eachNeighbour(state.rows, pixels, filter, (row, o, from) => {
    out.data.set(state.data.subarray(from * state.cols, (from + 1) * state.cols), row * out.cols + o * state.cols);
  });
  return out;
}

/** The transpose of `patches`, added to `delta`. */
function unfold(back: Matrix, pixels: number, filter: number, delta: Matrix): void {
  const { cols } = delta;
  eachNeighbour(delta.rows, pixels, filter, (row, o, to) => {
    for (let c = 0; c < cols; c++) delta.data[to * cols + c] += back.data[row * back.cols + o * cols + c];
  });
}

function eachNeighbour(
  rows: number,
  pixels: number,
  filter: number,
  visit: (row: number, o: number, at: number) => void,
): void {
  for (let row = 0; row < rows; row++) {
    const l = row % pixels;
    for (let o = 0; o < filter; o++) {
      const at = l - Math.floor((filter - 1) / 2) + o;
      if (at >= 0 && at < pixels) visit(row, o, row - l + at);
    }
  }
}
