import type { Spectrum } from "./evidence.ts";
import type { Obstacle } from "./obstacle.ts";

/** Below this share of λ_max, times n, a computed λ_min says nothing (a proved one always does). */
const ROUNDING = 2 ** -50;

/** Why λ_min of a kernel cannot count as positive, or undefined when it can. */
export function singularity(kernel: Spectrum, samples: number, parameters: number): Obstacle | undefined {
  if (parameters < samples) return { kind: "parameters", parameters, samples };
  const lambdaMin = kernel.lambdaMin.value.lower;
  const lambdaMax = kernel.lambdaMax.value.upper;
  const floor = kernel.lambdaMin.warrant === "proved" ? 0 : samples * ROUNDING * lambdaMax;
  return lambdaMin > floor ? undefined : { kind: "singular", lambdaMin, lambdaMax };
}
