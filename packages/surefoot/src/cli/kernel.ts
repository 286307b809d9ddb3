import { freemem } from "node:os";
import type { Backend, ExtremalOutcome } from "@surefoot/linalg";
import { Command } from "commander";
import type { Dataset } from "../data/dataset.ts";
import { datasetHash } from "../data/index.ts";
import { SurefootError } from "../error.ts";
import { spectrumFigure } from "../figure/spectrum.ts";
import type { EigenvalueBound } from "../interval/extreme-eigenvalues.ts";
import { provedHInfinitySpectrum } from "../kernel/h-infinity-proved.ts";
import { type BlockSource, evaluate, extremalByProducts, kernelMatrix, type LanczosOutcome } from "../kernel/index.ts";
import { formatNpy, kernelFileTimes, openKernelFile, writeAtomically } from "../record/index.ts";
import { EXIT } from "./exit-code.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  type CommonArguments,
  type DataArguments,
  finiteNumber,
  openBackend,
  openData,
} from "./inputs.ts";
import { addArchitectureOptions, KERNEL_KINDS, type KernelArguments, openKernel } from "./kernel-source.ts";
import { createProgress, format, print, printJson, say, table } from "./terminal.ts";

type Arguments = DataArguments &
  KernelArguments &
  CommonArguments & { out?: string; figure?: string; memory?: number; float?: boolean };

export function kernelCommand(): Command {
  const command = new Command("kernel")
    .summary("a tangent kernel and its extreme eigenvalues")
    .description(
      "Computes a kernel of the data and its least and greatest eigenvalue.\n\n" +
        "  h-infinity  the infinite-width kernel H∞ of the two-layer ReLU network; its\n" +
        "              least eigenvalue is the λ₀ of Du et al. 2018. Needs no network.\n" +
        "  nngp, ntk   of an --architecture at infinite width: the covariance of its\n" +
        "              outputs, and its tangent kernel with all layers trained.\n" +
        "  k-top       the part of the last hidden layer, K^(H) of Du et al. 2019.\n" +
        "  empirical   K = J·Jᵀ of a finite network at its initial weights.\n\n" +
        "λ_min > 0 is what makes gradient descent converge: while the kernel stays put,\n" +
        "each step multiplies the loss by (1 − ηλ_min)² or less.",
    )
    .argument("<data>", "a file (.npz, .csv, .parquet, x.npy,y.npy, IDX) or a generator such as sphere:n=10,d=20");
  addArchitectureOptions(command, KERNEL_KINDS, "h-infinity")
    .option(
      "--out <K.npy>",
      "write the matrix as a NumPy file; a kernel beyond --memory goes there band by band, and an interrupted run goes on",
    )
    .option(
      "--memory <GiB>",
      "what the matrix and its eigenvalues may take (default: half of what is free)",
      finiteNumber,
    )
    .option("--float", "h-infinity: do without the proved bounds of the eigenvalues")
    .option("--figure <spectrum.svg|png>", "draw all eigenvalues");
  addCommonOptions(addNetworkOptions(addDataOptions(command)));
  return command
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot kernel sphere:n=100,d=20\n" +
        "  surefoot kernel sphere:n=100,d=20 --kind ntk --architecture \\\n" +
        '    \'{"kind":"fully-connected","depth":3,"activation":"relu"}\'\n' +
        "  surefoot kernel examples/data/iris.csv --classes setosa,virginica --kind empirical --network tanh:512",
    )
    .action(run);
}

async function run(source: string, options: Arguments): Promise<void> {
  if (options.figure !== undefined && !/\.(svg|png)$/.test(options.figure)) {
    throw new SurefootError("argument", `--figure ${options.figure}: name a .svg or a .png file`);
  }
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  const interrupt = new AbortController();
  const stop = () =>
    interrupt.abort(new SurefootError("argument", "interrupted; with --out, the same command goes on"));
  process.once("SIGINT", stop);
  try {
    const opened = await openKernel(options, dataset.x, backend);
    const n = dataset.x.rows;
    const bytes = 8 * n * n;
    const memory = options.memory === undefined ? freemem() / 2 : options.memory * 2 ** 30;
    const fits = 3 * bytes <= memory;
    const found = fits
      ? await inMemory(opened.source, options, backend, interrupt.signal)
      : await onDisk(opened.source, options, dataset, backend, interrupt.signal);
    if (found.status === "not-finite") {
      say(
        "no eigenvalues of this kernel: it holds a NaN or an infinity; it overflows for such inputs, scale them down",
      );
      process.exitCode = EXIT.failure;
      return;
    }
    if (found.status === "no-convergence" && !("steps" in found)) {
      say("no eigenvalues of this kernel: the eigenvalue iteration did not converge");
      process.exitCode = EXIT.failure;
      return;
    }
    const proved =
      options.kind === "h-infinity" && fits && !options.float ? await provedEnds(dataset, backend) : undefined;
    const result = {
      n,
      d: dataset.x.cols,
      kind: options.kind,
      ...(opened.architecture !== undefined ? { architecture: opened.architecture } : {}),
      ...(opened.parameters !== undefined ? { parameters: opened.parameters } : {}),
      lambdaMin: found.smallest?.value,
      lambdaMax: found.largest?.value,
      warrant: "computed",
      ...(proved !== undefined ? { proved } : {}),
      residual: found.smallest?.residual,
      ...(found.status === "no-convergence" ? { status: "no-convergence" } : {}),
      method: "method" in found ? found.method : `Lanczos, ${found.steps} products`,
      backend: backend.info,
      data: dataset.provenance,
      ...(options.out !== undefined ? { file: options.out } : {}),
      ...(options.figure !== undefined ? { figure: options.figure } : {}),
    };
    if (options.json) printJson(result);
    else report(opened.name, result);
    if (found.status === "no-convergence") process.exitCode = EXIT.failure;
  } finally {
    process.off("SIGINT", stop);
    await backend.close();
  }
}

