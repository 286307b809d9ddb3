import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import { backward } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import { layerInput, type Network, positionsOf, type Weights } from "../network/network.ts";
import { addTensor, type TangentFeatures, type TensorFeatures } from "../network/tangent-tensors.ts";
import type { BlockSource } from "./blocks.ts";
import { checkRows } from "./infinite.ts";

/** The features of a network at `weights` for the rows of x: one forward and one backward pass. */
export async function networkFeatures(
  network: Network,
  weights: Weights,
  x: Matrix,
  backend: Backend,
): Promise<TangentFeatures> {
  checkRows(x, "x");
  const pass = await forward(network, weights, x, backend);
  const cotangents = await backward(network, weights, pass, backend);
  const tensors: TensorFeatures[] = [];
  for (const [i, layer] of network.layers.entries()) {
    const g = i === network.layers.length - 1 ? {} : { g: cotangents[i] };
    const positions = positionsOf(layer);
    const h = layerInput(network, i, x, pass);
    if (layer.trainsWeight) tensors.push({ name: layer.weight, positions, h: scaled(h, layer.scale), ...g });
    if (layer.trainsBias && layer.bias !== undefined) tensors.push({ name: layer.bias, positions, ...g });
  }
  return { samples: x.rows, outputs: pass.outputs, tensors };
}

function scaled(x: Matrix, factor: number): Matrix {
  return factor === 1 ? x : { rows: x.rows, cols: x.cols, data: x.data.map((value) => factor * value) };
}

/** The empirical kernel K(x_i, z_j), block by block; without `right` of x with itself. `tensor` keeps the part of one tensor (G^(h)). */
export function empiricalKernel(
  left: TangentFeatures,
  backend: Backend,
  right: TangentFeatures = left,
  tensor?: string,
): BlockSource {
  const chosen = left.tensors.map((_, t) => t).filter((t) => tensor === undefined || left.tensors[t].name === tensor);
  if (chosen.length === 0) {
    throw new SurefootError(
      "argument",
      `no trained tensor ${tensor}; there are ${left.tensors.map(({ name }) => name).join(", ")}`,
    );
  }
  return {
    rows: left.samples,
    cols: right.samples,
    symmetric: left === right,
    backend,
    block: async (range) => {
      const out = matrix(range.i1 - range.i0, range.j1 - range.j0);
      for (const t of chosen) await addTensor(left.tensors[t], right.tensors[t], range, out, backend);
      return out;
    },
  };
}

/**
 * K(x, z)·v without K: per tensor M = Σ_j v_j Σ_r g_jr h_jrᵀ (its gradient of v·u), then (Kv)_i = Σ_l g_il·(M h_il). v has `right.samples`
 * entries. Cost 4·n·positions·(size of the tensor), memory one gradient.
 */
export async function kernelTimesVector(
  left: TangentFeatures,
  v: Float64Array,
  backend: Backend,
  right: TangentFeatures = left,
): Promise<Float64Array> {
  if (v.length !== right.samples) {
    throw new SurefootError(
      "argument",
      `a kernel of ${right.samples} columns cannot be applied to ${v.length} entries`,
    );
  }
  const out = new Float64Array(left.samples);
  for (const [t, { positions: p, h, g }] of right.tensors.entries()) {
    const ones = matrix(right.samples * p, 1);
    ones.data.fill(1);
    const m = await backend.gemm(weighted(g ?? ones, v, p), h ?? ones, { transposeA: true });
    const [leftH, leftG] = [left.tensors[t].h, left.tensors[t].g];
    const through = leftH ? await backend.gemm(leftH, m, { transposeB: true }) : undefined;
    for (let a = 0; a < left.samples * p; a++) {
      let sum = 0;
      for (let c = 0; c < m.rows; c++) {
        sum += (leftG ? leftG.data[a * m.rows + c] : 1) * (through ? through.data[a * m.rows + c] : m.data[c]);
      }
      out[Math.floor(a / p)] += sum;
    }
  }
  return out;
}

/** Row (i, l) times v_i. */
function weighted(g: Matrix, v: Float64Array, positions: number): Matrix {
  const out = matrix(g.rows, g.cols);
  for (let a = 0; a < g.rows; a++) {
    const factor = v[Math.floor(a / positions)];
    for (let c = a * g.cols; c < (a + 1) * g.cols; c++) out.data[c] = factor * g.data[c];
  }
  return out;
}
