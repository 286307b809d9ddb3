import type { Backend } from "@surefoot/linalg";
import type { CertifyOutcome } from "../certify/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { initDescent } from "../dynamics/gradient-descent.ts";
import { createProblem } from "../dynamics/problem.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import type { Network, Weights } from "../network/network.ts";
import type { LossSpec } from "../spec/loss.ts";

/** How many steps of gradient descent reach the target loss. */
export interface PlannedSteps {
  readonly stepSize: number;
  readonly initialLoss: number;
  /** From the certified rate: not more than these, by theorem. Null where nothing is certified. */
  readonly certified: number | null;
  /** From the linear dynamics e(k) = (I − ηK(θ₀))^k e(0): what to expect, computed. */
  readonly predicted: number | null;
}

interface StepsRequest {
  readonly network: Network;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly loss: LossSpec;
  readonly backend: Backend;
  readonly target: number;
  readonly certificate: CertifyOutcome;
}

/** Steps to the target at the certified step size; null without a certificate. */
export async function plannedSteps(request: StepsRequest): Promise<PlannedSteps | null> {
  const { network, weights, dataset, loss, backend, target, certificate } = request;
  const { stepSize, ratePerStep } = certificate;
  if (certificate.verdict !== "certified" || stepSize === null) return null;
  const problem = await createProblem(network, dataset, loss, backend);
  const state = await initDescent(problem, weights);
  const found = await backend.eigenvalues(await snapshot(problem, state).kernel(), { vectors: true });
  const certified =
    state.loss <= target
      ? 0
      : ratePerStep === null || ratePerStep >= 1
        ? null
        : Math.ceil(Math.log(target / state.loss) / Math.log(ratePerStep));
  return { stepSize, initialLoss: state.loss, certified, predicted: predictedSteps() };

  function predictedSteps(): number | null {
    if (found.status !== "ok" || !found.vectors) return null;
    const n = state.residual.length;
    const { values, vectors } = found;
    const parts = Array.from(values, (_, k) => {
      let sum = 0;
      for (let i = 0; i < n; i++) sum += vectors.data[k * n + i] * state.residual[i];
      return 0.5 * problem.lossFactor * sum * sum;
    });
    const eta = (stepSize ?? 0) * problem.lossFactor;
    const lossAt = (k: number) => parts.reduce((sum, part, i) => sum + part * (1 - eta * values[i]) ** (2 * k), 0);
    if (lossAt(0) <= target) return 0;
    let high = 1;
    while (lossAt(high) > target) {
      high *= 2;
      if (high > 2 ** 60) return null;
    }
    let low = high / 2;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (lossAt(middle) > target) low = middle;
      else high = middle;
    }
    return high;
  }
}
