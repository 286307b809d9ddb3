import { textHash, weightsHash } from "../../src/certificate/hashes.ts";
import { hexPair, hexPairs } from "../../src/certificate/hex-float.ts";
import type { CertificateFile } from "../../src/certificate/index.ts";
import { datasetHash } from "../../src/data/hash.ts";
import type { Setting } from "../certify/setting.ts";

/** A certificate as loose JSON, for changing it in ways that its type forbids. */
export type Loose = Record<string, unknown>;

/** The certificate with `change` applied and everything that follows from the change made consistent: statement and digest. */
export async function forge(certificate: CertificateFile, change: (file: Loose) => void): Promise<Loose> {
  const file = JSON.parse(JSON.stringify(certificate)) as Loose;
  change(file);
  return seal(file);
}

/** Gives the file the statement that its constants make and the digest of what it then holds. */
export async function seal(file: Loose): Promise<Loose> {
  const constants = file.constants as Record<string, { decimal: number }>;
  const { digest: _, ...rest } = file;
  rest.statement =
    `Gradient descent on the ${file.loss} loss from these weights on these data with step size ${constants.stepSize?.decimal} reaches zero training loss: ` +
    `after k steps the loss is at most ${constants.ratePerStep?.decimal}^k times the loss now, and the weights stay within ${constants.radius?.decimal} of where they are.`;
  return { ...rest, digest: await textHash(JSON.stringify(rest)) };
}

/** The file as if it had been written for this setting. */
export async function readdress(certificate: CertificateFile, { dataset, network, weights }: Setting): Promise<Loose> {
  const [data, tensors] = [await datasetHash(dataset), await weightsHash(network, weights)];
  return forge(certificate, (file) => {
    file.data = { ...(file.data as Loose), sha256: data };
    file.weights = { ...(file.weights as Loose), sha256: tensors };
  });
}

export function constantOf(certificate: CertificateFile, name: string): number {
  return (certificate.constants as unknown as Record<string, { decimal: number }>)[name].decimal;
}

export function setConstant(file: Loose, name: string, value: number): void {
  (file.constants as Loose)[name] = hexPair(value);
}

export function setWitnessList(file: Loose, name: string, values: readonly number[]): void {
  (file.witness as Loose)[name] = hexPairs(values);
}
