import { type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import { point } from "../interval/arithmetic.ts";
import type { MatrixBall, Measurement, Measurer, ReluEvidence } from "./evidence.ts";
import { combine, hasBit, type MidpointKernel, possiblyActive, raise, unitRoundoff } from "./s2-kernel.ts";
import { perronBound, upward } from "./upward.ts";

/**
 * The midpoint of S2 with the structure of the doubt kept (docs/certificates.md, theory/05): p_ri is the pattern with ½ on U,
 * M' = s₂² Σ_r a_r² D_{p_r} G̃ D_{p_r}, and a kernel that flips within U can make is M' + E + E'ᵀ + F with row i of E equal to
 * s₂² Σ_{r∈U_i} a_r²t_ri (G̃_i∘p_r), |t| ≤ ½. By Cauchy–Schwarz over r, ‖E‖² ≤ ρ² = ¼s₂⁴ λ_max(Σ_i N_i diag(G̃_i)(Σ_{r∈U_i} a_r²p_rp_rᵀ)diag(G̃_i)) with
 * N_i = Σ_{r∈U_i} a_r², likewise E', and |F_ij| ≤ ¼s₂²|G̃_ij|U₂_ij, U₂ counting neurons with both pairs in U: ε' = 2ρ + ¼s₂²‖|G̃|∘U₂‖₂.
 */
export async function structuredKernel(
  evidence: ReluEvidence,
  unstable: BitMasks,
  measurer: Measurer,
): Promise<Measurement<MidpointKernel>> {
  const { arithmetic } = measurer;
  const surely = combine(evidence.pattern, unstable, (s, u) => s & ~u);
  const high = await measurer.weightedCounts(possiblyActive(evidence, unstable), evidence.outputWeights);
  const low = await measurer.weightedCounts(surely, evidence.outputWeights);
  const both = await measurer.weightedCounts(unstable, evidence.outputWeights);

  const kernel = productKernel(evidence, high, low, both, measurer);
  const spectrum = await measurer.spectrum(kernel);
  if (spectrum.status === "failed") return spectrum;
  const rows = await measurer.spectrum(rowDoubt(evidence, unstable, measurer));
  if (rows.status === "failed") return rows;
  const squared = Math.max(0, rows.evidence.lambdaMax.value.upper);
  const rho = arithmetic.mul(point(0.5), arithmetic.sqrt(point(squared)));
  const rest = perronBound(bothOpen(evidence, both, measurer), upward(arithmetic));
  const epsilon = arithmetic.add(arithmetic.mul(point(2), rho), point(rest)).upper;
  const rate = arithmetic.sub(point(spectrum.evidence.lambdaMin.value.lower), point(epsilon)).lower;
  if (!Number.isFinite(rate)) return { status: "failed", reason: "the kernel's bounds are not finite" };
  return { status: "ok", evidence: { kernel, epsilon, spectrum: spectrum.evidence, rate } };
}

/** M' = s₂² G̃ ∘ (½(high + low) − ¼ both): Σ a²p_ip_j in counts. */
function productKernel(
  { gram, outputScale }: ReluEvidence,
  high: MatrixBall,
  low: MatrixBall,
  both: MatrixBall,
  { arithmetic }: Measurer,
): MatrixBall {
  const n = gram.mid.rows;
  const u = unitRoundoff(arithmetic);
  const mid = matrix(n, n);
  const factor = 0.25 * outputScale * outputScale;
  let radius = 0;
  for (let i = 0; i < n; i++) {
    let rowRadius = 0;
    for (let k = i * n; k < (i + 1) * n; k++) {
      const size = 2 * (high.mid.data[k] + low.mid.data[k]) + both.mid.data[k];
      const unsure = 2 * (high.radius + low.radius) + both.radius;
      const g = gram.mid.data[k];
      mid.data[k] = factor * (g * (2 * (high.mid.data[k] + low.mid.data[k]) - both.mid.data[k]));
      rowRadius += factor * (gram.radius * (size + unsure) + Math.abs(g) * unsure + 10 * u * Math.abs(g) * size);
    }
    radius = Math.max(radius, rowRadius);
  }
  return { mid, radius: raise(radius, n + 12, arithmetic) };
}

/** ¼ s₂² |G̃| ∘ U₂, from above. */
function bothOpen({ gram, outputScale }: ReluEvidence, both: MatrixBall, { arithmetic }: Measurer): Matrix {
  const factor = 0.25 * outputScale * outputScale;
  const entries = gram.mid.data.map((g, k) => {
    const count = both.mid.data[k] + both.radius;
    return count > 0 ? raise(factor * ((Math.abs(g) + gram.radius) * count), 8, arithmetic) : 0;
  });
  return matrix(gram.mid.rows, gram.mid.cols, entries);
}

/** s₂⁴ Σ_i N_i diag(G̃_i)(Σ_{r∈U_i} a_r²p_rp_rᵀ)diag(G̃_i): 4ρ² is its largest eigenvalue. */
function rowDoubt(evidence: ReluEvidence, unstable: BitMasks, { arithmetic }: Measurer): MatrixBall {
  const { samples: n, width, gram, outputWeights, outputScale } = evidence;
  const u = unitRoundoff(arithmetic);
  const out = matrix(n, n);
  const sizes = new Float64Array(n * n); // the same sum over |entries| with the radii of G̃, for the error
  const products = new Float64Array(n * n);
  const p = new Float64Array(n);
  const fourth = outputScale ** 4;
  for (let i = 0; i < n; i++) {
    products.fill(0);
    let total = 0;
    for (let r = 0; r < width; r++) {
      if (!hasBit(unstable, i, r)) continue;
      const square = outputWeights[r] * outputWeights[r];
      total += square;
      for (let j = 0; j < n; j++) p[j] = hasBit(unstable, j, r) ? 0.5 : hasBit(evidence.pattern, j, r) ? 1 : 0;
      for (let j = 0; j < n; j++) {
        const factor = square * p[j];
        if (factor !== 0) for (let k = 0; k < n; k++) products[j * n + k] += factor * p[k];
      }
    }
    if (total === 0) continue;
    const line = gram.mid.data.subarray(i * n, (i + 1) * n);
    for (let j = 0; j < n; j++) {
      for (let k = 0; k < n; k++) {
        const weight = fourth * total * products[j * n + k];
        out.data[j * n + k] += weight * line[j] * line[k];
        const [x, y] = [Math.abs(line[j]), Math.abs(line[k])];
        sizes[j * n + k] += weight * (u * x * y * 4 * (width + n + 12) + gram.radius * (x + y + gram.radius));
      }
    }
  }
  let radius = 0;
  for (let j = 0; j < n; j++) {
    let rowSum = 0;
    for (let k = 0; k < n; k++) rowSum += sizes[j * n + k];
    radius = Math.max(radius, rowSum);
  }
  return { mid: out, radius: radius === 0 ? 0 : raise(radius, width + 2 * n + 20, arithmetic) };
}
