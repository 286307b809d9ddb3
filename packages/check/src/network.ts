/**
 * Networks z_ℓ = s_ℓ W_ℓ P_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = [h_{ℓ−1} where there is a skip] + t_ℓ σ(z_ℓ): both passes, the kernel, and the norms that S1 and S3
 * rest on. P_ℓ takes patches of `filter` of the `pixels` of a sample (filter 0: none, P_ℓ = 1, one pixel).
 */
import { activationOf } from "./activation.ts";
import {
  type Ball,
  each,
  exact,
  gram,
  hadamard,
  largest,
  magnitudes,
  norm,
  plus,
  product,
  sizes,
  transpose,
} from "./balls.ts";
import { down, raise, sqrtUp, U } from "./directed.ts";
import { eigenvalue, spectralNorm } from "./eigenvalues.ts";
import { atMost, type Json, number, numbers, reject } from "./reading.ts";

/** x: n × d, row by row. */
export type CheckData = { readonly x: Float64Array; readonly n: number; readonly d: number; readonly y: Float64Array };
/** How a layer differs from a plain one: t_ℓ, the skip, and its patches. */
type Shape = { gain: number; skip: boolean; pixels: number; filter: number };
/** `bias` is empty without one. */
export type Layer = Shape & { scale: number; weight: Ball; bias: Float64Array } & {
  trainsWeight: boolean;
  trainsBias: boolean;
};
/** A certificate with the data and weights that it is about; `step` is the step size for the loss ½‖e‖². */
export type Problem = CheckData & { layers: Layer[]; file: Json; step: { lower: number; upper: number } };

/** Whether all layers are plain ones: h_ℓ = σ(z_ℓ), P_ℓ = 1. */
export const isPlain = (layers: Layer[]): boolean =>
  layers.every(({ gain, skip, filter }) => gain === 1 && !skip && filter === 0);

/** The same entries in rows of another length: of h_ℓ, whose row has the pixels of a sample side by side, a row for each pixel. */
const rowsOf = (a: Ball, cols: number): Ball => ({ ...a, rows: a.mid.length / cols, cols });

/** W_ℓP_ℓ as one matrix, from all pixels of a sample to all pixels. */
function whole({ weight, pixels, filter }: Layer): Ball {
  if (filter === 0) return weight;
  const [{ rows, cols, mid }, channels] = [weight, weight.cols / filter];
  return each(pixels * rows, pixels * channels, (k) => {
    const [to, from] = [Math.floor(k / (pixels * channels)), k % (pixels * channels)];
    const o = Math.floor(from / channels) - Math.floor(to / rows) + Math.floor((filter - 1) / 2);
    return [o >= 0 && o < filter ? mid[(to % rows) * cols + o * channels + (from % channels)] : 0, 0];
  });
}

/** P_ℓh, a row for each pixel. */
function patches({ weight: { cols }, pixels, filter }: Layer, h: Ball): Ball {
  if (filter === 0) return h;
  const channels = cols / filter;
  return each(h.rows * pixels, cols, (k) => {
    const [row, o] = [Math.floor(k / cols), Math.floor((k % cols) / channels)];
    const q = (row % pixels) + o - Math.floor((filter - 1) / 2);
    const from = Math.floor(row / pixels) * h.cols + q * channels + (k % channels);
    return q >= 0 && q < pixels ? [h.mid[from], h.rad[from]] : [0, 0];
  });
}

/** n × n: the sums over all pairs of pixels of two samples. */
function overPixels(a: Ball, n: number): Ball {
  const ones = each(n, a.rows, (k) => [Number(Math.floor((k % a.rows) / (a.rows / n)) === Math.floor(k / a.rows)), 0]);
  return a.rows === n ? a : product(product(ones, a), ones);
}

/** z_ℓ on every row of h_{ℓ−1}. */
export function dense(layer: Layer, h: Ball): Ball {
  const z = product(h, whole(layer));
  return plus(
    layer.scale,
    z,
    each(z.rows, z.cols, (k) => [layer.bias[k % layer.weight.rows] ?? 0, 0]),
  );
}

/** The rows (s_ℓh_{ℓ−1} if W_ℓ is trained, 1 if b_ℓ is): what the layer's own parameters move z_ℓ by. Of the data this is X̃. */
export const own = ({ scale, trainsWeight, trainsBias }: Layer, h: Ball): Ball =>
  each(h.rows, h.cols + 1, (k) => {
    const [row, column] = [Math.floor(k / (h.cols + 1)), k % (h.cols + 1)];
    if (column === h.cols || !trainsWeight) return [Number(column === h.cols && trainsBias), 0];
    const [value, radius] = [h.mid, h.rad].map((v) => scale * v[row * h.cols + column]);
    return [value, raise(radius + 2 * U * Math.abs(value), 4)];
  });

