import { type DeepSmoothFacts, geometric } from "./deep-smooth-facts.ts";
import type { DeepSmoothWatch } from "./deep-smooth-watch.ts";
import type { Prescription } from "./desk.ts";
import type { DeskRequest, RunSummary } from "./request.ts";
import { prescription } from "./rows.ts";
import { runPrescriptions } from "./run-prescriptions.ts";

/** The widths, step sizes and numbers of steps of Theorem 1.2 and its lemmas with every hidden constant taken as 1, and what was certified and made. */
export async function du2019Prescriptions(
  request: DeskRequest,
  facts: DeepSmoothFacts,
  watch: DeepSmoothWatch,
  run: RunSummary,
): Promise<Prescription[]> {
  const { n, m, depth, delta, innerStep, cSigma, lipschitz, valueAtZero, architecture } = facts;
  const log = Math.log10;
  const l0 = log(facts.lambda0 > 0 ? facts.lambda0 : Number.NaN);
  const fully = architecture === "fully-connected";
  const growth = fully ? depth * log(2) : 0;
  const grown = fully ? "2^H" : "poly(H)";
  const note = fully ? "2^{O(H)} taken as 2^H" : "the dependence on H is polynomial, its power not given: left out";
  const square = watch.start.residual ** 2;
  const stepsToTarget = (logRate: number) => log(Math.max(1, Math.log(square / request.epsilon))) + log(2) - logRate;
  const c = cSigma * lipschitz * (2 * Math.abs(valueAtZero) * Math.sqrt(2 / Math.PI) + 2 * lipschitz);
  const cX = Math.max(facts.cX, 1);
  const lemma = (power: number) =>
    fully ? l0 - 2 * log(n * depth) - power * depth * log(cX) - log(geometric(2 * cX, depth)) : Number.NaN;
  const onlyFully = fully ? null : "the notes give it for fully connected networks only";
  const certificate = await request.certificate();
  return [
    prescription({
      id: "width",
      source: "Theorem 1.2",
      quantity: `width m ≥ ${grown} max{n⁴/λ₀⁴, n/δ, n² log(Hn/δ)/λ₀²}`,
      log10:
        growth +
        Math.max(4 * log(n) - 4 * l0, log(n / delta), 2 * log(n) + log(Math.log((depth * n) / delta)) - 2 * l0),
      note,
    }),
    prescription({
      id: "width-lemma-1.4",
      source: "Lemma 1.4",
      quantity: "width m ≥ nH g_C(H)²/δ, C = c_σL(2|σ(0)|√(2/π) + 2L)",
      log10: fully ? log((n * depth) / delta) + 2 * log(geometric(c, depth)) : null,
      note: onlyFully ?? `C = ${c.toPrecision(4)}`,
    }),
    prescription({
      id: "width-lemma-1.5",
      source: "Lemma 1.5",
      quantity: `width m ≥ ${grown} n² log(Hn/δ)/λ₀²`,
      log10: growth + 2 * log(n) + log(Math.log((depth * n) / delta)) - 2 * l0,
      note,
    }),
    prescription({
      id: "step-size",
      source: "Theorem 1.2",
      quantity: `step size η ≤ λ₀/(n² ${grown}) (of ½‖u − y‖²)`,
      log10: l0 - 2 * log(n) - growth,
      note,
    }),
    prescription({
      id: "step-size-lemma-1.9",
      source: "Lemma 1.9",
      quantity: "step size η ≤ λ₀/(n²H²c_x^{3H}g_{2c_x}(H))",
      log10: lemma(3),
      note: onlyFully ?? `c_x = ${cX.toPrecision(4)}, from c_{w,0} as measured`,
    }),
    prescription({
      id: "step-size-lemma-1.10",
      source: "Lemma 1.10",
      quantity: "step size η ≤ λ₀/(n²H²c_x^{2H}g_{2c_x}(H))",
      log10: lemma(2),
      note: onlyFully,
    }),
    prescription({
      id: "step-size-certified",
      source: "certificate",
      quantity: "step size η (of ½‖u − y‖²) that is certified from the initial weights",
      log10: certificate.stepSize === null ? null : log(certificate.stepSize * request.problem.lossFactor),
      basis: certificate.warrant,
      note: certificate.stepSize === null ? "the initial weights are not certified" : null,
    }),
    prescription({
      id: "lambda0",
      source: "Theorem 1.2",
      quantity: "λ₀ = λ_min(K^(H)), which the rate rests on",
      log10: l0,
      basis: "computed",
    }),
    prescription({
      id: "lambda-instance",
      source: "certificate",
      quantity: "λ_min of the whole tangent kernel at these weights, which the certificate rests on",
      log10: certificate.lambdaMin === null ? null : log(certificate.lambdaMin),
      basis: certificate.warrant,
    }),
    prescription({
      id: "steps-paper",
      source: "Theorem 1.2",
      quantity: `steps to ‖u − y‖² ≤ ${request.epsilon} at the prescribed step size: (2/(ηλ₀)) log(‖u(0) − y‖²/ε)`,
      log10: stepsToTarget(2 * l0 - 2 * log(n) - growth),
      note,
    }),
    prescription({
      id: "steps-rate",
      source: "Theorem 1.2",
      quantity: "steps to that at the step size of this run",
      log10: stepsToTarget(log(innerStep) + l0),
      basis: "computed",
    }),
    ...(await runPrescriptions(request, run, square, m)),
  ];
}
