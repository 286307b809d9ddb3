import { type Arithmetic, type Interval, point } from "../interval/arithmetic.ts";
import type { Network, Weights } from "../network/network.ts";
import { activationRange } from "./activation-range.ts";
import type { LayerEvidence, Measured, SmoothEvidence } from "./evidence.ts";
import { kappaBounds } from "./kappa.ts";
import type { Obstacle } from "./obstacle.ts";
import { finite, type Hypothesis, type TheoremOutcome } from "./outcome.ts";

/**
 * Theorem S3, the positive initialisation (Chatterjee 2022, theorem 2.1, with the constants of theory/04; docs/certificates.md).
 *
 * W_1 = 0, biases 0, entries of W_2 … W_{L−1} in [ω_min, ω_max] with ω_min > 0, entries of W_L at least A > 0, W_1 trained, σ' > 0, σ(0) = 0,
 * λ = λ_min(G̃) > 0, G̃ = s_1²XXᵀ, with 11ᵀ added when b_1 is trained. For r < A and (L ≥ 3) r < ω_min, on the ball of radius r around θ₀
 *   ρ_1 = r√(s_1²max‖x‖² + [biases]), ρ_ℓ = s_ℓ(ω_max√d_{ℓ−1} + r)√d_{ℓ−1}·max_{|t| ≤ ρ_{ℓ−1}}|σ| + r[biases], c_ℓ = min_{|t| ≤ ρ_ℓ} σ',
 *   √λ_min(K) ≥ μ(r) = √λ·∏_{ℓ≥2}s_ℓ·√d_1·A·ω_min^{L−2}·∏c_ℓ·∏_{ℓ=2}^{L−1}d_ℓ·(2 − (1 + r/(A√d_{L−1}))∏_{ℓ=2}^{L−1}(1 + r/(ω_min√(d_ℓd_{ℓ−1})))).
 * With β ≥ ‖∇²(½‖e‖²)‖ there and ν = 1 − ηβ/2 > 0: if ‖y‖ < ν∫₀^r μ, gradient descent stays in the ball and ‖e_k‖² ≤ (1 − 2ηνμ(r)²)^k ‖e₀‖² (S0).
 * β = (σ₁ + rκ(r))² + ‖e₀‖κ(r), since ‖J‖ ≤ σ₁ + rκ and ‖Σ c_i∇²u_i‖ ≤ κ for unit c.
 */
export interface PositiveStart {
  /** A, ω_min, ω_max (hidden layers 2 … L − 1; 0 if there are none). */
  readonly scale: number;
  readonly omegaMin: number;
  readonly omegaMax: number;
}

/** A, ω_min and ω_max of weights of the form that S3 asks for, or why they are not: exact comparisons. */
export function positiveStart(network: Network, weights: Weights): PositiveStart | string {
  const last = network.layers.length - 1;
  let [scale, omegaMin, omegaMax] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 0];
  for (const [l, layer] of network.layers.entries()) {
    const entries = weights[layer.weight].data;
    if (layer.bias && weights[layer.bias].data.some((b) => b !== 0)) return `${layer.bias} is not 0`;
    if (l === 0) {
      if (entries.some((w) => w !== 0)) return "W1 is not 0";
      continue;
    }
    if (!entries.every((w) => w > 0)) return `${layer.weight} has entries that are not positive`;
    for (const w of entries) {
      if (l === last) scale = Math.min(scale, w);
      else {
        omegaMin = Math.min(omegaMin, w);
        omegaMax = Math.max(omegaMax, w);
      }
    }
  }
  return { scale, omegaMin: last < 2 ? 0 : omegaMin, omegaMax };
}

export interface S3Evidence {
  readonly network: Network;
  readonly start: PositiveStart;
  /** λ_min(G̃). */
  readonly inputs: Measured;
  readonly smooth: SmoothEvidence;
}

/** What μ depends on: of the smooth evidence only the norms of the inputs. */
export type PositiveEvidence = Pick<S3Evidence, "network" | "start" | "inputs"> & {
  readonly smooth: { readonly layers: readonly Pick<LayerEvidence, "inputBounds">[] };
};

