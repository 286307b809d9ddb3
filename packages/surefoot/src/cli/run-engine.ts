import { SurefootError } from "../error.ts";
import { resolveNetwork } from "../network/resolve.ts";
import { loadCheckpoint, openRunFolder } from "../record/index.ts";
import { isSquared } from "../spec/loss.ts";
import { isPlain } from "../spec/optimiser.ts";
import { initialiserFromText } from "../spec/shorthand.ts";
import { chooseEngine } from "../train/engine.ts";
import { openData, readNetworkSpec } from "./inputs.ts";
import { chosenOptimiser } from "./optimiser-options.ts";
import { resumeRun, startRun } from "./run.ts";
import type { StartOptions } from "./run-begin.ts";
import type { FinishedRun } from "./run-follow.ts";
import { runSpec } from "./run-spec.ts";
import type { TrainArguments } from "./train.ts";

/** Starts a run on the engine that `--engine` names, or that suits its size. */
export async function startOn(source: string, options: StartOptions, signal: AbortSignal): Promise<FinishedRun> {
  const squaredDescent = isSquared(options.loss) && isPlain(chosenOptimiser(options));
  if (options.engine === "lazy" && !squaredDescent) {
    throw new SurefootError(
      "argument",
      "--engine lazy simulates plain gradient descent on a squared loss; use --engine direct for another optimiser or loss",
    );
  }
  if (options.engine === "direct" || options.network === undefined || !squaredDescent) {
    return startRun(source, options, signal);
  }
  const spec = readNetworkSpec(options.network);
  if (options.engine === "auto" && spec.kind !== "two-layer-relu") return startRun(source, options, signal);
  const { x } = await openData(source, options);
  const engine = chooseEngine(
    options.engine,
    resolveNetwork(spec, x.cols),
    initialiserFromText(options.init),
    options.weights !== undefined,
    x.rows,
    options.steps ?? 1000,
  );
  if (engine === "direct") return startRun(source, options, signal);
  const { startLazyRun } = await import("./run-lazy.ts"); // only some runs need it
  return startLazyRun(source, options, signal);
}

/** Continues a run on the engine that it was begun with. */
export async function resumeOn(path: string, options: TrainArguments, signal: AbortSignal): Promise<FinishedRun> {
  const { run } = await loadCheckpoint(await openRunFolder(path), runSpec);
  if (run.engine === "direct") return resumeRun(path, options, signal);
  const { resumeLazyRunIn } = await import("./run-lazy.ts");
  return resumeLazyRunIn(path, options, signal);
}
