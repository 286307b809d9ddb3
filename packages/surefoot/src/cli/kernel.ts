import type { Matrix } from "@surefoot/linalg";
import { Command, Option } from "commander";
import { initDescent } from "../dynamics/gradient-descent.ts";
import { createProblem } from "../dynamics/problem.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import { hInfinity } from "../kernel/h-infinity.ts";
import { formatNpy, writeAtomically } from "../record/index.ts";
import { EXIT } from "./exit-code.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  type CommonArguments,
  type DataArguments,
  type NetworkArguments,
  openBackend,
  openData,
  openNetwork,
} from "./inputs.ts";
import { format, print, printJson, say, table } from "./terminal.ts";

type Arguments = DataArguments &
  NetworkArguments &
  CommonArguments & { kind: "h-infinity" | "empirical"; out?: string };

export function kernelCommand(): Command {
  const command = new Command("kernel")
    .summary("a tangent kernel and its extreme eigenvalues")
    .description(
      "Computes a tangent kernel of the data and its least and greatest eigenvalue.\n\n" +
        "  h-infinity  the infinite-width kernel H∞ of the two-layer ReLU network; its\n" +
        "              least eigenvalue is the λ₀ of Du et al. 2018. Needs no network.\n" +
        "  empirical   K = J·Jᵀ of a network at its initial weights.\n\n" +
        "λ_min > 0 is what makes gradient descent converge: while the kernel stays put,\n" +
        "each step multiplies the loss by (1 − ηλ_min)² or less.",
    )
    .argument("<data>", "a file (.npz, .csv, .parquet, x.npy,y.npy, IDX) or a generator such as sphere:n=10,d=20")
    .addOption(new Option("--kind <kind>", "which kernel").choices(["h-infinity", "empirical"]).default("h-infinity"))
    .option("--out <K.npy>", "write the matrix as a NumPy file");
  addCommonOptions(addNetworkOptions(addDataOptions(command)));
  return command
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot kernel sphere:n=100,d=20\n" +
        "  surefoot kernel examples/data/iris.csv --classes setosa,virginica --kind empirical --network tanh:512",
    )
    .action(run);
}

async function run(source: string, options: Arguments): Promise<void> {
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  try {
    let parameters: number | undefined;
    let kernel: Matrix;
    if (options.kind === "h-infinity") kernel = await hInfinity(dataset.x, backend);
    else {
      const { network, weights } = await openNetwork(options, dataset.x.cols, backend);
      const problem = await createProblem(network, dataset, "sum", backend);
      kernel = await snapshot(problem, await initDescent(problem, weights)).kernel();
      parameters = network.parameters;
    }
    const found = await backend.extremalEigenvalues(kernel);
    if (found.status !== "ok") {
      const why =
        found.status === "not-finite" ? "it holds a NaN or an infinity" : "the eigenvalue iteration did not converge";
      say(`no eigenvalues of this kernel: ${why}`);
      process.exitCode = EXIT.failure;
      return;
    }
    if (options.out !== undefined) {
      await writeAtomically(options.out, formatNpy({ shape: [kernel.rows, kernel.cols], data: kernel.data }));
    }
    const result = {
      n: dataset.x.rows,
      d: dataset.x.cols,
      kind: options.kind,
      ...(parameters !== undefined ? { parameters } : {}),
      lambdaMin: found.smallest?.value,
      lambdaMax: found.largest?.value,
      warrant: "computed",
      residual: found.smallest?.residual,
      method: found.method,
      backend: backend.info,
      data: dataset.provenance,
      ...(options.out !== undefined ? { file: options.out } : {}),
    };
    if (options.json) printJson(result);
    else report(result);
  } finally {
    await backend.close();
  }
}

function report(result: {
  n: number;
  d: number;
  kind: string;
  parameters?: number;
  lambdaMin?: number | undefined;
  lambdaMax?: number | undefined;
  backend: { name: string; detail: string };
  file?: string;
}): void {
  const { lambdaMin = Number.NaN, lambdaMax = Number.NaN } = result;
  print(
    table([
      ["kernel", result.kind === "h-infinity" ? "H∞ (two-layer ReLU, infinite width)" : "K = J·Jᵀ at these weights"],
      ["samples n, inputs d", `${result.n}, ${result.d}`],
      ...(result.parameters !== undefined ? [["parameters p", format(result.parameters)] as const] : []),
      ["λ_min", `${format(lambdaMin)}   (computed in floating point)`],
      ["λ_max", format(lambdaMax)],
      ["1/λ_max", `${format(1 / lambdaMax)}   (a step size for ½‖u−y‖²)`],
      ["backend", `${result.backend.name}: ${result.backend.detail}`],
      ...(result.file !== undefined ? [["written", result.file] as const] : []),
    ]),
  );
}