/** μ(r) of the theorem, from below; 0 where it says nothing. */
export function positiveRate(evidence: PositiveEvidence, r: number, arithmetic: Arithmetic): number {
  const { network, start, inputs, smooth } = evidence;
  const { add, sub, mul, div, sqrt, square } = arithmetic;
  const { layers } = network;
  const hidden = layers.length - 1;
  if (r >= start.scale || (hidden > 1 && r >= start.omegaMin)) return 0;
  const ball = point(r);
  const root = (x: number) => sqrt(point(x));
  const longest = smooth.layers[0].inputBounds.reduce((a, b) => Math.max(a, b), 0);
  let rate = mul(sqrt(point(Math.max(0, inputs.value.lower))), mul(root(layers[0].rows), point(start.scale)));
  let excess = add(point(1), div(ball, mul(point(start.scale), root(layers[hidden].cols))));
  let rho = 0;
  let valueMax = 0;
  for (const [l, layer] of layers.entries()) {
    if (l > 0) rate = mul(rate, point(layer.scale));
    if (l === hidden) break;
    const width = root(layer.cols);
    const bias = layer.bias ? ball : point(0);
    rho =
      l === 0
        ? mul(ball, sqrt(add(square(mul(point(layer.scale), point(longest))), point(layer.bias ? 1 : 0)))).upper
        : add(
            mul(mul(point(layer.scale), add(mul(point(start.omegaMax), width), ball)), mul(width, point(valueMax))),
            bias,
          ).upper;
    const range = activationRange(network.activation, rho, arithmetic);
    if (!range || !(range.slopeMin > 0)) return 0;
    valueMax = range.valueMax;
    rate = mul(rate, point(range.slopeMin));
    if (l > 0) {
      rate = mul(rate, mul(point(start.omegaMin), point(layer.rows)));
      const side = mul(root(layer.rows), root(layer.cols));
      excess = mul(excess, add(point(1), div(ball, mul(point(start.omegaMin), side))));
    }
  }
  const factor = sub(point(2), excess).lower;
  return factor > 0 ? mul(point(Math.max(0, rate.lower)), point(factor)).lower : 0;
}

/**
 * Where the grid of the integral should end: the radius (a factor 1.01 fine) at which μ has fallen to a thousandth of what it is near θ₀, at most
 * min(A, ω_min). Any choice is sound; what lies beyond adds next to nothing, and a grid over a large A would be too coarse for it.
 */
export function usefulRadius(evidence: PositiveEvidence, arithmetic: Arithmetic): number {
  const { network, start } = evidence;
  const limit = network.layers.length > 2 ? Math.min(start.scale, start.omegaMin) : start.scale;
  const least = 1e-3 * positiveRate(evidence, 1e-15 * limit, arithmetic);
  const useful = (r: number) => positiveRate(evidence, r, arithmetic) >= least;
  if (useful(0.99 * limit)) return limit;
  let [low, high] = [1e-15 * limit, limit];
  while (high > low * 1.01) {
    const middle = Math.sqrt(low * high);
    if (useful(middle)) low = middle;
    else high = middle;
  }
  return high;
}

const CELLS = 400;