/** u − y for outputs u, and the certificate's bound of its norm if it is one. */
export function residualOf({ n, y, file }: Problem, u: Ball): { e: Ball; residual: number } {
  const residual = number(file.constants.residualNorm);
  const e = plus(-1, exact(n, 1, y), u);
  atMost(norm(magnitudes(e)), residual, "residual", "‖e₀‖ ≤ its constant");
  return { e, residual };
}

/**
 * Of a network with a smooth activation: ‖h_{ℓ−1}‖ and ‖g_ℓ‖ (g = ∂f/∂z), in `one` the largest of a single sample (over its pixels), in `all` spectral norms over all samples,
 * with those of X̃ in `first`; `back` ≥ ‖q_ℓ‖_∞ (q = ∂f/∂h); ‖W_ℓ‖₂; √λ_max(G̃∘G̃); ‖σ(z_·r)‖ of the first layer's neurons.
 */
export function measure(at: Problem) {
  const { n, layers, file } = at;
  const { kind, slope: parameter } = file.network.activation;
  const activation = activationOf(String(kind), parameter === undefined ? 0 : number(parameter));
  if (!activation) return reject("smooth activation", `S1 and S3 do not cover ${kind}`);
  const around = (z: Ball, side: 0 | 1, lipschitz: number): Ball =>
    each(z.rows, z.cols, (k) => {
      const error = lipschitz * z.rad[k] + activation.error * (1 + Math.abs(z.mid[k]));
      return [activation.at(z.mid[k])[side], raise(error, 6)];
    });
  const [channels, width] = [at.d / layers[0].pixels, layers[0].pixels]; // x has all pixels of the first channel, then of the second
  const place = (c: number) => (c % channels) * width + Math.floor(c / channels);
  const states = [each(n, at.d, (k) => [at.x[k - (k % at.d) + place(k % at.d)], 0])];
  const [zs, slopes] = [[] as Ball[], [] as Ball[]];
  for (const [l, layer] of layers.entries()) {
    zs.push(dense(layer, states[l]));
    slopes.push(around(zs[l], 1, activation.curvature));
    states.push(plus(layer.gain, around(zs[l], 0, activation.slope), layer.skip ? states[l] : undefined));
  }
  const { residual } = residualOf(at, zs[layers.length - 1]);

  const [gradients, back] = [[each(n, 1, () => [1, 0])], [0]]; // from the last layer to the first
  let q: Ball | undefined;
  for (let l = layers.length - 1; l > 0; l--) {
    const pulled = product(gradients[0], transpose(whole(layers[l])));
    q = plus(layers[l].scale, pulled, layers[l].skip ? q : undefined);
    back.unshift(largest(magnitudes(q)));
    gradients.unshift(plus(layers[l - 1].gain, hadamard(q, slopes[l - 1])));
  }
  const inputs = layers.map((layer, l) => patches(layer, states[l]));
  const cotangents = layers.map(({ weight }, l) => rowsOf(gradients[l], weight.rows));
  const owns = layers.map((layer, l) => gram(own(layer, inputs[l])));
  const kernel = owns
    .map((g, l) => overPixels(hadamard(g, gram(cotangents[l])), n))
    .reduce((sum, term) => plus(1, sum, term));

  const [claimed, above] = [file.witness.norms, layers.slice(1).map(({ weight }) => weight)];
  const stacked = (all: Ball[], bounds: Json, name: string) =>
    numbers(bounds, all.length).map((bound, k) => spectralNorm(all[k], bound, `${name}${k}`));
  const longest = (all: Ball[]) => all.map((a) => largest(sizes(rowsOf(a, a.mid.length / n))));
  const [first, root] = [own(layers[0], inputs[0]), number(claimed.hadamard)];
  eigenvalue(overPixels(hadamard(owns[0], owns[0]), n), down(root * root), -1, "norms", "λ_max(G̃∘G̃)");
  return {
    ...{ n, layers, residual, activation, back, samples: owns[0], kernel },
    lambdaMax: eigenvalue(kernel, number(file.constants.lambdaMax), -1, "kernel", "λ_max(K)"),
    hadamard: root,
    spread: layers.map(({ filter, pixels }) => (filter === 0 ? 1 : sqrtUp(Math.min(filter, pixels)))), // ≥ ‖P_ℓ‖
    spectral: [0, ...stacked(above, claimed.weights, "W")], // no formula reads ‖W_1‖
    one: { inputs: longest(inputs), gradients: longest(gradients), first: longest([first])[0], unit: 1 },
    all: {
      inputs: stacked(inputs, claimed.inputs, "H"),
      gradients: stacked(cotangents, claimed.gradients, "G"),
      first: spectralNorm(first, number(claimed.data), "X̃"),
      unit: sqrtUp(n),
    },
    features: sizes(transpose(states[1])),
  };
}
export type Norms = ReturnType<typeof measure>;
