import { type Certified, createProblem, generate, initialise, networkSpec, resolveNetwork, train } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { kernelAt } from "../descend.ts";
import { lambdaMax } from "../measure.ts";
import { column, numberOf, rowsOf } from "../rows.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, SETTINGS, type Setting } from "./spec.ts";

/** When a run becomes a theorem. */
export const study: Study = {
  id: "certify-step",
  question: "At which step k* of training does convergence become a theorem, against width, depth and activation?",
  source: "certificates S1 and S2",
  setting:
    "unit sphere, N(0, 1) labels, antisymmetric draws (u(0) = 0), all layers trained (two-layer ReLU: W only), ntk scaling, " +
    "η = ½/λ_max(K(0)), probed at every step",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.runs.flatMap((run) =>
        setting.widths.flatMap((width) =>
          setting.seeds.map((seed) => ({
            key: `${run.activation},depth=${run.depth},m=${width},seed=${seed}`,
            measure: (context: CellContext) => measure(setting, run, width, seed, context),
          })),
        ),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(
  setting: Setting,
  { activation, depth }: Setting["runs"][number],
  width: number,
  seed: number,
  { backend, signal, progress }: CellContext,
): Promise<Tables> {
  const { n, d, steps } = setting;
  const dataset = generate({ kind: "sphere", n, d, seed, labels: "gaussian" });
  const widths = Array.from({ length: depth }, () => width);
  const spec =
    activation === "relu"
      ? { kind: "two-layer-relu" as const, width }
      : { kind: "fully-connected" as const, widths, activation };
  const network = resolveNetwork(networkSpec.parse(spec), d);
  const weights = await initialise(network, { kind: "antisymmetric" }, seed, backend);
  const problem = await createProblem(network, dataset, "sum", backend);
  const stepSize = 0.5 / (await lambdaMax(await kernelAt(problem, weights), backend));
  const run = train(problem, weights, { stepSize, steps, probes: [], mode: "float", probeEvery: 1, signal });
  let certified: Certified | undefined;
  let [first, violations, after] = [Number.NaN, 0, 0];
  for await (const event of run) {
    if (event.kind === "certified") certified = event.certified;
    else {
      const { step, loss, margin, certifiedLoss } = event.row;
      if (step === 0) first = loss;
      violations = event.curveViolations;
      if (certifiedLoss !== null && ++after > FOLLOWED) break;
      if (step % 10 === 0) progress(`step ${step}, margin ${margin?.toPrecision(3) ?? "–"}`);
    }
  }
  signal.throwIfAborted();
  const found = { step: certified?.step ?? null, share: certified ? certified.loss / first : null, violations };
  return { steps: [{ activation, depth, width, seed, ...found }] };
}

/** Steps after k* over which the loss is held to the certified curve. */
const FOLLOWED = 50;

const nameOf = ({ activation, depth }: Setting["runs"][number]) => `${activation}, ${depth} hidden`;

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "steps");
  const medians = setting.runs.map((run) => ({
    run,
    name: nameOf(run),
    steps: setting.widths.map((width) => median(rows, run, width)),
  }));
  const text = medians.map(({ name, steps }) => `${name}: ${steps.map((k) => k ?? "–").join(", ")}`).join("; ");
  // a run that is never certified counts as later than all others
  const order = (k: number | null) => k ?? Number.POSITIVE_INFINITY;
  const falling = medians.filter(({ steps }) => steps.every((k, i) => i === 0 || order(k) <= order(steps[i - 1])));
  const shallow = medians.filter(({ run }) => run.depth === 1);
  const deeper = medians.filter(({ run }) => run.depth > 1);
  const later = deeper.every(({ run, steps }) => {
    const twin = shallow.find((other) => other.run.activation === run.activation);
    return twin?.steps.every((k, i) => order(k) <= order(steps[i])) ?? false;
  });
  const violations = column(rows, "violations").reduce((sum, v) => sum + v, 0);
  const certified = rows.filter((row) => row.step !== null).length;
  const judgements: Record<string, Judgement> = {
    "certify-step-width": {
      verdict:
        falling.length === medians.length && shallow.some(({ steps }) => steps[steps.length - 1] === 0)
          ? "agrees"
          : "disagrees",
      measured: `median k* at widths ${setting.widths.join(", ")} (–: not within ${setting.steps} steps): ${text}`,
    },
    "certify-step-depth":
      deeper.length === 0
        ? { verdict: "not comparable", measured: "this form runs no deeper network" }
        : { verdict: later ? "agrees" : "disagrees", measured: text },
    "certify-step-obeys": {
      verdict: violations === 0 ? "agrees" : "disagrees",
      measured: `${violations} losses above the certified curve in ${certified} certified runs of ${rows.length}`,
    },
  };
  return { judgements, figures: { "certify-step": figure(setting, medians) } };
}

/** The median over the seeds; null where most runs are not certified. */
function median(rows: readonly Row[], { activation, depth }: Setting["runs"][number], width: number): number | null {
  const mine = rows.filter((row) => row.activation === activation && row.depth === depth && row.width === width);
  const steps = mine
    .map((row) => (row.step === null ? Number.POSITIVE_INFINITY : numberOf(row, "step")))
    .sort((a, b) => a - b);
  const middle = steps[Math.floor((steps.length - 1) / 2)];
  return Number.isFinite(middle) ? middle : null;
}

function figure(
  setting: Setting,
  medians: readonly { readonly name: string; readonly steps: readonly (number | null)[] }[],
) {
  return curvesFigure({
    title: "The certification step against the width",
    caption: `Median over ${setting.seeds.length} seeds of the first step at which a theorem covers the run; no point: not certified within ${setting.steps} steps. n = ${setting.n}, d = ${setting.d}.`,
    x: { label: "width m", scale: "log" },
    y: { label: "certification step k*", scale: "linear", include: [0] },
    curves: medians.map(({ name, steps }) => ({
      name,
      x: setting.widths.slice(),
      y: steps.slice(),
      draw: "line-and-dots" as const,
    })),
  });
}