/** The form of S3 that decides, or the obstacle; `stepSize` is the run's own for ½‖e‖². */
export function certifyS3(evidence: S3Evidence, arithmetic: Arithmetic, stepSize?: Interval): TheoremOutcome {
  const { inputs, smooth } = evidence;
  const residual = smooth.residualNorm.value.upper;
  const reach = usefulRadius(evidence, arithmetic);
  let integral = 0;
  let best: (Descent & { readonly cells: number }) | undefined;
  let refused = false;
  for (let k = 1; k <= CELLS; k++) {
    const r = (reach * k) / CELLS;
    const mu = positiveRate(evidence, r, arithmetic);
    if (!(mu > 0)) break;
    // μ falls with r: the right end bounds the cell from below
    const h = arithmetic.sub(point(r), point((reach * (k - 1)) / CELLS));
    integral = arithmetic.add(point(integral), arithmetic.mul(h, point(mu))).lower;
    if (!(integral > residual) || (k % 8 !== 0 && best)) continue;
    const option = descent(evidence, r, mu, integral, residual, arithmetic, stepSize);
    if (!option) refused = true;
    else if (!best || option.gain > best.gain) best = { ...option, cells: k };
  }
  const margin = finite(residual === 0 ? Number.POSITIVE_INFINITY : integral / residual);
  const hypotheses: Hypothesis[] = [
    {
      name: "positive initialisation",
      status: "proved",
      statement: "W1 = 0, biases 0, hidden and output weights positive, σ' > 0, σ(0) = 0",
      value: null,
      bound: null,
      how: "exact comparison",
    },
    {
      name: "inputs",
      status: inputs.value.lower > 0 ? inputs.warrant : "failed",
      statement: "λ_min(G̃) > 0: the inputs are linearly independent",
      value: inputs.value.lower,
      bound: 0,
      how: inputs.how,
    },
    {
      name: "reach",
      status: best ? smooth.residualNorm.warrant : "failed",
      statement: "‖y‖ < ν∫₀^r μ",
      value: residual,
      bound: finite(integral),
      how: smooth.residualNorm.how,
    },
  ];
  const common = {
    theorem: "S3" as const,
    form: "positive initialisation",
    kappaBound: null,
    lambdaMin: smooth.kernel.lambdaMin.value.lower,
    lambdaMax: smooth.kernel.lambdaMax.value.upper,
    residualNorm: residual,
    pairsOnKink: 0,
    hypotheses,
    warrant: arithmetic.warrant,
  };
  if (!best) {
    const obstacle: Obstacle = refused
      ? { kind: "step size", product: stepSize ? arithmetic.mul(stepSize, point(common.lambdaMax)).upper : Number.NaN }
      : { kind: "residual", residual, reach: integral };
    return {
      ...common,
      verdict: "undecided",
      margin: refused ? 0 : Math.min(margin, 1),
      stepSize: null,
      contraction: null,
      decay: null,
      radius: null,
      kappa: null,
      suggestedStepSize: null,
      obstacle,
    };
  }
  return {
    ...common,
    verdict: "certified",
    margin,
    stepSize: best.step.lower,
    // √(1 − 2ηνμ²) ≤ 1 − ηνμ²; a smaller η only raises ν
    contraction: Math.max(0, arithmetic.sub(point(1), arithmetic.mul(best.step, point(best.decay))).upper),
    decay: best.decay,
    radius: best.r,
    kappa: finite(best.kappa),
    suggestedStepSize: best.step.lower,
    obstacle: null,
    witness: { kind: "ball", inputs: inputs.value, cells: best.cells, margin: finite(best.margin) },
  };
}

interface Descent {
  readonly r: number;
  readonly step: Interval;
  /** νμ(r)², from below: ‖e‖ falls to (1 − ηνμ²) of itself or less at each step. */
  readonly decay: number;
  /** ηνμ², to choose among radii. */
  readonly gain: number;
  readonly kappa: number;
  /** ν∫₀^r μ/‖e₀‖, from below. */
  readonly margin: number;
}

/** The step size and rate that the ball of radius r allows; undefined where ν leaves no room or η is too large. */
function descent(
  evidence: S3Evidence,
  r: number,
  mu: number,
  integral: number,
  residual: number,
  arithmetic: Arithmetic,
  stepSize?: Interval,
): Descent | undefined {
  const { add, sub, mul, div, sqrt, square } = arithmetic;
  const kappa = ballKappa(evidence.smooth, r, arithmetic);
  if (!Number.isFinite(kappa)) return undefined;
  const sigma = sqrt(point(evidence.smooth.kernel.lambdaMax.value.upper));
  const beta = add(square(add(sigma, mul(point(r), point(kappa)))), mul(point(residual), point(kappa))).upper;
  const needed = div(point(residual), point(integral)).upper;
  // ηβ/2 = 1 − ν; the gain (1 − ν)ν is greatest at ν = ½, and ν must exceed `needed`
  const nuWanted = Math.max(0.5, needed + 0.05 * (1 - needed));
  const step = stepSize ?? point(div(mul(point(2), sub(point(1), point(nuWanted))), point(beta)).lower);
  const nu = sub(point(1), mul(point(0.5), mul(step, point(beta)))).lower;
  if (!(nu > needed)) return undefined;
  const decay = mul(point(nu), square(point(mu))).lower;
  const margin = div(mul(point(nu), point(integral)), point(residual)).lower;
  return {
    r,
    step,
    decay,
    gain: step.lower * decay,
    kappa,
    margin: residual === 0 ? Number.POSITIVE_INFINITY : margin,
  };
}

/** κ on the whole ball: of the κ bounds those that hold everywhere in it, not only where a path of S1 can come. */
export function ballKappa(smooth: SmoothEvidence, r: number, arithmetic: Arithmetic): number {
  let least = Number.POSITIVE_INFINITY;
  for (const bound of kappaBounds(smooth, arithmetic)) {
    if (bound.name === "per-neuron") continue;
    const kappa = bound.walk().cell(0, r, 0);
    if (kappa < least) least = kappa;
  }
  return least;
}
