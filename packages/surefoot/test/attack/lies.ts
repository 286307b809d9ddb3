/** Measurers that lie: certificates made with them are consistent from end to end, and false in one measurement. */
import type { Measurement, Measurer, SmoothEvidence, Spectrum } from "../../src/certify/evidence.ts";

export interface Lie {
  readonly name: string;
  readonly theorem: "S1" | "S2" | "S3";
  tell(measurer: Measurer): Measurer;
}

type Change<T> = (evidence: T) => T;

function changed<T>(measured: Measurement<T>, change: Change<T>): Measurement<T> {
  return measured.status === "ok" ? { status: "ok", evidence: change(measured.evidence) } : measured;
}

const smooth =
  (change: Change<SmoothEvidence>) =>
  (measurer: Measurer): Measurer => ({
    ...measurer,
    smooth: async (at) => changed(await measurer.smooth(at), change),
  });

/** 2 %: more than the room that a certificate leaves (at most 1/128 of λ_min). */
const higherMin: Change<Spectrum> = ({ lambdaMin, lambdaMax }) => ({
  lambdaMax,
  lambdaMin: {
    ...lambdaMin,
    value: { lower: lambdaMin.value.lower * 1.02, upper: lambdaMin.value.upper * 1.02 },
  },
});

const lowerMax: Change<Spectrum> = ({ lambdaMin, lambdaMax }) => ({
  lambdaMin,
  lambdaMax: { ...lambdaMax, value: { lower: lambdaMax.value.lower * 0.99, upper: lambdaMax.value.upper * 0.99 } },
});

const spectrum =
  (change: Change<Spectrum>) =>
  (measurer: Measurer): Measurer => ({
    ...measurer,
    spectrum: async (ball) => changed(await measurer.spectrum(ball), change),
  });

const LESS = 0.99;

const LIES_OF_ONE: readonly Lie[] = [
  {
    name: "λ_min of K too high",
    theorem: "S1",
    tell: smooth((e) => ({ ...e, kernel: higherMin(e.kernel) })),
  },
  {
    name: "λ_max of K too low",
    theorem: "S1",
    tell: smooth((e) => ({ ...e, kernel: lowerMax(e.kernel) })),
  },
  {
    name: "residual too small",
    theorem: "S1",
    tell: smooth((e) => {
      const { lower, upper } = e.residualNorm.value;
      return { ...e, residualNorm: { ...e.residualNorm, value: { lower: lower * LESS, upper: upper * LESS } } };
    }),
  },
  {
    name: "√λ_max(G̃∘G̃) too small",
    theorem: "S1",
    tell: smooth((e) => ({
      ...e,
      ...(e.hadamardNorm !== undefined ? { hadamardNorm: e.hadamardNorm * LESS } : {}),
      ...(e.twoLayer ? { twoLayer: { ...e.twoLayer, hadamardNorm: e.twoLayer.hadamardNorm * LESS } } : {}),
    })),
  },
  {
    name: "‖W_ℓ‖₂ too small",
    theorem: "S1",
    tell: smooth((e) => ({ ...e, layers: e.layers.map((l) => ({ ...l, weightNorm: l.weightNorm * LESS })) })),
  },
  {
    name: "curvature of the activation too small",
    theorem: "S1",
    tell: smooth((e) => ({
      ...e,
      slopeBound: { lower: 0, upper: e.slopeBound.upper * LESS },
      curvatureBound: { lower: 0, upper: e.curvatureBound.upper * LESS },
    })),
  },
  { name: "λ_min of M too high", theorem: "S2", tell: spectrum(higherMin) },
  { name: "λ_max of M too low", theorem: "S2", tell: spectrum(lowerMax) },
  {
    name: "residual of S2 too small",
    theorem: "S2",
    tell: (measurer) => ({
      ...measurer,
      relu: async (at) =>
        changed(await measurer.relu(at), (e) => ({
          ...e,
          residual: { mid: e.residual.mid.map((x) => x * LESS), radius: e.residual.radius * LESS },
        })),
    }),
  },
];

/** S3 rests on the same measurements as S1, with λ_min(G̃) for λ_min(K). */
export const LIES: readonly Lie[] = [
  ...LIES_OF_ONE,
  ...LIES_OF_ONE.filter(({ theorem, name }) => theorem === "S1" && !name.startsWith("λ_min")).map(
    (lie): Lie => ({ ...lie, theorem: "S3" }),
  ),
  { name: "λ_min of G̃ too high", theorem: "S3", tell: spectrum(higherMin) },
];
