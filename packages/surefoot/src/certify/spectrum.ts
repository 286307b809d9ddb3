import type { Spectrum } from "./evidence.ts";
import type { Obstacle } from "./obstacle.ts";

/** Below this share of λ_max, times n, a computed λ_min says nothing (a proved one always does); nor in the range of underflow. */
const ROUNDING = 2 ** -50;
const LEAST_COMPUTED = 2 ** -960;

/** Why λ_min of a kernel cannot count as positive, or undefined when it can. */
export function singularity(kernel: Spectrum, samples: number, parameters: number): Obstacle | undefined {
  if (parameters < samples) return { kind: "parameters", parameters, samples };
  const lambdaMin = kernel.lambdaMin.value.lower;
  const lambdaMax = kernel.lambdaMax.value.upper;
  const floor = kernel.lambdaMin.warrant === "proved" ? 0 : Math.max(samples * ROUNDING * lambdaMax, LEAST_COMPUTED);
  return lambdaMin > floor ? undefined : { kind: "singular", lambdaMin, lambdaMax };
}
