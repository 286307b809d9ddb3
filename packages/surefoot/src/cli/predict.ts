import type { Backend, Matrix } from "@surefoot/linalg";
import { Command, Option } from "commander";
import type { Dataset } from "../data/dataset.ts";
import {
  type Dynamics,
  type Prediction,
  predictEnsemble,
  predictMean,
  type Ridge,
  trainKernel,
} from "../dynamics/prediction/index.ts";
import { SurefootError } from "../error.ts";
import { type EvaluateOptions, kernelMatrix } from "../kernel/index.ts";
import { formatNpz, writeAtomically } from "../record/index.ts";
import { type LossSpec, lossFactor } from "../spec/loss.ts";
import { EXIT } from "./exit-code.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  type CommonArguments,
  type DataArguments,
  finiteNumber,
  lossOption,
  openBackend,
  openData,
} from "./inputs.ts";
import { addArchitectureOptions, type KernelArguments, openKernel } from "./kernel-source.ts";
import { createProgress, format, print, printJson, say, table } from "./terminal.ts";

type Arguments = DataArguments &
  KernelArguments &
  CommonArguments & {
    test?: string;
    time?: number;
    steps?: number;
    stepSize?: number;
    momentum?: number;
    ridge: number;
    ridgeUnits: Ridge["units"];
    loss: LossSpec;
    out?: string;
  };

export function predictCommand(): Command {
  const command = new Command("predict")
    .summary("what trained networks will answer, in closed form")
    .description(
      "Predicts the outputs of networks trained on the data, without training any.\n\n" +
        "  ntk        infinite width, all layers trained: mean and standard deviation\n" +
        "             over random initial weights. Needs an --architecture.\n" +
        "  nngp       the same with only the last layer trained; at time infinity the\n" +
        "             posterior of the Gaussian process with noise --ridge.\n" +
        "  empirical  the linearisation of one finite network at its initial weights.\n\n" +
        "Training is gradient flow up to --time, or --steps of gradient descent with\n" +
        "--step-size, with --momentum if given.",
    )
    .argument("<data>", "training data: a file or a generator, as for `surefoot kernel`");
  addArchitectureOptions(command, ["ntk", "nngp", "empirical"], "ntk")
    .option("--test <data>", "predict at these inputs, read with the same options (default: the training inputs)")
    .option("--time <t>", "gradient flow up to t, a number or infinity (the default)", duration)
    .option("--steps <k>", "gradient descent: this many steps, or infinity", duration)
    .option("--step-size <eta>", "gradient descent: the step size", finiteNumber)
    .option("--momentum <mu>", "gradient descent: heavy-ball momentum in [0, 1)", finiteNumber)
    .option("--ridge <rho>", "weight decay ρ towards the initial weights", finiteNumber, 0)
    .addOption(
      new Option("--ridge-units <units>", "ρ in the units of the kernel or of its mean diagonal")
        .choices(["kernel", "mean-diagonal"])
        .default("kernel"),
    )
    .addOption(lossOption)
    .option("--out <file.npz>", "write mean, covariance, and the labels of the test data");
  return addCommonOptions(addNetworkOptions(addDataOptions(command)))
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot predict sphere:n=50,d=5 --test sphere:n=20,d=5,seed=1 --architecture \\\n" +
        '    \'{"kind":"fully-connected","depth":2,"activation":"erf"}\' --ridge 1e-3\n' +
        "  surefoot predict sphere:n=20,d=5 --kind empirical --network tanh:512 \\\n" +
        "    --steps 100 --step-size 0.1",
    )
    .action(run);
}

async function run(source: string, options: Arguments): Promise<void> {
  const train = await openData(source, options);
  const test = options.test === undefined ? train : await openTest(options.test, options, train);
  const factor = lossFactor(options.loss, train.x.rows);
  const dynamics = dynamicsOf(options, factor);
  const backend = await openBackend(options);
  const progress = createProgress();
  try {
    const found = await predict(options, train, test, dynamics, backend, {
      onProgress: (done) => progress.update(`kernels: ${(100 * done).toFixed(0)} %`),
    });
    progress.clear();
    const { spectrum } = found;
    const context = {
      n: train.x.rows,
      d: train.x.cols,
      points: test.x.rows,
      kind: options.kind,
      loss: options.loss,
      // In the user's loss convention; the closed forms are for ½‖e‖².
      dynamics: describe(options),
      stepSizeLimit: spectrum.stepSizeLimit / factor,
      warrant: "computed",
      backend: backend.info,
      data: train.provenance,
      ...(options.test !== undefined ? { test: test.provenance } : {}),
      ...(options.out !== undefined ? { file: options.out } : {}),
    };
    if (found.status !== "ok") {
      if (options.json) printJson({ status: found.status, advice: found.advice, ...context, spectrum });
      else say(`${found.status}: ${found.advice}`);
      process.exitCode = EXIT.failure;
      return;
    }
    const variances = found.covariance?.data.filter((_, k) => k % (test.x.rows + 1) === 0);
    const error = meanSquare(found.mean, test.y);
    if (options.out !== undefined) await write(options.out, found.mean, found.covariance, test.y);
    const { negativeVariances } = found;
    const numbers = {
      status: found.status,
      meanSquaredError: error,
      mean: [...found.mean],
      ...(variances ? { variance: [...variances], negativeVariances } : {}),
      spectrum,
    };
    if (options.json) printJson({ ...numbers, ...context });
    else {
      const { negative, lambdaMin, lambdaMax } = spectrum;
      print(
        table([
          ["points", `${test.x.rows} of ${options.test ?? "the training data"}, from ${train.x.rows} samples`],
          ["training", context.dynamics],
          ["mean squared error", format(error)],
          ...(variances ? [["largest standard deviation", format(Math.sqrt(Math.max(...variances)))] as const] : []),
          ["λ_min, λ_max", `${format(lambdaMin)}, ${format(lambdaMax)}   (ρ = ${format(spectrum.ridge)} included)`],
          ...(Number.isFinite(context.stepSizeLimit)
            ? [
                [
                  "step size must stay below",
                  format(context.stepSizeLimit) + beyond(options, context.stepSizeLimit),
                ] as const,
              ]
            : []),
          ...(negative > 0 ? [["negative eigenvalues", `${negative}, used as they are`] as const] : []),
          ...(negativeVariances ? [["negative variances", `${negativeVariances}, from rounding`] as const] : []),
          ...(options.out !== undefined ? [["written", options.out] as const] : []),
        ]),
      );
    }
  } finally {
    await backend.close();
  }
}

