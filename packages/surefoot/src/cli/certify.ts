import { Command } from "commander";
import { type Certified, certifyToFile, formatCertificate } from "../certificate/index.ts";
import { type CertifyOutcome, certify, certifyFollowing, type FollowingOptions } from "../certify/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { SurefootError } from "../error.ts";
import { resolveNetwork } from "../network/resolve.ts";
import { writeAtomically } from "../record/index.ts";
import type { LossSpec } from "../spec/loss.ts";
import { initialiserFromText } from "../spec/shorthand.ts";
import { chooseCertifyEngine, type Engine, type EngineChoice } from "../train/engine.ts";
import { exitCodeOf } from "./exit-code.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  byteCount,
  type CommonArguments,
  type DataArguments,
  engineOption,
  finiteNumber,
  lossOption,
  type NetworkArguments,
  openBackend,
  openData,
  openNetwork,
  readNetworkSpec,
  storedDataOptions,
  wholeNumber,
} from "./inputs.ts";
import { createProgress, format, formatFactor, print, printJson, say, table } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";
import { VERSION } from "./version.ts";

export type CertifyArguments = DataArguments &
  NetworkArguments &
  CommonArguments & {
    loss: LossSpec;
    stepSize?: number;
    float?: boolean;
    out?: string;
    follow?: number;
    engine: EngineChoice;
    memoryLimit?: number;
  };

export function certifyCommand(): Command {
  const command = new Command("certify")
    .summary("is convergence from these weights a theorem?")
    .description(
      "Decides whether it is a theorem that gradient descent, started at these\n" +
        "weights on these data, reaches zero training loss; if so prints the step size,\n" +
        "the rate, and how far the weights can move.\n\n" +
        "  certified   the hypotheses of a theorem hold (exit 0)\n" +
        "  undecided   nothing follows either way; what would help is printed (exit 3)\n" +
        "  impossible  no weights whatever have zero loss; the rows that contradict\n" +
        "              each other are named (exit 4)\n\n" +
        "S1 covers smooth activations of any depth, S2 the two-layer ReLU network.\n" +
        "Weights come from --init and --seed, or from a file: the start of training\n" +
        "or any checkpoint along it. `certified` is proved for the exact real numbers\n" +
        "that the files hold (docs/proof.md), unless --float is given.",
    )
    .argument("<data>", "a file (.npz, .csv, .parquet, x.npy,y.npy, IDX) or a generator such as sphere:n=10,d=20");
  addNetworkOptions(addDataOptions(command));
  command
    .addOption(lossOption)
    .option("--step-size <eta>", "certify this step size (default: the largest that can be certified)", finiteNumber)
    .option(
      "--follow <steps>",
      "where S1 does not certify yet: follow gradient descent from these weights for at most so many steps, with proved error bounds, until it does",
      wholeNumber(0),
    )
    .addOption(
      engineOption("hold all weights, or draw neurons of a two-layer-relu network and drop them (auto: by size)"),
    )
    .option("--memory-limit <bytes>", "lazy: refuse to hold more, e.g. 1GB (default: ¾ of the machine)", byteCount)
    .option("--float", "compute the hypotheses in floating point instead of proving them: quicker, and not a proof")
    .option("--out <file>", "if certified, write the certificate file that `surefoot verify` checks");
  return addCommonOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot certify orthonormal:n=10,d=10 --network two-layer-relu:1000 --init antisymmetric\n" +
        "  surefoot certify sphere:n=10,d=20 --network tanh:4096 --init antisymmetric --out certificate.json\n" +
        "  surefoot certify sphere:n=10,d=10 --network two-layer-relu:1000000000 --init antisymmetric --engine lazy\n" +
        "  surefoot certify digits.npz --classes 0,1 --network tanh:64,64 --follow 5000\n" +
        "  surefoot certify iris.csv --classes setosa,virginica --network tanh:2000 --weights run/weights.safetensors",
    )
    .action(run);
}

async function run(source: string, options: CertifyArguments): Promise<void> {
  checkFollow(options);
  const dataset = await openData(source, options);
  if (engineOf(options, dataset) === "lazy") return certifyStreaming(dataset, options);
  const backend = await openBackend(options);
  try {
    const { network, weights, origin } = await openNetwork(options, dataset.x, backend);
    const request = {
      network,
      weights,
      dataset,
      loss: options.loss,
      backend,
      mode: options.float ? ("float" as const) : ("proved" as const),
      ...(options.stepSize !== undefined ? { stepSize: options.stepSize } : {}),
    };
    const { out, follow } = options;
    const stored = { dataOptions: storedDataOptions(options), origin, version: VERSION };
    const { outcome, certificate }: Certified =
      follow !== undefined
        ? { outcome: await following({ ...request, steps: follow }) }
        : out === undefined
          ? { outcome: await certify(request) }
          : await certifyToFile({ ...request, ...stored });
    if (certificate && out !== undefined) await writeAtomically(out, formatCertificate(certificate));
    const context = {
      n: dataset.x.rows,
      d: dataset.x.cols,
      parameters: network.parameters,
      network: network.spec,
      weights: origin,
      data: dataset.provenance,
    };
    if (options.json) printJson({ ...outcome, ...context, ...(certificate ? { certificate: out } : {}) });
    else print(describeOutcome(outcome));
    if (out !== undefined)
      say(certificate ? `certificate written to ${out}` : `${out} not written: nothing is certified`);
    process.exitCode = exitCodeOf(outcome.verdict);
  } finally {
    await backend.close();
  }
}

