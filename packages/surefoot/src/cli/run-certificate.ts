import { certifyToFile, formatCertificate } from "../certificate/index.ts";
import type { Problem } from "../dynamics/problem.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";
import { type RunFolder, writeAtomically, writeWeights } from "../record/index.ts";
import { type DataArguments, storedDataOptions } from "./inputs.ts";
import type { RunSpec } from "./run-spec.ts";
import { VERSION } from "./version.ts";

export const certifiedWeightsFile = (folder: RunFolder) => `${folder.path}/certified.safetensors`;

/**
 * Leaves the certified weights and the certificate about them in a run's folder, for `surefoot verify`. Returns why there is no
 * certificate file when the theorem holds by too little for an independent check.
 */
export async function writeRunCertificate(
  folder: RunFolder,
  problem: Problem,
  weights: Weights,
  spec: RunSpec,
): Promise<string | undefined> {
  await writeWeights(certifiedWeightsFile(folder), weights);
  const { network, dataset, loss, backend } = problem;
  try {
    const { certificate } = await certifyToFile({
      network,
      weights,
      dataset,
      loss,
      backend,
      mode: spec.mode,
      stepSize: spec.stepSize,
      dataOptions: storedDataOptions(spec.data.options as unknown as DataArguments),
      origin: "certified.safetensors",
      version: VERSION,
    });
    if (!certificate) return "it could not be repeated";
    await writeAtomically(folder.certificate, formatCertificate(certificate));
    return undefined;
  } catch (error) {
    if (error instanceof SurefootError && error.code === "argument") return error.message;
    throw error;
  }
}
