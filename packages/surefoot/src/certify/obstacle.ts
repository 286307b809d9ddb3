/** What keeps a theorem from applying at a starting point, as data; advice.ts puts it into words. */
export type Obstacle =
  /** p < n: the kernel is singular whatever the weights. */
  | { readonly kind: "parameters"; readonly parameters: number; readonly samples: number }
  /** λ_min is 0 up to rounding (or its proof failed). */
  | { readonly kind: "singular"; readonly lambdaMin: number; readonly lambdaMax: number }
  /** S1: ‖e₀‖ is not below ∫₀^r M; S3: nor below ∫₀^r μ; `reach` is that integral. */
  | { readonly kind: "residual"; readonly residual: number; readonly reach: number }
  /** η·(λ_min + λ_max) ≥ 2, or the step leaves no room for the drift: `product` = η(λ_min + λ_max). */
  | { readonly kind: "step size"; readonly product: number }
  /** S2: the pairs that may flip leave more doubt than λ_min: λ ≤ ε. */
  | {
      readonly kind: "unstable pairs";
      readonly lambda: number;
      readonly epsilon: number;
      readonly unstable: number;
      readonly pairs: number;
    }
  /** A number was NaN or infinite, or an iteration did not converge. */
  | { readonly kind: "measurement"; readonly reason: string };
