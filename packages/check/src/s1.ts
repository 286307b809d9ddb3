/** Theorem S1 (docs/certificates.md): every hypothesis from the data and weights themselves, the path as the certificate cuts it. */
import { type Activation, activationOf } from "./activation.ts";
import {
  type Ball,
  combine,
  definite,
  dense,
  gram,
  hadamard,
  norm,
  provable,
  type Rows,
  rows,
  transpose,
} from "./balls.ts";
import { down, raise, sqrtDown, sqrtUp, U, up } from "./directed.ts";
import { atMost, type Fields, Rejection } from "./fields.ts";
import { type Norms, perNeuron, recursion, stacked, twoLayer } from "./kappa.ts";
import type { Problem } from "./problem.ts";

export function checkS1(at: Problem): void {
  const { constants, witness, step } = at;
  const activation = activationOf(at.activation, at.activationSlope);
  if (!activation) throw new Rejection("smooth activation", `S1 does not cover ${at.activation}`);
  const lambda = constants.number("lambdaMin");
  const residual = constants.number("residualNorm");
  const norms = measure(at, activation, lambda, residual);

  const share = witness.number("share");
  const sigma = sqrtDown(lambda);
  if (!(share > 0 && share <= 1)) throw new Rejection("step size", `the share ${share} is not in (0, 1]`);
  const start = down(share * sigma);
  const { area, end } = walk(norms, witness, start, residual);
  atMost(constants.number("margin"), down(area / residual), "residual", "margin ≤ ∫₀^r M/‖e₀‖");
  if (!end)
    throw new Rejection("residual", `‖e₀‖ < ∫₀^r M does not hold: ${residual} against ${area}`, residual - area);

  const reach = up(sqrtUp(constants.number("lambdaMax")) + up(start - end.mu));
  const top = Math.max(1, up(step.upper * up(reach * reach)));
  const low = up(step.upper * lambda);
  if (share === 1) atMost(top, 1, "step size", "η ≤ 1/(σ₁ + σ₀ − μ*)²");
  else {
    atMost(up(low + top), 2 - 4 * U, "step size", "η(λ_min + (σ₁ + ∫₀^ℓ* κ)²) < 2");
    const left = up(up(share * share) * up(1 - down(low * top)));
    atMost(left, down(top * down(down(2 - low) - top)), "step size", "ρ²(1 − t₀t₁) ≤ t₁(2 − t₀ − t₁)");
  }
  atMost(constants.number("mu"), end.mu, "rate", "μ* ≤ M(ℓ*)");
  atMost(end.kappa, constants.number("kappa"), "rate", "κ at ℓ* ≤ its constant");
  atMost(end.length, constants.number("radius"), "radius", "ℓ* ≤ radius");
  const gain = down(down(step.lower * end.mu) * down(end.mu + down(sigma - start)));
  atMost(up(1 - Math.max(0, gain)), constants.number("contraction"), "rate", "1 − η·μ*·(μ* + (1 − ρ)σ₀) ≤ contraction");
}

