import { Command, Option } from "commander";
import { PLAN_STARTS, type Plan, type PlanStart, plan } from "../plan/index.ts";
import { writeAtomically } from "../record/index.ts";
import type { LossSpec } from "../spec/loss.ts";
import { exitCodeOf } from "./exit-code.ts";
import {
  addCommonOptions,
  addDataOptions,
  byteCount,
  type CommonArguments,
  type DataArguments,
  finiteNumber,
  lossOption,
  openData,
  readNetworkSpec,
  wholeNumber,
} from "./inputs.ts";
import { memoryLimitOf, openLazyTools } from "./lazy-tools.ts";
import { describePlan } from "./plan-text.ts";
import { createProgress, print, printJson, say } from "./terminal.ts";
import { untilInterrupted } from "./until-interrupted.ts";

type Arguments = DataArguments &
  CommonArguments & {
    network: string;
    loss: LossSpec;
    target: number;
    confidence: number;
    draws: number;
    start: PlanStart | "both";
    maxWidth?: number;
    memoryLimit?: number;
    out?: string;
  };

export function planCommand(): Command {
  const command = new Command("plan")
    .summary("which width, output scale, step size; how many steps")
    .description(
      "Plans a network whose convergence to zero training loss is a theorem before\n" +
        "the first step, and says of each number how it was obtained:\n\n" +
        "  predicted   from the infinite-width kernel, before any network is drawn\n" +
        "  sampled     networks drawn and certified; how many of fresh draws were,\n" +
        "              with a Clopper–Pearson interval\n" +
        "  proved      the certificate of one network, by its seed\n" +
        "  order only  what the papers prescribe, every hidden constant taken as 1\n\n" +
        "A network with one hidden layer (two-layer-relu, tanh, …), or a residual one\n" +
        "(resnet-tanh:2x64), gets its least width;\n" +
        "one with a smooth increasing activation also the least output scale A of the\n" +
        "positive initialisation (Chatterjee 2022), for its widths as given.\n\n" +
        "Exit code 0: something is certified; 3: nothing; 4: zero loss is impossible.",
    )
    .argument("<data>", "a file or a generator, as for `surefoot certify`");
  addDataOptions(command)
    .requiredOption(
      "--network <spec>",
      "the family: two-layer-relu, tanh, tanh:64,64 or JSON (one hidden width is planned)",
    )
    .addOption(lossOption)
    .option("--target <loss>", "the training loss wanted", finiteNumber, 1e-6)
    .option(
      "--confidence <p>",
      "share of the seeds to be certified, and confidence of the interval",
      finiteNumber,
      0.95,
    )
    .option("--draws <n>", "fresh draws that confirm a width", wholeNumber(1), 20)
    .addOption(
      new Option("--start <law>", "initial weights: antisymmetric has u(0) = 0")
        .choices([...PLAN_STARTS, "both"])
        .default("both"),
    )
    .option("--max-width <m>", "give up beyond this width", wholeNumber(2))
    .option(
      "--memory-limit <bytes>",
      "what a network under trial may take, e.g. 1GB (default: ¾ of the machine)",
      byteCount,
    )
    .option("--out <file>", "write the plan as JSON");
  return addCommonOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot plan sphere:n=10,d=20 --network two-layer-relu --target 1e-6 --confidence 0.95\n" +
        "  surefoot plan sphere:n=10,d=30 --network tanh --start antisymmetric\n" +
        "  surefoot plan sphere:n=20,d=50,labels=gaussian --network \\\n" +
        '    \'{"kind":"fully-connected","widths":[5,5],"activation":{"kind":"smooth-leaky-relu","slope":0.3},"scaling":"standard"}\'',
    )
    .action(run);
}

async function run(source: string, options: Arguments): Promise<void> {
  const network = readNetworkSpec(/^[a-z][a-z-]*$/.test(options.network) ? `${options.network}:64` : options.network);
  const dataset = await openData(source, options);
  const tools = await openLazyTools(options);
  const progress = createProgress();
  try {
    const found = await untilInterrupted(
      (signal) =>
        plan({
          network,
          dataset,
          loss: options.loss,
          target: options.target,
          confidence: options.confidence,
          draws: options.draws,
          starts: options.start === "both" ? PLAN_STARTS : [options.start],
          backend: tools.backend,
          scanner: tools.scanner,
          memoryLimit: memoryLimitOf(options.memoryLimit),
          ...(options.maxWidth === undefined ? {} : { greatestWidth: options.maxWidth }),
          signal,
          onProgress: (line) => progress.update(line),
        }),
      "the plan will say what has been found",
    );
    progress.clear();
    if (options.json) printJson(found);
    else for (const line of describePlan(found, source)) print(line);
    if (options.out !== undefined) {
      await writeAtomically(options.out, `${JSON.stringify(found, null, 1)}\n`);
      say(`written: ${options.out}`);
    }
    process.exitCode = exitCodeOf(verdictOf(found));
  } finally {
    progress.clear();
    await tools.close();
  }
}

function verdictOf({ impossible, widths, scale }: Plan) {
  if (impossible) return "impossible";
  const certified = widths.some(({ status }) => status === "found") || scale?.scale != null;
  return certified ? "certified" : "undecided";
}
