import type { Backend } from "@surefoot/linalg";
import type { ActivationKind } from "../spec/activation.ts";

/** σ with what the theory asks of it. Bounds are proved upper (`slopeMin`: lower) bounds, rounded outward; ∞ where there is none. */
export interface Activation {
  readonly kind: ActivationKind;
  value(x: number): number;
  derivative(x: number): number;
  /** σ''; for piecewise-linear activations 0 (they have none at the kink: `curvatureBound` is then ∞). */
  second(x: number): number;
  /** B₁ ≥ sup|σ'|. */
  readonly slopeBound: number;
  /** ≤ inf σ' over the reals; 0 when σ' comes arbitrarily close to 0, negative when σ is not monotone. */
  readonly slopeMin: number;
  /** B₂ ≥ sup|σ''|: the Lipschitz constant of σ'; ∞ when σ' jumps. */
  readonly curvatureBound: number;
  /** B₃ ≥ sup|σ'''|: the Lipschitz constant of σ''; absent where none is proved. */
  readonly thirdBound?: number;
  /** ≥ sup|σ|. */
  readonly valueBound: number;
  /** σ(cx) = cσ(x) for every c > 0. */
  readonly homogeneous: boolean;
  /** c_σ = 1/E[σ(N(0,1))²] as the double that defines `ntk` scaling (theory/02). */
  readonly cSigma: number;
  /** out ← σ of every entry of z; `out` may not be `z`. */
  apply(z: Float64Array, backend: Backend, out: Float64Array): Promise<void>;
  /** out ← factor ∘ σ'(z) where value = σ(z); `out` may be `factor`. */
  timesDerivative(z: Float64Array, value: Float64Array, factor: Float64Array, out: Float64Array): void;
}
