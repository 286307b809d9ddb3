import type { Dataset } from "../data/dataset.ts";
import { architectureOf } from "../network/architectures.ts";
import type { Network } from "../network/network.ts";
import { firstEqualRow } from "./equal-rows.ts";
import { short } from "./format.ts";
import type { Obstacle } from "./obstacle.ts";
import type { TheoremOutcome } from "./outcome.ts";

/** An obstacle in words. */
export function reasonOf(obstacle: Obstacle): string {
  switch (obstacle.kind) {
    case "parameters":
      return `${obstacle.parameters} trained parameters for ${obstacle.samples} samples: the tangent kernel is singular for every choice of weights`;
    case "singular":
      return `the tangent kernel is singular to working precision: λ_min = ${short(obstacle.lambdaMin)} beside λ_max = ${short(obstacle.lambdaMax)}`;
    case "residual":
      return `the residual is too large for the curvature: ‖e‖ = ${short(obstacle.residual)}, and only below ${short(obstacle.reach)} is it certified`;
    case "step size":
      return `the step size is too large: η(λ_min + λ_max) = ${short(obstacle.product)} for the loss ½‖e‖², and it must leave room below 2`;
    case "unstable pairs":
      return `${obstacle.unstable} of ${obstacle.pairs} sign patterns may flip, which leaves more doubt (ε = ${short(obstacle.epsilon)}) than λ_min = ${short(obstacle.lambda)}`;
    case "measurement":
      return obstacle.reason;
  }
}

/** What would help. `stepFactor` is c of theory/00: a step η of the user's loss is cη for ½‖e‖². */
export function adviceFor(
  network: Network,
  dataset: Dataset,
  outcome: TheoremOutcome,
  stepFactor: number,
): readonly string[] {
  const { obstacle } = outcome;
  const advice: string[] = [];
  switch (obstacle?.kind) {
    case "parameters":
      advice.push(`train at least ${obstacle.samples} parameters: a wider network or fewer frozen tensors`);
      break;
    case "singular": {
      const twins = equalInputs(dataset);
      if (twins) {
        const [i, j] = twins.map((k) => dataset.provenance.sourceRows[k] ?? k);
        advice.push(`rows ${i} and ${j} are equal inputs, so the kernel is singular: remove one of them`);
      } else {
        advice.push("look for nearly equal or parallel inputs, or train more of the tensors");
      }
      break;
    }
    case "residual":
      if (outcome.theorem === "S3") {
        advice.push(
          `raise the output scale A about ${short(1.05 / Math.max(outcome.margin, 1e-300))} times (estimate: the margin of S3 grows in proportion to it)`,
        );
        break;
      }
      advice.push(
        `continue training: if the kernel stays as it is, ‖e‖ must fall below ${short(obstacle.reach)} (it is ${short(obstacle.residual)})`,
        ...widthAdvice(network, outcome),
      );
      break;
    case "step size":
      if (outcome.suggestedStepSize !== null) {
        advice.push(`use a step size of at most ${short(outcome.suggestedStepSize / stepFactor)}`);
      }
      break;
    case "unstable pairs":
      advice.push("continue training: the patterns that may flip become fewer as the residual falls");
      advice.push(...widthAdvice(network, outcome));
      break;
  }
  if (outcome.pairsOnKink > 0) {
    advice.push(
      `${outcome.pairsOnKink} pairs (neuron, sample) sit on the kink of the activation: while they do, nothing can be certified whatever the loss; more width or a smooth activation avoids it`,
    );
  }
  return advice;
}

/** κ falls like 1/√m, and the share of patterns that flip too, when the scales carry the factor 1/√m: then the margin grows like √m. */
function widthAdvice(network: Network, { margin }: TheoremOutcome): string[] {
  if (!architectureOf(network.spec).hasLimit(network.spec) || !(margin > 0 && margin < 1)) return [];
  const widths = network.layers.slice(0, -1).map((layer) => layer.rows);
  const factor = margin ** -2;
  const wanted = Math.min(...widths) * factor;
  if (!(wanted < 1e15)) return [];
  return [`or widen: width ≥ ${short(Math.ceil(wanted))} (estimate: the margin grows like the root of the width)`];
}

/** Two rows with equal entries, whatever their labels. */
function equalInputs({ x }: Dataset): readonly [number, number] | undefined {
  const first = firstEqualRow(x);
  const j = first.findIndex((i, k) => i !== k);
  return j < 0 ? undefined : [first[j], j];
}