async function predict(
  options: Arguments,
  train: Dataset,
  test: Dataset,
  dynamics: Dynamics,
  backend: Backend,
  progress: EvaluateOptions,
): Promise<Prediction> {
  const opened = await openKernel(options, train.x, backend);
  const kernel = await kernelMatrix(opened.source, progress);
  const cross = test === train ? kernel : await kernelMatrix(await opened.between(test.x), progress);
  const found = await trainKernel(kernel, backend, { value: options.ridge, units: options.ridgeUnits });
  if (found.status !== "ok") throw new SurefootError("data", `no prediction: ${found.advice}`);
  const { y } = train;
  if (options.kind === "empirical") {
    const { finite } = opened;
    if (finite === undefined) throw new SurefootError("argument", "--kind empirical needs a finite network");
    const initial = { train: finite.outputs, test: test === train ? finite.outputs : await finite.outputsAt(test.x) };
    return predictMean({ train: found, dynamics, y, cross, initial }, backend);
  }
  const method = options.kind === "nngp" ? "nngp" : "ntk";
  const prior = method === "nngp" ? opened : await openKernel({ ...options, kind: "nngp" }, train.x, backend);
  const nngpTrain = method === "nngp" ? kernel : await kernelMatrix(prior.source, progress);
  const nngp =
    test === train
      ? { train: nngpTrain, cross: nngpTrain, test: nngpTrain }
      : {
          train: nngpTrain,
          cross: await kernelMatrix(await prior.between(test.x), progress),
          test: await kernelMatrix((await openKernel({ ...options, kind: "nngp" }, test.x, backend)).source, progress),
        };
  return predictEnsemble({ train: found, dynamics, y, cross, nngp, method }, backend);
}

/** Test data as they are: what chooses or relabels samples is for training. */
async function openTest(source: string, options: Arguments, train: Dataset): Promise<Dataset> {
  const { samples: _samples, randomLabels: _labels, ...same } = options;
  const test = await openData(source, same);
  if (test.x.cols !== train.x.cols) {
    throw new SurefootError("data", `${source} has ${test.x.cols} inputs and the training data ${train.x.cols}`);
  }
  return test;
}

function dynamicsOf({ time, steps, stepSize, momentum }: Arguments, factor: number): Dynamics {
  if (steps === undefined) {
    if (stepSize !== undefined || momentum !== undefined) {
      throw new SurefootError("argument", "--step-size and --momentum go with --steps");
    }
    return { kind: "flow", time: (time ?? Number.POSITIVE_INFINITY) * factor };
  }
  if (time !== undefined)
    throw new SurefootError("argument", "--time is gradient flow and --steps gradient descent; give one of them");
  if (stepSize === undefined) throw new SurefootError("argument", "--steps needs a --step-size");
  const scaled = stepSize * factor;
  return momentum === undefined
    ? { kind: "gradient-descent", stepSize: scaled, steps }
    : { kind: "momentum", stepSize: scaled, momentum, steps };
}

function beyond({ stepSize }: Arguments, limit: number): string {
  return stepSize !== undefined && stepSize >= limit ? `   (${stepSize} is not: training diverges)` : "";
}

function describe({ time, steps, stepSize, momentum, loss }: Arguments): string {
  if (steps === undefined) return `gradient flow up to t = ${format(time ?? Number.POSITIVE_INFINITY)} (${loss} loss)`;
  const inertia = momentum === undefined ? "" : `, momentum ${momentum}`;
  return `${format(steps)} steps of gradient descent, step size ${stepSize}${inertia} (${loss} loss)`;
}

function duration(text: string): number {
  return /^(inf|infinity|∞)$/i.test(text.trim()) ? Number.POSITIVE_INFINITY : finiteNumber(text);
}

function meanSquare(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]) ** 2, 0) / a.length;
}

async function write(path: string, mean: Float64Array, covariance: Matrix | undefined, y: Float64Array): Promise<void> {
  const size = mean.length;
  const arrays = {
    mean: { shape: [size], data: mean },
    y: { shape: [size], data: y },
    ...(covariance ? { covariance: { shape: [size, size], data: covariance.data } } : {}),
  };
  await writeAtomically(path, formatNpz(arrays));
}
