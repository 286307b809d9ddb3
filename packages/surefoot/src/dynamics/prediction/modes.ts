/**
 * Training with ½‖e‖² on a fixed kernel K falls apart into eigenvectors of K, each with its own residual factor r(λ): e_t = Σ v r_t(λ) vᵀe_0.
 * Step sizes and times here are for ½‖e‖²; another loss convention multiplies them (theory/00).
 */
export type Dynamics =
  /** dθ/dt = −∇L; `time` may be ∞. */
  | { readonly kind: "flow"; readonly time: number }
  /** θ ← θ − η∇L, `steps` times; ∞ is the limit. */
  | { readonly kind: "gradient-descent"; readonly stepSize: number; readonly steps: number }
  /** v ← μv − η∇L, θ ← θ + v (heavy ball, v = 0 at first; Polyak 1964), 0 ≤ μ < 1. */
  | { readonly kind: "momentum"; readonly stepSize: number; readonly momentum: number; readonly steps: number };

export interface Mode {
  /** r: what is left of the residual. */
  readonly residual: number;
  /** g = (1 − r)/λ without cancellation at small λ: what test points receive per unit of kernel and residual. */
  readonly gain: number;
}

/** 2/λ_max of gradient descent, (2 + 2μ)/λ_max of momentum: at and above this step size the largest mode does not die out; ∞ for the flow. */
export function stepSizeLimit(dynamics: Dynamics, lambdaMax: number): number {
  if (dynamics.kind === "flow" || lambdaMax <= 0) return Number.POSITIVE_INFINITY;
  return (dynamics.kind === "momentum" ? 2 + 2 * dynamics.momentum : 2) / lambdaMax;
}

/** Whether r_t(λ) → 0 as t → ∞. */
export function diesOut(dynamics: Dynamics, lambda: number): boolean {
  if (!(lambda > 0)) return false;
  return dynamics.kind === "flow" || dynamics.stepSize < stepSizeLimit(dynamics, lambda);
}

/** r and g of the eigenvalue λ at the time or step of `dynamics`. At ∞: r = 0 where it dies out, else NaN (λ = 0: r = 1, g = ∞). */
export function modeOf(dynamics: Dynamics, lambda: number): Mode {
  const duration = dynamics.kind === "flow" ? dynamics.time : dynamics.steps;
  if (duration === Number.POSITIVE_INFINITY) {
    if (diesOut(dynamics, lambda)) return { residual: 0, gain: 1 / lambda };
    return lambda === 0 ? { residual: 1, gain: Number.POSITIVE_INFINITY } : { residual: Number.NaN, gain: Number.NaN };
  }
  if (dynamics.kind === "flow") {
    const residual = Math.exp(-lambda * duration);
    return { residual, gain: lambda === 0 ? duration : -Math.expm1(-lambda * duration) / lambda };
  }
  if (dynamics.kind === "gradient-descent") return plain(dynamics.stepSize, lambda, duration);
  return heavyBall(dynamics.stepSize * lambda, dynamics.stepSize, dynamics.momentum, duration);
}

/** r = (1 − ηλ)^k. */
function plain(stepSize: number, lambda: number, steps: number): Mode {
  const product = stepSize * lambda;
  const residual = (1 - product) ** steps;
  if (lambda === 0) return { residual, gain: stepSize * steps };
  const done = Math.abs(product) < 0.5 ? -Math.expm1(steps * Math.log1p(-product)) : 1 - residual;
  return { residual, gain: done / lambda };
}

/**
 * e_{k+1} = (1 + μ − ηλ)e_k − μe_{k−1}, e_0 = e_{−1} = 1, and w = (1 − e)/λ: w_{k+1} = (1 + μ − ηλ)w_k − μw_{k−1} + η, w_0 = w_{−1} = 0. The k-th
 * powers of both maps by repeated squaring: k need not be small, and double roots are nothing special.
 */
function heavyBall(product: number, stepSize: number, momentum: number, steps: number): Mode {
  let power: Affine = { a: 1 + momentum - product, b: -momentum, c: 1, d: 0, p: stepSize, q: 0 };
  let result: Affine = { a: 1, b: 0, c: 0, d: 1, p: 0, q: 0 };
  for (let left = steps; left >= 1; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = after(power, result);
    power = after(power, power);
  }
  return { residual: result.a + result.b, gain: result.p };
}

/** (x, y) ↦ (ax + by + p, cx + dy + q). */
interface Affine {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly p: number;
  readonly q: number;
}

/** First `g`, then `f`. */
function after(f: Affine, g: Affine): Affine {
  return {
    a: f.a * g.a + f.b * g.c,
    b: f.a * g.b + f.b * g.d,
    c: f.c * g.a + f.d * g.c,
    d: f.c * g.b + f.d * g.d,
    p: f.a * g.p + f.b * g.q + f.p,
    q: f.c * g.p + f.d * g.q + f.q,
  };
}
