import { Command, InvalidArgumentError, Option } from "commander";
import type { MarginLoss } from "../dynamics/margin-loss.ts";
import { createTrainingProblem, type TrainingProblem } from "../dynamics/problem.ts";
import type { StepSizeSpec } from "../dynamics/step-size.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";
import { writeAtomically } from "../record/index.ts";
import { classificationLossSpec, lossSpec, type NamedLossSpec, namedLossSpec } from "../spec/loss.ts";
import { GRADIENT_DESCENT } from "../spec/optimiser.ts";
import { PAPERS, type Paper } from "../theory/desk.ts";
import { explain } from "../theory/explain.ts";
import { marginStepSize } from "../theory/zou/runs.ts";
import { resolveStepSize } from "../train/resolve-step-size.ts";
import { describeExplanation } from "./explain-text.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  type CommonArguments,
  type DataArguments,
  finiteNumber,
  type NetworkArguments,
  openBackend,
  openData,
  openNetwork,
  wholeNumber,
} from "./inputs.ts";
import { isLossFile, lossFromFile } from "./loss-file.ts";
import { stepSizeRule } from "./run-begin.ts";
import { createProgress, print, printJson, say } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";

const NAMES = [...lossSpec.options, ...classificationLossSpec.options];

type Arguments = DataArguments &
  NetworkArguments &
  CommonArguments & {
    loss?: string;
    batch?: number;
    batchSeed?: number;
    paper?: readonly Paper[];
    steps: number;
    stepSize?: string;
    every: number;
    delta: number;
    epsilon: number;
    float?: boolean;
    html?: string;
    out?: string;
  };

export function explainCommand(): Command {
  const command = new Command("explain")
    .summary("what the papers claim, next to what is measured here")
    .description(
      "Makes a short run and lays the hypotheses and intermediate claims of each paper\n" +
        "next to what was measured along it, with the widths, step sizes and numbers of\n" +
        "steps that the paper prescribes, in powers of ten, beside the certificate.\n\n" +
        "  holds, fails   the inequality, for the numbers of this run\n" +
        "  open           the paper leaves a constant unknown, or nothing can be decided\n\n" +
        "Papers: du2018 (two-layer ReLU), flow (the kernel view of gradient flow),\n" +
        "du2019 (deep, smooth), zou2019 (deep ReLU, classification), chatterjee2022\n" +
        "(local Polyak–Łojasiewicz, positive initialisation). Of classification losses and\n" +
        "batches speaks zou2019, of any loss flow.",
    )
    .argument("<data>", "a file or a generator, as for `surefoot certify`");
  addNetworkOptions(addDataOptions(command));
  command
    .addOption(
      new Option(
        "--loss <name>",
        `${NAMES.join(", ")}, or a JavaScript file whose default export is { name, value(z), slope(z) } for a loss of the margin z = y·u ` +
          "(default: sum; logistic where zou2019 is the only paper)",
      ),
    )
    .option("--batch <B>", "gradient descent on B samples, drawn anew in every step", wholeNumber(1))
    .option("--batch-seed <n>", "of the batches", wholeNumber(0))
    .option("--paper <names>", `some of ${PAPERS.join(",")} (default: all)`, paperNames)
    .option("--steps <k>", "steps of the run; 0 looks at the initial weights alone", wholeNumber(0), 100)
    .option(
      "--step-size <eta>",
      "a number, 1/lambda-max, or certified (default: 1/lambda-max, half of it for a classification loss)",
    )
    .option("--every <k>", "measure every k steps", wholeNumber(1), 1)
    .option("--delta <p>", "failure probability that the statements are evaluated for", finiteNumber, 0.05)
    .option("--epsilon <x>", "accuracy that the statements are evaluated for", finiteNumber, 1e-3)
    .option("--float", "compute the certificates in floating point instead of proving them")
    .option("--html <file>", "write the tables as one self-contained page")
    .option("--out <file>", "write the result as JSON");
  return addCommonOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot explain sphere:n=10,d=20 --network two-layer-relu:4096 --paper du2018,flow --html desks.html\n" +
        "  surefoot explain two-clusters:n=20,d=5 --mu 0.3 --init he --loss logistic --batch 4 --network \\\n" +
        '    \'{"kind":"fully-connected","widths":[128,128],"activation":"relu","scaling":"standard","frozen":["W3"]}\'\n' +
        "  surefoot explain sphere:n=10,d=30 --init positive:40 --paper chatterjee2022 --network \\\n" +
        '    \'{"kind":"fully-connected","widths":[5,5],"activation":{"kind":"smooth-leaky-relu","slope":0.3},"scaling":"standard"}\'',
    )
    .action(run);
}

