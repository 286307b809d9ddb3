import type { DeskSeries } from "./desk.ts";
import type { Extremes } from "./extremes.ts";
import type { RunSummary } from "./request.ts";

/** A quantity along the measured steps of the run; nothing where fewer than two finite values were seen. */
export function alongRun(
  named: Pick<DeskSeries, "id" | "title" | "caption" | "y">,
  quantities: readonly (readonly [name: string, of: Extremes])[],
  options: { readonly log?: boolean; readonly levels?: DeskSeries["levels"] } = {},
): DeskSeries[] {
  const { log = false, levels = [] } = options;
  const curves = quantities.flatMap(([name, { history }]) => {
    const seen = history.filter(({ value }) => Number.isFinite(value));
    return seen.length < 2 ? [] : [{ name, x: seen.map(({ step }) => step), y: seen.map(({ value }) => value) }];
  });
  if (curves.length === 0) return [];
  return [{ ...named, x: "step", log, curves, levels: levels.filter(({ at }) => Number.isFinite(at)) }];
}

/** The loss of every step beside (1 − ηλ₀/2)^k L(0), `innerStep` being η of ½‖u − y‖². */
export function rateSeries(lambda0: number, innerStep: number, run: RunSummary): DeskSeries[] {
  const kept = run.losses.map((loss, k) => [k, loss] as const).filter(([, loss]) => loss > run.roundingFloor);
  if (kept.length < 2) return [];
  const x = kept.map(([k]) => k);
  const factor = 1 - (innerStep * lambda0) / 2;
  const bound =
    factor > 0 && factor < 1 ? [{ name: "(1 − ηλ₀/2)^k L(0)", x, y: x.map((k) => run.initialLoss * factor ** k) }] : [];
  return [
    {
      id: "rate",
      title: "Loss and the theorem's rate",
      caption:
        "The loss of every step above rounding, and the curve that the theorem promises for random weights at the width it prescribes.",
      x: "step",
      y: "loss",
      log: true,
      curves: [{ name: "loss", x, y: kept.map(([, loss]) => loss) }, ...bound],
    },
  ];
}
