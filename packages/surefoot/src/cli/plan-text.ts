import type { CertifyOutcome } from "../certify/index.ts";
import type { Plan, PlannedSteps, ScalePlan, WidthPlan } from "../plan/index.ts";
import { power, wrap } from "./explain-text.ts";
import { format, formatFactor, table } from "./terminal.ts";

/** A plan for reading; `source` is DATA as the user wrote it. */
export function describePlan(plan: Plan, source: string): string[] {
  const { data, n, d, impossible, target, loss } = plan;
  const lines = [`${data.source}: n = ${n}, d = ${d}; target ${format(target)} (${loss} loss)`];
  if (impossible) return [...lines, "", "IMPOSSIBLE", impossible.statement];
  for (const width of plan.widths) lines.push("", ...widthLines(width, plan, source));
  if (plan.scale) lines.push("", ...scaleLines(plan.scale, plan, source));
  if (plan.orders.length > 0) {
    lines.push("", "What the papers prescribe (order only: every hidden constant taken as 1)");
    lines.push(
      table(plan.orders.map(({ quantity, source: paper, log10 }) => [`${quantity}  [${paper}]`, power(log10)])),
    );
  }
  if (plan.notes.length > 0) lines.push("", ...plan.notes.flatMap((note) => wrap(note, 100)));
  return lines;
}

function widthLines(
  { start, recommended, predicted, status, width, certified, seed, certificate, steps, attempts }: WidthPlan,
  plan: Plan,
  source: string,
) {
  const title = `Width, ${start} start${recommended ? " (recommended)" : ""}`;
  const rows: [string, string][] = [
    [
      "predicted",
      predicted.width === null ? `– (${predicted.how})` : `${format(predicted.width)}   (${predicted.how})`,
    ],
  ];
  if (width === null || certified === null) {
    const why = { "too-wide": "none up to the greatest width allowed", interrupted: "interrupted", found: "" }[status];
    rows.push(["least width", `not found: ${why} (${format(attempts)} networks tried)`]);
    return [title, table(rows)];
  }
  const { successes, trials, lower, upper, confidence } = certified;
  rows.push(
    ["least width", `${format(width)}   (sampled: ${successes} of ${trials} fresh draws certified)`],
    [
      "certified share of seeds",
      `${format(lower)} to ${format(upper)}   (Clopper–Pearson, ${format(100 * confidence)} %)`,
    ],
    ...certificateRows(certificate, steps, `seed ${seed}`),
  );
  const network = plan.network.kind === "two-layer-relu" ? `two-layer-relu:${width}` : shorthand(plan, width);
  return [title, table(rows), ...next(source, network, start, seed ?? 0)];
}

function scaleLines(
  { unplanned, predictedFlow, scale, certificate, steps, fastest }: ScalePlan,
  plan: Plan,
  source: string,
): string[] {
  const title = "Output scale A of the positive initialisation";
  if (unplanned !== null) return [title, `  none: ${unplanned}`];
  const rows: [string, string][] = [
    ["predicted, for the flow", `${format(predictedFlow)}   (S3 from λ_min of the inputs and ‖y‖)`],
  ];
  if (scale === null) return [title, table([...rows, ["least A", "not found"]])];
  rows.push(
    ["least A", `${format(scale)}   (proved: this start has no randomness)`],
    ...certificateRows(certificate, steps, "it"),
  );
  if (fastest && fastest.scale !== scale)
    rows.push(
      [
        "A for the fewest certified steps",
        `${format(fastest.scale)}   (proved, of eight scales up to 5 times the least)`,
      ],
      ...certificateRows(fastest.certificate, fastest.steps, "it"),
    );
  return [title, table(rows), ...next(source, JSON.stringify(plan.network), `positive:${fastest?.scale ?? scale}`, 0)];
}

function certificateRows(
  certificate: CertifyOutcome | null,
  steps: PlannedSteps | null,
  what: string,
): [string, string][] {
  if (certificate === null)
    return [["certificate", "not proved here: the network is too wide to hold; `certify --engine lazy` streams it"]];
  const { theorem, verdict, margin, warrant, stepSize, ratePerStep } = certificate;
  const rows: [string, string][] = [
    [`certificate of ${what}`, `${verdict} by ${theorem}, margin ${format(margin)} (${warrant})`],
  ];
  if (stepSize === null || steps === null) return rows;
  return [
    ...rows,
    ["step size", `${format(stepSize)}   (${warrant})`],
    ["loss falls per step", `to (${formatFactor(ratePerStep ?? Number.NaN)}) times itself or less   (${warrant})`],
    ["steps to the target", `at most ${format(steps.certified)}   (${warrant})`],
    ["steps to expect", `${format(steps.predicted)}   (computed: linear dynamics of K(θ₀))`],
  ];
}

function shorthand({ network }: Plan, width: number): string {
  return JSON.stringify(network.kind === "fully-connected" ? { ...network, widths: [width] } : { ...network, width });
}

function next(source: string, network: string, init: string, seed: number): string[] {
  const quoted = /[{"]/.test(network) ? `'${network}'` : network;
  return [
    "  to write these weights for PyTorch or JAX:",
    `    surefoot init ${source} --network ${quoted} --init ${init} --seed ${seed} --out weights.safetensors`,
  ];
}
