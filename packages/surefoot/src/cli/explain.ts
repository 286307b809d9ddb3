import { Command, InvalidArgumentError } from "commander";
import { createProblem } from "../dynamics/problem.ts";
import { writeAtomically } from "../record/index.ts";
import type { LossSpec } from "../spec/loss.ts";
import { PAPERS, type Paper } from "../theory/desk.ts";
import { explain } from "../theory/explain.ts";
import { resolveStepSize } from "../train/resolve-step-size.ts";
import { describeExplanation } from "./explain-text.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  type CommonArguments,
  type DataArguments,
  finiteNumber,
  lossOption,
  type NetworkArguments,
  openBackend,
  openData,
  openNetwork,
  wholeNumber,
} from "./inputs.ts";
import { stepSizeRule } from "./run-begin.ts";
import { createProgress, print, printJson, say } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";

type Arguments = DataArguments &
  NetworkArguments &
  CommonArguments & {
    loss: LossSpec;
    paper?: readonly Paper[];
    steps: number;
    stepSize: string;
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
        "(local Polyak–Łojasiewicz, positive initialisation).",
    )
    .argument("<data>", "a file or a generator, as for `surefoot certify`");
  addNetworkOptions(addDataOptions(command));
  command
    .addOption(lossOption)
    .option("--paper <names>", `some of ${PAPERS.join(",")} (default: all)`, paperNames)
    .option("--steps <k>", "steps of the run; 0 looks at the initial weights alone", wholeNumber(0), 100)
    .option("--step-size <eta>", "a number, 1/lambda-max, or certified", "1/lambda-max")
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
        "  surefoot explain sphere:n=10,d=30 --init positive:40 --paper chatterjee2022 --network \\\n" +
        '    \'{"kind":"fully-connected","widths":[5,5],"activation":{"kind":"smooth-leaky-relu","slope":0.3},"scaling":"standard"}\'',
    )
    .action(run);
}

async function run(source: string, options: Arguments): Promise<void> {
  const rule = stepSizeRule(options.stepSize);
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  const progress = createProgress();
  try {
    const { network, weights, initialiser } = await openNetwork(options, dataset.x.cols, backend);
    const problem = await createProblem(network, dataset, options.loss, backend);
    const fromFile = options.weights !== undefined;
    const found = await untilInterrupted(
      async (signal) =>
        explain({
          problem,
          weights,
          initialiser: fromFile ? null : initialiser,
          seed: fromFile ? null : options.seed,
          stepSize: await resolveStepSize(rule, problem, weights),
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
      await writeAtomically(options.html, explanationHtml(found));
    }
    for (const file of [options.out, options.html]) if (file !== undefined) say(`written: ${file}`);
  } finally {
    await backend.close();
  }
}

function paperNames(text: string): Paper[] {
  return text.split(",").map((part) => {
    const found = PAPERS.find((paper) => paper === part.trim());
    if (found) return found;
    throw new InvalidArgumentError(`unknown paper "${part.trim()}"; use some of ${PAPERS.join(", ")}.`);
  });
}
