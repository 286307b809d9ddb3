import { Command } from "commander";
import { lazyNeuron } from "../dynamics/lazy/neuron.ts";
import { SurefootError } from "../error.ts";
import { resolveNetwork } from "../network/resolve.ts";
import { lossFactor, squaredOnly } from "../spec/loss.ts";
import { drawnNeurons } from "../train/open-lazy.ts";
import { addCommonOptions, type CommonArguments, openBackend, wholeNumber } from "./inputs.ts";
import { reopenRun } from "./run-begin.ts";
import { checkpointOf } from "./run-lazy.ts";
import { format, print, printJson } from "./terminal.ts";

export function neuronCommand(): Command {
  const command = new Command("neuron")
    .summary("one neuron of a run on the lazy engine")
    .description(
      "Computes the weights of neuron R at the last step of a run that `surefoot train --engine lazy --out DIR` has left, finished or\n" +
        "interrupted, however many neurons there are: w (its row of W1), a (its entry of W2), how far it has moved from its\n" +
        "initial weights, and on which samples it is on. For another step train so far, or go on with --resume.",
    )
    .argument("<dir>", "the folder of the run")
    .argument("<R>", "the neuron, from 0 on", wholeNumber(0));
  return addCommonOptions(command)
    .addHelpText("after", "\nExample:\n  surefoot neuron runs/wide 123456789 --json")
    .action(run);
}

async function run(dir: string, r: number, options: CommonArguments): Promise<void> {
  const { spec, checkpoint, dataset, backend: name } = await reopenRun(dir, options);
  if (spec.engine !== "lazy") {
    throw new SurefootError(
      "argument",
      `the run in ${dir} is one of direct descent: all its weights are in weights.safetensors (W1, one row to a neuron)`,
    );
  }
  const backend = await openBackend({ ...options, backend: name });
  try {
    const network = resolveNetwork(spec.network, dataset.x.cols);
    const source = drawnNeurons(network, spec.initialiser, spec.seed, backend);
    const stepSize = spec.stepSize * lossFactor(squaredOnly(spec.loss, "the lazy simulator"), dataset.y.length);
    const found = await lazyNeuron({ dataset, source, stepSize, backend }, checkpointOf(checkpoint, spec), r);
    const drift = Math.hypot(...found.drift);
    const on = [...found.pattern.keys()].filter((j) => found.pattern[j] === 1);
    if (options.json) {
      printJson({ step: checkpoint.step, neuron: r, w: [...found.w], a: found.a, drift, on });
      return;
    }
    print(`neuron ${format(r)} of ${format(source.width)} after ${format(checkpoint.step)} steps`);
    print(`a ${found.a}, moved by ${format(drift)}, on at ${on.length} of ${dataset.y.length} samples`);
    print(`w ${[...found.w].join(" ")}`);
  } finally {
    await backend.close();
  }
}