/** Forward and backward pass, kernel, eigenvalues, residual and all norms that κ needs. */
function measure(at: Problem, activation: Activation, lambda: number, residual: number): Norms {
  const { n, layers } = at;
  const depth = layers.length;
  const claimed = at.witness.object("norms");
  const spectral = claimed.numbers("weights");
  if (spectral.length !== depth) throw new Rejection("file", "witness.norms.weights: one number per layer is needed");
  for (const [l, { weight, rows: m, cols: k }] of layers.entries()) {
    if (l > 0) boundNorm(m < k ? rows(m, k, weight) : rows(k, m, transpose(weight, m, k)), spectral[l], `‖W${l + 1}‖₂`);
  }
  const inputs: Rows[] = [rows(n, at.d, at.x)];
  const bends: Bend[] = [];
  for (const [l, { weight, bias, rows: m, scale }] of layers.entries()) {
    const z = dense(inputs[l], weight, m, scale, bias, l === 0 ? 0 : spectral[l]);
    if (l === depth - 1) inputs.push(z);
    else {
      const { h, bend } = activate(z, activation);
      inputs.push(h);
      bends.push(bend);
    }
  }
  const outputs = inputs[depth];
  const gaps = outputs.mid.map((u, i) => raise(Math.abs(u - at.y[i]) + outputs.rad[i], 4));
  atMost(norm(gaps), residual, "residual", "‖e₀‖ ≤ its constant");

  const gradients: Rows[] = [];
  const back: Float64Array[] = [];
  gradients[depth - 1] = rows(n, 1, new Float64Array(n).fill(1));
  for (let l = depth - 2; l >= 0; l--) {
    const { weight, rows: m, cols: k, scale } = layers[l + 1];
    const q = dense(gradients[l + 1], transpose(weight, m, k), k, scale, new Float64Array(0), spectral[l + 1]);
    back[l] = q.rad.map((r, i) =>
      up(q.mid.subarray(i * k, i * k + k).reduce((a, b) => Math.max(a, Math.abs(b)), 0) + r),
    );
    const mid = q.mid.map((v, e) => v * bends[l].slope[e]);
    const rad = q.rad.map((r, i) =>
      raise(activation.slope * r + back[l][i] * bends[l].rad[i] + 2 * U * norm(mid, i * k, k), 6),
    );
    gradients[l] = rows(n, k, mid, rad);
  }
  checkKernel(at, inputs, gradients, lambda);

  const samples = gramOfData(at);
  const hadamardNorm = claimed.number("hadamard");
  boundSquare(hadamard(samples, samples), hadamardNorm, "√λ_max(G̃∘G̃)");
  const two = depth === 2 ? claimed.number("data") : 0;
  if (depth === 2) boundSquare(samples, two, "‖X̃‖₂");
  const wide = claimed.has("stackedInputs");
  const stackedInputs = wide ? claimed.numbers("stackedInputs") : new Float64Array(0);
  const stackedGradients = wide ? claimed.numbers("stackedGradients") : new Float64Array(0);
  for (let l = 0; wide && l < depth; l++) {
    boundNorm(inputs[l], stackedInputs[l], `‖H${l}‖₂`);
    boundNorm(gradients[l], stackedGradients[l], `‖G${l + 1}‖₂`);
  }
  return {
    layers,
    n,
    slope: activation.slope,
    curvature: activation.curvature,
    spectral,
    inputs: inputs.map(({ norm: size }) => size),
    gradients: gradients.map(({ norm: size }) => size),
    back,
    hadamard: hadamardNorm,
    data: two,
    outputWeights: depth === 2 ? layers[1].weight.map(Math.abs) : new Float64Array(0),
    features: depth === 2 ? columnNorms(inputs[1]) : new Float64Array(0),
    stackedInputs,
    stackedGradients,
  };
}

interface Bend {
  /** σ'(z), entry by entry, and per row the Euclidean norm of its error. */
  readonly slope: Float64Array;
  readonly rad: Float64Array;
}

function activate(z: Rows, activation: Activation): { h: Rows; bend: Bend } {
  const mid = new Float64Array(z.mid.length);
  const slope = new Float64Array(z.mid.length);
  for (let e = 0; e < mid.length; e++) [mid[e], slope[e]] = activation.at(z.mid[e]);
  const error = z.norm.map((size) => activation.error * (sqrtUp(z.k) + size));
  const rad = z.rad.map((r, i) => raise(activation.slope * r + error[i], 6));
  return {
    h: rows(z.n, z.k, mid, rad),
    bend: { slope, rad: z.rad.map((r, i) => raise(activation.curvature * r + error[i], 6)) },
  };
}

/** K = Σ_ℓ (s_ℓ²·H_{ℓ−1}H_{ℓ−1}ᵀ [W_ℓ trained] + 11ᵀ [b_ℓ trained]) ∘ G_ℓG_ℓᵀ. */
function checkKernel({ n, layers, constants }: Problem, inputs: Rows[], gradients: Rows[], lambda: number): void {
  let kernel: Ball = { n, mid: new Float64Array(n * n), rad: new Float64Array(n * n) };
  for (const [l, { scale, trainsWeight, trainsBias }] of layers.entries()) {
    if (!trainsWeight && !trainsBias) continue;
    const part = hadamard(affine(inputs[l], trainsWeight ? scale : 0, trainsBias), gram(gradients[l]));
    kernel = combine(
      kernel,
      part,
      (x, y) => x + y,
      (_, rx, __, ry) => rx + ry,
    );
  }
  if (!(lambda > 0)) throw new Rejection("kernel", `λ_min(K) > 0 does not hold: the constant is ${lambda}`);
  boundEigenvalue(kernel, lambda, 1, "kernel", "λ_min(K) ≥ its constant");
  boundEigenvalue(kernel, constants.number("lambdaMax"), -1, "kernel", "λ_max(K) ≤ its constant");
}

