import {
  certifyToFile,
  formatCertificate,
  formatSafetensors,
  type Problem,
  type Weights,
  weightTensors,
} from "surefoot";
import { version } from "../../package.json";
import type { Experiment } from "../state/experiment.ts";
import { storedDataOptions } from "./prepare.ts";
import type { CertificateSeen } from "./protocol.ts";

/**
 * The files that `surefoot train --out` leaves of a certificate, byte for byte: the certificate and the weights that it is about. Throws
 * SurefootError with the reason where the theorem holds but no file can be written (docs/certificate-file.md).
 */
export async function certificateFiles(
  { network, dataset, loss, backend }: Problem,
  weights: Weights,
  { step, stepSize, experiment }: { readonly step: number; readonly stepSize: number; readonly experiment: Experiment },
): Promise<CertificateSeen> {
  const { certificate } = await certifyToFile({
    network,
    weights,
    dataset,
    loss,
    backend,
    mode: "proved",
    stepSize,
    dataOptions: storedDataOptions(experiment.data),
    origin: "certified.safetensors",
    version,
  });
  if (!certificate) throw new Error("the certificate could not be repeated");
  return {
    look: "certificate",
    step,
    certificate: formatCertificate(certificate),
    weights: formatSafetensors({ tensors: weightTensors(weights), metadata: {} }),
  };
}