function checkFollow({ follow, float, out, engine }: CertifyArguments): void {
  if (follow === undefined) return;
  const refused = (why: string) => new SurefootError("argument", `--follow ${why}`);
  if (float) throw refused("proves every step: leave out --float");
  if (engine === "lazy") throw refused("is for smooth networks (S1), --engine lazy for two-layer-relu (S2)");
  if (out !== undefined) {
    throw refused(
      "has no certificate file: a checker would have to repeat every step. Leave out --out; --json keeps the result",
    );
  }
}

function following(request: Omit<FollowingOptions, "signal" | "onProgress">): Promise<CertifyOutcome> {
  const progress = createProgress();
  const work = (signal: AbortSignal) =>
    certifyFollowing({
      ...request,
      signal,
      onProgress: ({ step, loss, distance, margin }) =>
        progress.update(
          `step ${step}: loss ${format(loss)}, known within ${format(distance)}, margin ${format(margin)}`,
        ),
    }).finally(progress.clear);
  return untilInterrupted(work, "what is known so far is printed");
}

function engineOf({ engine, network, init, weights, follow }: CertifyArguments, { x }: Dataset): Engine {
  if (engine === "direct" || network === undefined || follow !== undefined) return "direct";
  const resolved = resolveNetwork(readNetworkSpec(network), x.cols);
  return chooseCertifyEngine(engine, resolved, initialiserFromText(init), weights !== undefined, x.rows);
}

async function certifyStreaming(dataset: Dataset, options: CertifyArguments): Promise<void> {
  const { certifyLazily } = await import("./certify-lazy.ts"); // only some certificates need it
  const { outcome, ...context } = await certifyLazily(dataset, options);
  if (options.json) printJson({ ...outcome, ...context });
  else print(describeOutcome(outcome));
  process.exitCode = exitCodeOf(outcome.verdict);
}

/** A verdict for reading. */
export function describeOutcome(outcome: CertifyOutcome): string {
  const lines = [outcome.verdict.toUpperCase(), "", outcome.statement, ""];
  const rows: [string, string][] = [];
  if (outcome.theorem) rows.push(["theorem", `${outcome.theorem}, ${outcome.form} form`]);
  if (outcome.margin !== null) rows.push(["margin", `${format(outcome.margin)}   (certified above 1)`]);
  if (outcome.stepSize !== null) rows.push(["step size η", `${format(outcome.stepSize)}   (${outcome.loss} loss)`]);
  if (outcome.ratePerStep !== null)
    rows.push(["loss falls per step", `to (${formatFactor(outcome.ratePerStep)}) times itself or less`]);
  if (outcome.flowRate !== null)
    rows.push(["along gradient flow", `loss(t) ≤ e^(−${format(outcome.flowRate)} t) loss(0)`]);
  if (outcome.radius !== null) rows.push(["weights stay within", format(outcome.radius)]);
  if (outcome.lambdaMin !== null)
    rows.push(["λ_min, λ_max", `${format(outcome.lambdaMin)}, ${format(outcome.lambdaMax)}`]);
  if (outcome.residualNorm !== null) rows.push(["‖u − y‖", format(outcome.residualNorm)]);
  if (outcome.followed) {
    const { steps, distance, residualNorm, ratePerStepAfter: after } = outcome.followed;
    rows.push(["steps followed", `${steps}, to within ${format(distance)}`]);
    rows.push([`‖u − y‖ after ${steps}`, format(residualNorm)]);
    if (after !== null) rows.push(["loss falls from there", `to (${formatFactor(after)}) times itself or less`]);
  }
  if (rows.length > 0) lines.push(table(rows), "");
  for (const hypothesis of outcome.hypotheses) {
    const mark = hypothesis.status === "failed" ? "✗" : "✓";
    const how = hypothesis.status === "failed" ? "does not hold" : hypothesis.how;
    lines.push(`  ${mark} ${hypothesis.statement}   [${how}]`);
  }
  if (outcome.advice.length > 0) {
    lines.push("", "What would help:");
    for (const advice of outcome.advice) lines.push(`  · ${advice}`);
  }
  return lines.join("\n");
}