/** s²AAᵀ + 11ᵀ (bias). */
function affine(a: Rows, s: number, bias: boolean): Ball {
  const products = s === 0 ? { n: a.n, mid: new Float64Array(a.n * a.n), rad: new Float64Array(a.n * a.n) } : gram(a);
  return combine(
    products,
    products,
    (x) => s * s * x + Number(bias),
    (_, r) => s * s * r,
  );
}

/** G̃ = X̃X̃ᵀ of the first layer's trained parameters. */
export const gramOfData = ({ n, d, x, layers: [first] }: Problem): Ball =>
  affine(rows(n, d, x), first.trainsWeight ? first.scale : 0, first.trainsBias);

export function boundEigenvalue(a: Ball, bound: number, sign: 1 | -1, hypothesis: string, statement: string): void {
  if (definite(a, bound, sign)) return;
  const proved = provable(a, sign);
  const reason = `${statement} is not proved: the constant is ${bound}, what can be proved about ${proved}`;
  throw new Rejection(hypothesis, reason, sign * (bound - proved));
}

const boundSquare = (a: Ball, bound: number, name: string): void =>
  boundEigenvalue(a, down(bound * bound), -1, "norms", `(${name})² ≤ the square of its constant`);
const boundNorm = (a: Rows, bound: number, name: string): void => boundSquare(gram(a), bound, name);

function columnNorms({ n, k, mid, rad }: Rows): Float64Array {
  const total = norm(rad);
  return new Float64Array(k).map((_, r) => {
    let squares = 0;
    for (let i = 0; i < n; i++) squares += mid[i * k + r] * mid[i * k + r];
    return up(sqrtUp(raise(squares, n + 2)) + total);
  });
}

/** M along the cells of the certificate, once its κ on each has been found large enough: ∫₀^r M and the point where it passes ‖e₀‖. */
function walk(norms: Norms, witness: Fields, start: number, residual: number) {
  const right = witness.numbers("right");
  const kappa = witness.numbers("kappa");
  const names = witness.list("bound");
  if (kappa.length !== right.length || names.length !== right.length)
    throw new Rejection("file", "witness: lists of one length are needed");
  const shallow = norms.layers.length === 2;
  const moved = new Float64Array(names.includes("per-neuron") && shallow ? norms.outputWeights.length : 0);
  let [left, m, area] = [0, start, 0];
  let end: { mu: number; length: number; kappa: number } | undefined;
  for (let c = 0; c < right.length; c++) {
    const h = up(right[c] - left);
    const next = down(m - up(kappa[c] * h));
    if (!(h > 0 && next > 0)) throw new Rejection("residual", `M > 0 does not hold on cell ${c} of the path`, -next);
    const local = moved.length > 0 ? perNeuron(norms, moved, h, next) : Number.POSITIVE_INFINITY;
    const own = {
      "two-layer": () => (shallow ? twoLayer(norms, right[c]) : Number.NaN),
      "per-neuron": () => local,
      recursion: () => recursion(norms, right[c]),
      stacked: () => (norms.stackedInputs.length > 0 ? stacked(norms, right[c]) : Number.NaN),
    }[String(names[c])];
    if (!own) throw new Rejection("norms", `no bound is called ${names[c]}`);
    atMost(own(), kappa[c], "norms", `Lipschitz constant of J ≤ κ on cell ${c} (${names[c]} bound)`);
    const before = area;
    area = down(area + down(down(right[c] - left) * down(0.5 * down(m + next))));
    if (!end && residual < area) {
      const rest = Math.max(0, up(residual - before));
      const mu = sqrtDown(Math.max(0, down(down(m * m) - up(2 * up(kappa[c] * rest)))));
      if (mu > 0) end = { mu, length: up(left + up(up(2 * rest) / down(m + mu))), kappa: kappa[c] };
    }
    left = right[c];
    m = next;
  }
  return { area, end };
}
