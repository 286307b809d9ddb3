import { certifyFollowing, initialise, networkSpec, resolveNetwork } from "surefoot";
import { curvesFigure } from "surefoot/figure";
import { digits } from "../digits.ts";
import { numberOf, rowsOf } from "../rows.ts";
import { geometricMean } from "../statistics.ts";
import type { CellContext, Conclusion, Judgement, Row, Study, Tables } from "../study.ts";
import { CLAIMS, EXPECTED, SETTINGS, type Setting } from "./spec.ts";

type Kind = Setting["networks"][number];

/** How far back a certificate can be carried along a run. */
export const study: Study = {
  id: "certify-follow",
  question:
    "From which width on is gradient descent from an ordinary initialisation a theorem, if its first steps are followed?",
  source: "certificates S1 and S2, followed runs",
  setting:
    "MNIST digits 0 and 1, centred unit rows, Gaussian weights, all layers trained (two-layer ReLU: W only), ntk scaling, " +
    "η as S1 or S2 suggest it at the start; everything proved",
  claims: CLAIMS,
  plan: (form) => {
    const setting = SETTINGS[form];
    return {
      parameters: setting,
      cells: setting.networks.flatMap((kind) =>
        setting.widths.flatMap((width) =>
          setting.seeds.map((seed) => ({
            key: `${kind.activation},depth=${kind.depth},m=${width},seed=${seed}`,
            measure: (context: CellContext) => measure(setting, kind, width, seed, context),
          })),
        ),
      ),
      conclude: (tables) => conclude(setting, tables),
    };
  },
};

async function measure(
  { samples, steps }: Setting,
  { activation, depth }: Kind,
  width: number,
  seed: number,
  { backend, signal, progress }: CellContext,
): Promise<Tables> {
  const dataset = await digits(samples, { seed });
  const widths = Array.from({ length: depth }, () => width);
  const spec =
    activation === "relu"
      ? { kind: "two-layer-relu" as const, width }
      : { kind: "fully-connected" as const, widths, activation };
  const network = resolveNetwork(networkSpec.parse(spec), dataset.x.cols);
  const weights = await initialise(network, { kind: "gaussian" }, seed, backend);
  const outcome = await certifyFollowing({
    network,
    weights,
    dataset,
    backend,
    steps,
    signal,
    onProgress: ({ step, loss }) => progress(`width ${width}, step ${step}, loss ${loss.toExponential(1)}`),
  });
  signal.throwIfAborted();
  const certified = outcome.verdict === "certified";
  const last = outcome.followed?.residualNorm ?? outcome.residualNorm;
  return {
    followed: [
      {
        activation,
        depth,
        width,
        seed,
        certified: certified ? 1 : 0,
        steps: outcome.followed?.steps ?? 0,
        distance: outcome.followed?.distance ?? 0,
        firstLoss: outcome.residualNorm === null ? null : 0.5 * outcome.residualNorm ** 2,
        lastLoss: last === null ? null : 0.5 * last ** 2,
      },
    ],
  };
}

function conclude(setting: Setting, tables: Tables): Conclusion {
  const rows = rowsOf(tables, "followed");
  const wide = rows.filter((row) => numberOf(row, "width") >= EXPECTED.width);
  const share = (some: readonly Row[]) => `${some.filter((row) => row.certified === 1).length} of ${some.length}`;
  const relu = rows.filter((row) => row.activation === "relu" && row.certified === 1);
  const smooth = rows.filter((row) => row.activation === "tanh" && row.certified === 1);
  const farthest = (some: readonly Row[]) => some.reduce((most, row) => Math.max(most, numberOf(row, "distance")), 0);
  const byKind = setting.networks.map((kind) => {
    const own = rows.filter((row) => isKind(row, kind));
    const least = setting.widths.find((width) =>
      own.filter((row) => numberOf(row, "width") >= width).every((row) => row.certified === 1),
    );
    return `${nameOf(kind)} ${least === undefined ? "not at all widths tried" : `from ${least} on`}`;
  });
  const judgements: Record<string, Judgement> = {
    "certify-follow-start": {
      verdict: wide.every((row) => row.certified === 1) ? "agrees" : "disagrees",
      measured: `certified at step 0: ${share(wide)} runs of width ${EXPECTED.width} or more, ${share(rows)} in all; ${byKind.join("; ")}`,
    },
    "certify-follow-errors": {
      verdict: relu.length > 0 && farthest(relu) < EXPECTED.distance ? "agrees" : "disagrees",
      measured: `where they are certified, iterates are known within ${farthest(relu).toExponential(1)} (ReLU) and ${farthest(smooth).toExponential(1)} (tanh)`,
    },
  };
  return { judgements, figures: { "certify-follow": lossFigure(setting, rows) } };
}

function isKind(row: Row, { activation, depth }: Kind): boolean {
  return row.activation === activation && row.depth === depth;
}

function nameOf({ activation, depth }: Kind): string {
  return activation === "relu" ? "ReLU" : `tanh, ${depth} hidden`;
}

function lossFigure(setting: Setting, rows: readonly Row[]) {
  const curve = (name: string, column: string, belongs: (row: Row) => boolean) => ({
    name,
    x: setting.widths,
    y: setting.widths.map((width) => {
      const own = rows.filter((row) => belongs(row) && row.width === width && row.certified === 1);
      return own.length > 0 ? geometricMean(own.map((row) => numberOf(row, column))) : null;
    }),
    draw: "line-and-dots" as const,
  });
  return curvesFigure({
    title: "The loss from which convergence is proved by following, and where S1 or S2 certifies",
    caption: `Geometric means over the runs of ${setting.seeds.length} seeds that are certified; ${setting.samples} digits. No point: none is.`,
    x: { label: "width m", scale: "log" },
    y: { label: "training loss", scale: "log" },
    curves: [
      curve("at the start, all networks", "firstLoss", () => true),
      ...setting.networks.map((kind) =>
        curve(`${nameOf(kind)}: where it certifies`, "lastLoss", (row) => isKind(row, kind)),
      ),
    ],
  });
}
