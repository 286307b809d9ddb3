/** Theorem S1 (docs/certificates.md): every hypothesis from the data and weights themselves, along the certificate's own path. */
import { type Activation, activationOf } from "./activation.ts";
import { type Ball, dense, gram, hadamard, largest, norm, plus, type Rows, rows, transpose, zero } from "./balls.ts";
import { down, raise, sqrtDown, sqrtUp, U, up } from "./directed.ts";
import { atMost, type Json, list, number, numbers, reject } from "./fields.ts";
import { kappaBound, perNeuron } from "./kappa.ts";
import { boundEigenvalue, gramOfData, type Problem } from "./problem.ts";

export function checkS1(at: Problem): void {
  const { constants, witness } = at.file;
  const lambda = number(constants.lambdaMin);
  const residual = number(constants.residualNorm);
  if (!(lambda > 0)) reject("kernel", `λ_min(K) > 0 does not hold: the constant is ${lambda}`);
  const norms = measure(at);
  const share = number(witness.share);
  const sigma = sqrtDown(lambda);
  const start = down(share * sigma);
  const { area, end } = walk(norms, witness, start, residual);
  if (!end) throw reject("residual", `‖e₀‖ < ∫₀^r M does not hold: ${residual} against ${area}`, residual - area);

  // share = ρ: with t₀ = ησ₀² and t₁ = η(σ₁ + ∫₀^ℓ* κ)², ρ = 1 needs t₁ ≤ 1, else t₀ + t₁ < 2 and ρ²(1 − t₀t₁) ≤ t₁(2 − t₀ − t₁)
  const reach = up(sqrtUp(number(constants.lambdaMax)) + up(start - end.mu));
  const t1 = Math.max(1, up(at.step.upper * up(reach * reach)));
  const t0 = up(at.step.upper * lambda);
  const rest = down(down(2 - t0) - t1);
  if (share === 1) atMost(t1, 1, "step size", "η ≤ 1/(σ₁ + σ₀ − μ*)²");
  else if (!(share > 0 && share < 1 && rest > 0)) reject("step size", "η(λ_min + (σ₁ + ∫₀^ℓ* κ)²) < 2 does not hold");
  else atMost(up(up(share * share) * up(1 - down(t0 * t1))), down(t1 * rest), "step size", "ρ² ≤ its bound");

  const gain = down(down(at.step.lower * end.mu) * down(end.mu + down(sigma - start)));
  atMost(up(1 - gain), number(constants.contraction), "rate", "1 − ημ*(μ* + (1 − ρ)σ₀) ≤ contraction");
  atMost(number(constants.mu), end.mu, "rate", "constant ≤ μ*");
  atMost(end.kappa, number(constants.kappa), "rate", "κ at ℓ* ≤ its constant");
  atMost(end.length, number(constants.radius), "radius", "ℓ* ≤ radius");
  atMost(number(constants.margin), down(area / residual), "residual", "margin ≤ ∫₀^r M/‖e₀‖");
}

/**
 * Forward and backward pass, kernel, eigenvalues, residual, and all norms that κ needs: over layers of arrays over samples ‖h_{ℓ−1}‖, ‖g_ℓ‖
 * and ‖q_ℓ‖_∞ (q = ∂f/∂h), ‖W_ℓ‖₂, √λ_max(G̃∘G̃), ‖X̃‖₂, ‖H_{ℓ−1}‖₂ and ‖G_ℓ‖₂ over all samples, ‖σ(z_·r)‖ of the first layer's neurons.
 */
