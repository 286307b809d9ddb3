import { initDescent, stepDescent, terminateDescent } from "../dynamics/gradient-descent.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import { initialise } from "../network/initialise.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { DeskRequest } from "./request.ts";

export interface Restarts {
  readonly converged: boolean;
  /** Draws made, the converging one included. */
  readonly draws: number;
  /** The least final loss over initial loss. */
  readonly leastRatio: number;
}

const MAX_DRAWS = 20;
/** Multiply-adds that all restarts together may cost. */
const WORK = 4e9;

/**
 * Draws weights with seeds 0, 1, 2, … and trains each for the request's number of steps, η = 1/λ_max(K(θ₀)) halved on divergence, until
 * a loss falls to ε of what it was.
 */
export async function restartsUntil(
  { problem, steps, epsilon, signal, onProgress }: DeskRequest,
  initialiser: InitialiserSpec,
): Promise<Restarts> {
  const { network, backend, dataset, lossFactor } = problem;
  const perStep = 6 * dataset.y.length * network.layers.reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const draws = Math.max(1, Math.min(MAX_DRAWS, Math.floor(WORK / (perStep * steps))));
  let leastRatio = Number.POSITIVE_INFINITY;
  for (let seed = 0; seed < draws; seed++) {
    onProgress?.(`LeCun draw ${seed + 1}/${draws}`);
    const weights = await initialise(network, initialiser, seed, backend);
    const first = await initDescent(problem, weights);
    const spectrum = await backend.extremalEigenvalues(await snapshot(problem, first).kernel(), { which: "largest" });
    const lambdaMax = spectrum.status === "ok" ? (spectrum.largest?.value ?? 0) : 0;
    if (!(lambdaMax > 0) || first.loss === 0) continue;
    for (let eta = 1 / (lambdaMax * lossFactor), halvings = 0; halvings < 8; eta /= 2, halvings++) {
      let state = await initDescent(problem, weights);
      while (state.step < steps && terminateDescent(state, first.loss, epsilon * first.loss) === undefined) {
        if (signal?.aborted) return { converged: false, draws: seed + 1, leastRatio };
        state = await stepDescent(problem, state, eta);
      }
      const ended = terminateDescent(state, first.loss, epsilon * first.loss);
      if (ended === "diverged") continue;
      leastRatio = Math.min(leastRatio, state.loss / first.loss);
      if (ended === "reached-target") return { converged: true, draws: seed + 1, leastRatio };
      break;
    }
  }
  return { converged: false, draws, leastRatio };
}