/** Two-sided bounds for the exact H∞ of the data (docs/proof.md, section 8), or why there are none. */
async function provedEnds({ x }: Dataset, backend: Backend) {
  const { smallest, largest } = await provedHInfinitySpectrum(x, backend);
  const ends = (bound: EigenvalueBound) =>
    bound.status === "proved" ? { lower: bound.lower, upper: bound.upper } : { reason: bound.reason };
  return { lambdaMin: ends(smallest), lambdaMax: ends(largest) };
}

async function inMemory(
  source: BlockSource,
  options: Arguments,
  backend: Backend,
  signal: AbortSignal,
): Promise<ExtremalOutcome> {
  const progress = createProgress();
  const kernel = await kernelMatrix(source, { signal, onProgress: (done) => progress.update(percent(done)) });
  progress.clear();
  if (options.out !== undefined) {
    await writeAtomically(options.out, formatNpy({ shape: [kernel.rows, kernel.cols], data: kernel.data }));
  }
  if (options.figure === undefined) return backend.extremalEigenvalues(kernel);
  const all = await backend.eigenvalues(kernel);
  if (all.status === "ok") {
    const { rasterize, renderSvgInNode } = await import("../figure/index-node.ts"); // loads slowly, so only where it draws
    const svg = renderSvgInNode(spectrumFigure([{ name: options.kind, eigenvalues: all.values }]));
    await writeAtomically(options.figure, options.figure.endsWith(".svg") ? svg : rasterize(svg).png);
  }
  return backend.extremalEigenvalues(kernel);
}

async function onDisk(
  source: BlockSource,
  options: Arguments,
  dataset: Dataset,
  backend: Backend,
  signal: AbortSignal,
): Promise<LanczosOutcome> {
  const n = source.rows;
  const size = `${format((8 * n * n) / 2 ** 30)} GiB`;
  if (options.out === undefined) {
    throw new SurefootError(
      "argument",
      `this kernel of ${size} does not fit in memory with its eigenvalues; give --out K.npy to keep it on disk`,
    );
  }
  if (options.figure !== undefined) {
    throw new SurefootError(
      "argument",
      `--figure needs all eigenvalues, and this kernel of ${size} does not fit in memory; leave it out or raise --memory`,
    );
  }
  const progress = createProgress();
  const { kind, architecture, wStd, bStd, network, init, seed, weights, width } = options;
  const identity = JSON.stringify([
    kind,
    architecture,
    wStd,
    bStd,
    network,
    init,
    seed,
    weights,
    width,
    await datasetHash(dataset),
    backend.info,
  ]);
  const file = await openKernelFile(options.out, { rows: n, cols: n, symmetric: true, identity });
  if (file.resumed > 0) say(`going on with ${options.out}: ${percent(file.resumed)} of its bands are there`);
  try {
    await evaluate(source, file, { signal, onProgress: (done) => progress.update(percent(done)) });
    await file.finish();
  } finally {
    await file.close();
  }
  const product = await kernelFileTimes(options.out, n, backend);
  try {
    return await extremalByProducts(product.times, n, backend, {
      signal,
      onProgress: (step) => progress.update(`eigenvalues: product ${step}`),
    });
  } finally {
    product.close();
    progress.clear();
  }
}

const percent = (done: number) => `${(100 * done).toFixed(0)} %`;

function report(
  name: string,
  result: {
    n: number;
    d: number;
    parameters?: number;
    lambdaMin?: number | undefined;
    lambdaMax?: number | undefined;
    residual?: number | undefined;
    status?: string;
    proved?: Awaited<ReturnType<typeof provedEnds>>;
    backend: { name: string; detail: string };
    file?: string;
    figure?: string;
  },
): void {
  const { lambdaMin = Number.NaN, lambdaMax = Number.NaN } = result;
  const how =
    result.status === undefined
      ? "computed in floating point"
      : `not converged: λ_min is at most this; residual ${format(result.residual)}`;
  print(
    table([
      ["kernel", name],
      ["samples n, inputs d", `${result.n}, ${result.d}`],
      ...(result.parameters !== undefined ? [["parameters p", format(result.parameters)] as const] : []),
      ["λ_min", `${format(lambdaMin)}   (${how})`],
      ...(result.proved !== undefined ? [["", provedLine(result.proved.lambdaMin)] as const] : []),
      ["λ_max", format(lambdaMax)],
      ["1/λ_max", `${format(1 / lambdaMax)}   (a step size for ½‖u−y‖²)`],
      ["backend", `${result.backend.name}: ${result.backend.detail}`],
      ...(result.file !== undefined ? [["written", result.file] as const] : []),
      ...(result.figure !== undefined ? [["figure", result.figure] as const] : []),
    ]),
  );
}

function provedLine(bound: { lower: number; upper: number } | { reason: string }): string {
  return "reason" in bound ? `no proved bounds: ${bound.reason}` : `proved to lie in [${bound.lower}, ${bound.upper}]`;
}
