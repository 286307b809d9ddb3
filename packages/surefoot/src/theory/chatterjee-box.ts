import { likeliestBox, log10Draws, log10DrawsFor, logBoxProbability } from "./box-event.ts";
import type { ClaimRow } from "./desk.ts";
import type { DeskRequest } from "./request.ts";
import { restartsUntil } from "./restarts.ts";
import { claimRow } from "./rows.ts";

/** Theorem 2.8: the box event, and restarts until a run converges (Remark 2.9). */
export async function boxRows(request: DeskRequest): Promise<ClaimRow[]> {
  const { problem, initialiser } = request;
  const { network } = problem;
  const count = network.layers.slice(1).reduce((sum, { rows, cols }) => sum + rows * cols, 0);
  const { box, logProbability } = likeliestBox(network);
  const rows = [
    claimRow({
      id: "box-likeliest",
      source: "Theorem 2.8",
      claim: "P(entries of W₂ … W_L in [k, 2k]) > 0 under LeCun initialisation, at its likeliest k",
      measured: Math.exp(logProbability),
      verdict: "holds",
      note: `exact: 10^${(logProbability / Math.LN10).toFixed(2)} at k = ${box.toPrecision(4)}, for ${count} entries; ${expected(logProbability)}`,
    }),
  ];
  if (initialiser?.kind === "boxed-lecun") {
    const log = logBoxProbability(network, initialiser.box);
    rows.push(
      claimRow({
        id: "box-here",
        source: "Theorem 2.8",
        claim: `the same for the box of these weights, k = ${initialiser.box}`,
        measured: Math.exp(log),
        verdict: "holds",
        note: `exact: 10^${(log / Math.LN10).toFixed(2)}; ${expected(log)}; the sampler draws from the conditional law at once`,
      }),
    );
  }
  rows.push(await restartRow(request));
  return rows;
}

function expected(logProbability: number): string {
  return `10^${log10Draws(logProbability).toFixed(2)} draws expected, 10^${log10DrawsFor(logProbability, 0.95).toFixed(2)} for 95 %`;
}

async function restartRow(request: DeskRequest): Promise<ClaimRow> {
  const shared = {
    id: "restarts",
    source: "Remark 2.9",
    claim: "repeated LeCun draws eventually converge",
  };
  if (request.steps === 0) return claimRow({ ...shared, note: "no run was asked for (--steps 0)" });
  const found = await restartsUntil(request, { kind: "lecun" });
  return claimRow({
    ...shared,
    measured: found.draws,
    measuredBasis: "sampled",
    verdict: found.converged ? "holds" : "open",
    note: found.converged
      ? `draw ${found.draws} was the first to fall to ${request.epsilon} of its initial loss within ${request.steps} steps of size 1/λ_max(K(θ₀))`
      : `none of ${found.draws} draws fell to ${request.epsilon} of its initial loss within ${request.steps} steps (least ratio ${found.leastRatio.toExponential(1)})`,
  });
}