async function run(source: string, options: Arguments): Promise<void> {
  const rule = options.stepSize === undefined ? undefined : stepSizeRule(options.stepSize);
  const loss = await chosenLoss(options);
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  const progress = createProgress();
  try {
    const { network, weights, initialiser } = await openNetwork(options, dataset.x, backend);
    const problem = await createTrainingProblem(network, dataset, loss, backend);
    const optimiser = chosenBatch(options);
    const fromFile = options.weights !== undefined;
    const found = await untilInterrupted(
      async (signal) =>
        explain({
          problem,
          weights,
          initialiser: fromFile ? null : initialiser,
          seed: fromFile ? null : options.seed,
          stepSize: await stepSizeOf(rule, problem, weights),
          optimiser,
          steps: options.steps,
          every: options.every,
          delta: options.delta,
          epsilon: options.epsilon,
          mode: options.float ? "float" : "proved",
          ...(options.paper ? { papers: options.paper } : {}),
          signal,
          onProgress: (line) => progress.update(line),
        }),
      "the tables will speak of the steps made so far",
    );
    progress.clear();
    if (options.json) printJson(found);
    else for (const line of describeExplanation(found)) print(line);
    if (options.out !== undefined) await writeAtomically(options.out, `${JSON.stringify(found, null, 1)}\n`);
    if (options.html !== undefined) {
      const { explanationHtml } = await import("../report/explanation-html.ts");
      const { nodeDocument } = await import("../figure/node.ts");
      await writeAtomically(options.html, explanationHtml(found, nodeDocument()));
    }
    for (const file of [options.out, options.html]) if (file !== undefined) say(`written: ${file}`);
  } finally {
    await backend.close();
  }
}

/** The loss that is asked for; without one that of the papers. */
async function chosenLoss({ loss, paper }: Arguments): Promise<NamedLossSpec | MarginLoss> {
  if (loss === undefined) return paper?.length === 1 && paper[0] === "zou2019" ? "logistic" : "sum";
  if (isLossFile(loss)) return lossFromFile(loss);
  const named = namedLossSpec.safeParse(loss);
  if (named.success) return named.data;
  throw new SurefootError("argument", `--loss ${loss}: use one of ${NAMES.join(", ")}, or a JavaScript file`);
}

function chosenBatch({ batch, batchSeed }: Arguments) {
  if (batch === undefined && batchSeed !== undefined) {
    throw new SurefootError("argument", "--batch-seed needs a batch: give --batch B");
  }
  const drawn =
    batch === undefined ? {} : { batch: { size: batch, seed: batchSeed ?? 0, sampling: "independent" as const } };
  return { ...GRADIENT_DESCENT, ...drawn };
}

function stepSizeOf(rule: StepSizeSpec | undefined, problem: TrainingProblem, weights: Weights): Promise<number> {
  if (rule === undefined && problem.objective.margin) return marginStepSize(problem, weights);
  return resolveStepSize(rule ?? "1/lambda-max", problem, weights);
}

function paperNames(text: string): Paper[] {
  return text.split(",").map((part) => {
    const found = PAPERS.find((paper) => paper === part.trim());
    if (found) return found;
    throw new InvalidArgumentError(`unknown paper "${part.trim()}"; use some of ${PAPERS.join(", ")}.`);
  });
}
