import { contradictionOf, innerStep, measurerOf, outcomeOf } from "../certify/certify.ts";
import { certifyLazyStart } from "../certify/certify-lazy-start.ts";
import type { Dataset } from "../data/dataset.ts";
import { SurefootError } from "../error.ts";
import { resolveNetwork } from "../network/resolve.ts";
import { initialiserFromText } from "../spec/shorthand.ts";
import { drawnNeurons } from "../train/open-lazy.ts";
import type { CertifyArguments } from "./certify.ts";
import { readNetworkSpec } from "./inputs.ts";
import { memoryLimitOf, openLazyTools } from "./lazy-tools.ts";
import { createProgress, format, say } from "./terminal.ts";

/** `surefoot certify` of initial weights that are drawn, looked at and dropped, whatever the width. */
export async function certifyLazily(dataset: Dataset, options: CertifyArguments) {
  if (options.out !== undefined) {
    throw new SurefootError("argument", "--out: a certificate file needs all weights beside it; use --engine direct");
  }
  const network = resolveNetwork(readNetworkSpec(options.network ?? ""), dataset.x.cols);
  const { loss, stepSize } = options;
  const mode = options.float ? "float" : "proved";
  const tools = await openLazyTools(options);
  const progress = createProgress();
  try {
    const { backend, scanner } = tools;
    const measurer = measurerOf({ mode, backend });
    const subject = { network, dataset, loss, ...(stepSize === undefined ? {} : { stepSize }) };
    if (stepSize !== undefined && !(stepSize > 0)) {
      throw new SurefootError("argument", `the step size must be a positive number, not ${stepSize}`);
    }
    const context = {
      n: dataset.x.rows,
      d: dataset.x.cols,
      parameters: network.parameters,
      network: network.spec,
      weights: `${options.init}, seed ${options.seed}`,
      data: dataset.provenance,
      engine: "lazy" as const,
    };
    const contradiction = contradictionOf({ ...subject, weights: {} }, measurer);
    if (contradiction) return { outcome: contradiction, ...context };
    const found = await certifyLazyStart({
      dataset,
      source: drawnNeurons(network, initialiserFromText(options.init), options.seed, backend),
      backend,
      scanner,
      mode,
      memoryLimit: memoryLimitOf(options.memoryLimit),
      ...(stepSize === undefined ? {} : { stepSize: innerStep({ ...subject, stepSize }, measurer) }),
      onPlan: (needs, pass) => {
        progress.clear();
        say(pass === 1 ? `near pairs need ${needs}` : `they reach farther than predicted: pass ${pass} needs ${needs}`);
      },
      onProgress: ({ done, total }) => progress.update(`looking at neurons: ${format(done)} of ${format(total)}`),
    });
    const { nearPairs, unstable } = found;
    return { outcome: outcomeOf(found.outcome, subject, measurer), ...context, nearPairs, unstablePairs: unstable };
  } finally {
    progress.clear();
    await tools.close();
  }
}
