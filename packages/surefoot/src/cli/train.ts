import { constants } from "node:os";
import { Command, type Command as CommanderCommand, Option } from "commander";
import { PROBE_NAMES, type ProbeName } from "../dynamics/probe.ts";
import { SurefootError } from "../error.ts";
import { classificationLossSpec, lossSpec, type NamedLossSpec } from "../spec/loss.ts";
import { isPlain, OPTIMISER_FORMS, SCHEDULE_FORMS } from "../spec/optimiser.ts";
import type { EngineChoice } from "../train/engine.ts";
import { EXIT, exitCodeOf } from "./exit-code.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  byteCount,
  type CommonArguments,
  type DataArguments,
  engineOption,
  finiteNumber,
  type NetworkArguments,
  wholeNumber,
} from "./inputs.ts";
import { resumeOn, startOn } from "./run-engine.ts";
import type { FinishedRun } from "./run-follow.ts";
import { print, printJson, say } from "./terminal.ts";
import { DIVERGED, summary } from "./train-summary.ts";

export type TrainArguments = DataArguments &
  NetworkArguments &
  CommonArguments & {
    loss: NamedLossSpec;
    optimiser?: string;
    schedule?: string;
    batch?: number;
    batchSeed?: number;
    batchSampling?: "independent" | "epochs";
    steps?: number;
    stepSize?: string;
    targetLoss?: number;
    probes: string;
    probeEvery?: number;
    out?: string;
    overwrite?: boolean;
    resume?: string;
    float?: boolean;
    engine: EngineChoice;
    memoryLimit?: number;
  };

export function trainCommand(): Command {
  const command = new Command("train")
    .summary("train by gradient descent and certify along the way")
    .description(
      "Trains by full-batch gradient descent, offers the weights to the theorems as\n" +
        "it goes, announces the first step from which convergence is certified, and\n" +
        "checks that the run then stays under the certified curve.\n\n" +
        "With --out DIR leaves record.parquet (step, loss, lambdaMin, certifiedLoss,\n" +
        "margin, …), the weights, the certificate, figures (SVG, PNG) and report.html.\n" +
        "Ctrl-C leaves a valid record; --resume DIR goes on from it.\n\n" +
        "Other optimisers and losses train too (docs/optimisers.md), but the theorems\n" +
        "speak of plain gradient descent on a squared loss: of another optimiser the\n" +
        "margin says whether gradient descent from its weights would be certified.\n\n" +
        "Exit code 0: certified; 3: undecided; 4: zero loss is impossible; 1: diverged.",
    )
    .argument("[data]", "a file or a generator, as for `surefoot certify`; not with --resume");
  addNetworkOptions(addDataOptions(command));
  command
    .addOption(
      new Option(
        "--loss <name>",
        "½‖u−y‖² (sum), times 1/n (half-mean) or 2/n (mean); or for labels ±1 a mean of ℓ(y·u)",
      )
        .choices([...lossSpec.options, ...classificationLossSpec.options])
        .default("sum" satisfies NamedLossSpec),
    )
    .option("--optimiser <how>", `${OPTIMISER_FORMS.join(", ")}, or JSON (default: gradient-descent)`)
    .option("--schedule <how>", `of the step size: ${SCHEDULE_FORMS.join(", ")}, or JSON`)
    .option("--batch <B>", "look at B samples in each step", wholeNumber(1))
    .option("--batch-seed <n>", "seed of the batches (default 0)", wholeNumber(0))
    .addOption(
      new Option(
        "--batch-sampling <how>",
        "B samples anew in every step, or passes over all (default independent)",
      ).choices(["independent", "epochs"]),
    )
    .option("--steps <k>", "number of steps (default 1000; with --resume: the run's own)", wholeNumber(1))
    .option(
      "--step-size <eta>",
      "a number, 1/lambda-max, or certified (default: 1/lambda-max; adam 0.001, rmsprop 0.01)",
    )
    .option("--target-loss <x>", "stop when the loss is at most this", finiteNumber)
    .option(
      "--probes <names>",
      `what to record besides the loss and the margin: ${PROBE_NAMES.join(",")}`,
      PROBE_NAMES.join(","),
    )
    .option(
      "--probe-every <k>",
      "probe every k steps (default: as often as costs no more than training)",
      wholeNumber(1),
    )
    .addOption(
      engineOption(
        "direct, or lazy: the same iterates of a two-layer-relu network at any width, paid for by sign flips (auto: by size)",
      ),
    )
    .option("--memory-limit <bytes>", "lazy: refuse to hold more, e.g. 2GB (default: ¾ of the machine)", byteCount)
    .option("--float", "announce a certificate computed in floating point instead of a proved one")
    .option("--out <dir>", "folder for the record, weights, certificate, figures and report")
    .option("--overwrite", "replace a run that is already in the folder")
    .option("--resume <dir>", "continue an interrupted run");
  return addCommonOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot train examples/data/mnist-1000.npz --classes 0,1 --samples 100 --normalize center,unit-rows \\\n" +
        "    --network tanh:512 --steps 4000 --out runs/zero-or-one\n" +
        "  surefoot train sphere:n=10,d=20 --network tanh:1000 --steps 60 --step-size certified\n" +
        "  surefoot train sphere:n=10,d=20 --network tanh:1000 --optimiser momentum:0.9 --schedule cosine:500 --steps 500\n" +
        '  surefoot train two-clusters:n=40,d=5 --network \'{"kind":"fully-connected","widths":[64,64],"activation":"relu",\n' +
        '    "scaling":"standard","frozen":["W3"]}\' --init he --mu 0.3 --loss logistic --optimiser sgd:8 --step-size 0.1\n' +
        "  surefoot train sphere:n=10,d=20 --network two-layer-relu:10000000 --init antisymmetric --steps 200 --engine lazy",
    )
    .action(run);
}