function measure(at: Problem) {
  const { n, layers, file } = at;
  const { constants, witness, network } = file;
  const { kind, slope } = network.activation;
  const activation = activationOf(String(kind), slope === undefined ? 0 : number(slope));
  if (!activation) return reject("smooth activation", `S1 does not cover ${kind}`);
  const { slope: B1, curvature: B2 } = activation;
  const depth = layers.length;
  const claimed = witness.norms;
  const spectral = numbers(claimed.weights, depth);
  const inputs = [rows(n, at.d, at.x)];
  const bends: Bend[] = [];
  for (const [l, layer] of layers.entries()) {
    const { weight, rows: m, cols: k } = layer;
    const small = m < k ? rows(m, k, weight) : rows(k, m, transpose(weight, m, k));
    if (l > 0) boundSquare(gram(small), spectral[l], `‖W${l + 1}‖₂²`);
    const z = dense(inputs[l], layer, l > 0 ? spectral[l] : 0);
    if (l === depth - 1) inputs.push(z);
    else inputs.push(activate(z, activation, bends));
  }
  const { mid, rad } = inputs[depth];
  const gaps = mid.map((u, i) => raise(Math.abs(u - at.y[i]) + rad[i], 4));
  atMost(norm(gaps), number(constants.residualNorm), "residual", "‖e₀‖ ≤ its constant");

  const gradients: Rows[] = [];
  const back: Float64Array[] = [];
  gradients[depth - 1] = rows(n, 1, new Float64Array(n).fill(1));
  for (let l = depth - 2; l >= 0; l--) {
    const { weight, rows: m, cols: k, scale } = layers[l + 1];
    const turned = { rows: k, cols: m, scale, weight: transpose(weight, m, k), bias: new Float64Array(0) };
    const q = dense(gradients[l + 1], turned, spectral[l + 1]);
    back[l] = q.rad.map((r, i) => up(largest(q.mid.subarray(i * k, i * k + k)) + r));
    const g = q.mid.map((v, e) => v * bends[l].slope[e]);
    const error = (r: number, i: number) => B1 * r + back[l][i] * bends[l].rad[i] + 2 * U * norm(g, i * k, k);
    const rad = q.rad.map((r, i) => raise(error(r, i), 6));
    gradients[l] = rows(n, k, g, rad);
  }
  let kernel = zero(n); // Σ_ℓ (s_ℓ²·HHᵀ [W_ℓ trained] + 11ᵀ [b_ℓ trained]) ∘ GGᵀ
  for (const [l, { scale, trainsWeight, trainsBias }] of layers.entries()) {
    if (!trainsWeight && !trainsBias) continue;
    const products = trainsWeight ? gram(inputs[l]) : zero(n);
    const moving = plus(scale * scale, products, zero(n), Number(trainsBias));
    kernel = plus(1, hadamard(moving, gram(gradients[l])), kernel, 0);
  }
  boundEigenvalue(kernel, number(constants.lambdaMin), 1, "kernel", "λ_min(K)");
  boundEigenvalue(kernel, number(constants.lambdaMax), -1, "kernel", "λ_max(K)");

  const samples = gramOfData(at);
  boundSquare(hadamard(samples, samples), number(claimed.hadamard), "λ_max(G̃∘G̃)");
  boundSquare(samples, number(claimed.data), "‖X̃‖₂²");
  const stackedOf = (all: Rows[], stated: Json, name: string) => {
    if (depth === 2) return all.map(({ size }) => norm(size)); // only products that are not the least need them
    const norms = numbers(stated, depth);
    for (const [l, bound] of norms.entries()) boundSquare(gram(all[l]), bound, `‖${name}${l}‖₂²`);
    return Array.from(norms);
  };
  const sizes = (all: Rows[]) => all.map(({ size }) => size);
  const stackedInputs = stackedOf(inputs, claimed.stackedInputs, "H");
  const stackedGradients = stackedOf(gradients, claimed.stackedGradients, "G");
  const each = { inputs: sizes(inputs), gradients: sizes(gradients), back, features: columnNorms(inputs[1]) };
  const all = {
    spectral,
    hadamard: number(claimed.hadamard),
    data: number(claimed.data),
    stackedInputs,
    stackedGradients,
  };
  return { n, layers, slope: B1, curvature: B2, ...each, ...all };
}
export type Norms = ReturnType<typeof measure>;

/** σ'(z), entry by entry, and for each row the Euclidean norm of its error. */
type Bend = { slope: Float64Array; rad: Float64Array };

function activate(z: Rows, activation: Activation, bends: Bend[]): Rows {
  const mid = new Float64Array(z.mid.length);
  const slope = new Float64Array(z.mid.length);
  for (let e = 0; e < mid.length; e++) [mid[e], slope[e]] = activation.at(z.mid[e]);
  const error = (i: number) => activation.error * (sqrtUp(z.k) + z.size[i]);
  const rad = (factor: number) => z.rad.map((r, i) => raise(factor * r + error(i), 6));
  bends.push({ slope, rad: rad(activation.curvature) });
  return rows(z.n, z.k, mid, rad(activation.slope));
}

const boundSquare = (a: Ball, bound: number, name: string): void =>
  boundEigenvalue(a, down(bound * bound), -1, "norms", name);

const columnNorms = ({ n, k, mid, rad }: Rows): Float64Array =>
  rows(k, n, transpose(mid, n, k)).size.map((size) => up(size + norm(rad)));

/** M along the certificate's cells, once its κ on each is found large enough: ∫₀^r M, and where it passes ‖e₀‖. */
function walk(norms: Norms, witness: Json, start: number, residual: number) {
  const cells = list(witness.bound).length;
  const right = numbers(witness.right, cells);
  const kappa = numbers(witness.kappa, cells);
  const local = list(witness.bound).some((name) => String(name) === "per-neuron");
  const moved = new Float64Array(local ? norms.features.length : 0);
  let [left, m, area] = [0, start, 0];
  let end: { mu: number; length: number; kappa: number } | undefined;
  for (let c = 0; c < cells; c++) {
    const next = down(m - up(kappa[c] * up(right[c] - left)));
    if (!(right[c] > left && next > 0)) reject("residual", `M > 0 does not hold on cell ${c} of the path`, -next);
    const weight = moved.length > 0 ? perNeuron(norms, moved, right[c], up(right[c] - left), next) : Number.MAX_VALUE;
    const own = kappaBound(norms, right[c], kappa[c], weight);
    atMost(own, kappa[c], "norms", `Lipschitz constant of J ≤ κ on cell ${c}`);
    const before = area;
    area = down(area + down(down(right[c] - left) * down(0.5 * down(m + next))));
    if (!end && residual < area) {
      const rest = Math.max(0, up(residual - before));
      const mu = sqrtDown(down(down(m * m) - up(2 * up(kappa[c] * rest))));
      if (mu > 0) end = { mu, length: up(left + up(up(2 * rest) / down(m + mu))), kappa: kappa[c] };
    }
    [left, m] = [right[c], next];
  }
  return { area, end };
}