/** What asks a run to stop and keep what it has: Ctrl-C, and the wish of an operating system or a scheduler. */
const STOPPING = ["SIGINT", "SIGTERM"] as const;
/** A shell's exit code of a command that a signal ended is this and the signal's number. */
const SIGNALLED = 128;

async function run(source: string | undefined, options: TrainArguments, command: CommanderCommand): Promise<void> {
  const controller = new AbortController();
  let exitCode = 0;
  const interrupt = (name: NodeJS.Signals) => {
    exitCode = SIGNALLED + constants.signals[name];
    if (controller.signal.aborted) process.exit(exitCode);
    controller.abort();
    say("\nstopping after this step; press Ctrl-C again to stop at once");
  };
  for (const name of STOPPING) process.on(name, interrupt);
  try {
    const finished =
      options.resume === undefined ? await fresh(source, options) : await resumed(source, options, command);
    report(finished, options);
    if (finished.result.stopped === "interrupted") process.exitCode = exitCode;
  } finally {
    for (const name of STOPPING) process.off(name, interrupt);
  }

  function fresh(data: string | undefined, given: TrainArguments): Promise<FinishedRun> {
    if (data === undefined) throw new SurefootError("argument", "name the data to train on (or --resume DIR)");
    return startOn(data, { ...given, probes: probeNames(given.probes) }, controller.signal);
  }

  function resumed(data: string | undefined, given: TrainArguments, self: CommanderCommand): Promise<FinishedRun> {
    const allowed = new Set(["resume", "steps", "backend", "threads", "json", "targetLoss", "memoryLimit"]);
    const extra = Object.keys(given).filter((name) => self.getOptionValueSource(name) === "cli" && !allowed.has(name));
    if (data !== undefined || extra.length > 0) {
      const what = data !== undefined ? "DATA" : `--${extra[0].replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`;
      throw new SurefootError("argument", `--resume continues the run as it was begun: leave out ${what}`);
    }
    return resumeOn(given.resume ?? "", given, controller.signal);
  }
}

function probeNames(text: string): ProbeName[] {
  const names = text.split(",").map((name) => name.trim());
  const chosen = names.filter((name) => name !== "" && name !== "none");
  for (const name of chosen) {
    if (!(PROBE_NAMES as readonly string[]).includes(name)) {
      throw new SurefootError("argument", `unknown probe "${name}"; use some of ${PROBE_NAMES.join(", ")}, or none`);
    }
  }
  return chosen as ProbeName[];
}

function report(finished: FinishedRun, options: TrainArguments): void {
  const { result, verdict } = finished;
  if (!options.json) for (const line of summary(finished)) print(line);
  else {
    if (result.stopped === "diverged") say(DIVERGED);
    printJson({
      steps: result.state.step,
      initialLoss: result.initialLoss,
      finalLoss: Number.isFinite(result.state.loss) ? result.state.loss : null,
      certifiedStep: result.certified?.step ?? null,
      verdict,
      stopped: result.stopped,
      engine: finished.spec.engine,
      optimiser: finished.spec.optimiser,
      descentCertifiable: result.descentCertifiable,
      stepSize: finished.stepSize,
      loss: finished.loss,
      probeEvery: result.probeEvery,
      curveViolations: result.curveViolations,
      certificate: isPlain(finished.spec.optimiser) ? (result.certified?.outcome ?? finished.lastOutcome) : null,
      descentFromLastWeights: isPlain(finished.spec.optimiser) ? null : finished.lastOutcome,
      backend: finished.backend,
      files: finished.files,
    });
  }
  process.exitCode = result.stopped === "diverged" ? EXIT.failure : exitCodeOf(verdict);
}
