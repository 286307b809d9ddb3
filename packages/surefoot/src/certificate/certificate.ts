import { type CertifyOptions, type Decision, decide, measurerOf } from "../certify/certify.ts";
import type { Measurer, SmoothEvidence } from "../certify/evidence.ts";
import type { BallWitness, CertifyOutcome, PairsWitness, PathWitness, TheoremOutcome } from "../certify/outcome.ts";
import { hasBit } from "../certify/s2-kernel.ts";
import { residualNorm } from "../certify/s2-outcome.ts";
import type { Dataset } from "../data/dataset.ts";
import { datasetHash } from "../data/hash.ts";
import type { DataOptionsInput } from "../data/options.ts";
import { SurefootError } from "../error.ts";
import { addUp, divUp, mulUp, sqrtUp } from "../interval/directed.ts";
import type { Network } from "../network/network.ts";
import type { LossSpec } from "../spec/loss.ts";
import { textHash, weightsHash } from "./hashes.ts";
import { type HexPair, hexPair, hexPairs } from "./hex-float.ts";
import { betweenSpectra, leaveRoom, type Measurements, ROOMS, weakerRelu, weakerSmooth } from "./room.ts";
import type { CertificateFile } from "./schema.ts";

/** What `certify` is asked, and what the file says of where things come from. */
export interface CertificateOptions extends CertifyOptions {
  /** How the data were made from their source, for whoever loads them again. */
  readonly dataOptions?: DataOptionsInput;
  /** Where the weights come from, in words. */
  readonly origin?: string;
  /** Of the program, for the file. */
  readonly version: string;
}

/** The decision of `certify`, and the file about it. */
export interface Certified extends Decision {
  /** Present iff the outcome is certified. */
  readonly certificate?: CertificateFile;
}

/**
 * `certify`, with a certificate file when the answer is `certified`. The outcome is that of evidence weakened by the room of room.ts, so
 * that step size, rate and radius are those of the file. Throws `argument` when the theorem holds by too little to leave any room.
 */
export async function certifyToFile(
  options: CertificateOptions,
  measurer: Measurer = measurerOf(options),
): Promise<Certified> {
  const kept: Measurements = {};
  const attempt = (room: number) => withRoom(options, measurer, kept, room);
  const widest = await attempt(ROOMS[0]);
  if (widest) return widest;
  const first = await decide(options, leaveRoom(measurer, 0, kept));
  if (first.outcome.verdict !== "certified") return first;
  for (const room of ROOMS.slice(1)) {
    const narrower = await attempt(room);
    if (narrower) return narrower;
  }
  const { theorem, form, margin, kappaBound } = first.outcome;
  const how = `${form} form${kappaBound ? `, κ by the ${kappaBound} bound` : ""}, margin ${margin}`;
  throw new SurefootError(
    "argument",
    `certified by ${theorem} (${how}), but there is no certificate file for it: a file is written where S1 (κ bounds two-layer, per-neuron, stacked), S2 (full or midpoint form) or S3 holds with some room for another program's rounding (train a little longer, or try a smaller step size)`,
  );
}

/** The certificate that evidence weakened by the room still gives, if it does. */
async function withRoom(
  options: CertificateOptions,
  measurer: Measurer,
  kept: Measurements,
  room: number,
): Promise<Certified | undefined> {
  const decision = await decide(options, leaveRoom(measurer, room, kept));
  const { outcome, theorem } = decision;
  if (outcome.verdict !== "certified" || !theorem?.witness || theorem.form === "structured") return undefined;
  const certificate = await write(options, outcome, theorem, measurer, kept, room);
  const { ratePerStep, contraction } = certificate.constants;
  if (!(contraction.decimal <= 1)) return undefined;
  return { ...decision, outcome: { ...outcome, ratePerStep: ratePerStep.decimal }, certificate };
}

async function write(
  options: CertificateOptions,
  outcome: CertifyOutcome,
  theorem: TheoremOutcome,
  measurer: Measurer,
  kept: Measurements,
  room: number,
): Promise<CertificateFile> {
  const { network, weights, dataset, dataOptions = {}, origin = "memory", version, loss = "sum" } = options;
  const proof = proofOf(theorem, kept, room, dataset, measurer);
  // 2⁻⁵¹: two units in the last place of 1, for the rounding of 1 − gain
  const contraction = addUp(theorem.contraction ?? Number.NaN, 2 ** -51);
  const ratePerStep = addUp(mulUp(contraction, contraction), 2 ** -51);
  const rates = {
    stepSize: hexPair(outcome.stepSize ?? Number.NaN),
    radius: hexPair(theorem.radius ?? Number.NaN),
    contraction: hexPair(contraction),
    ratePerStep: hexPair(ratePerStep),
  };
  const file = {
    format: "surefoot-certificate/1" as const,
    version,
    statement: sentence(loss, rates),
    ...proof,
    loss,
    constants: { ...rates, ...proof.constants },
    data: {
      source: dataset.provenance.source,
      steps: [...dataset.provenance.steps],
      options: withoutUndefined(dataOptions),
      n: dataset.x.rows,
      d: dataset.x.cols,
      sha256: await datasetHash(dataset),
    },
    weights: { origin, sha256: await weightsHash(network, weights) },
    network: networkFacts(network),
    hypotheses: outcome.hypotheses.map((hypothesis) => ({ ...hypothesis, status: statusOf(hypothesis.status) })),
    producer: { warrant: outcome.warrant, backend: `${outcome.backend.name}` },
  };
  return { ...file, digest: await textHash(JSON.stringify(file)) } as CertificateFile;
}

/** The wording that docs/certificate-file.md lays down. */
function sentence(
  loss: LossSpec,
  { stepSize, ratePerStep, radius }: Record<"stepSize" | "ratePerStep" | "radius", HexPair>,
) {
  return (
    `Gradient descent on the ${loss} loss from these weights on these data with step size ${stepSize.decimal} reaches zero training loss: ` +
    `after k steps the loss is at most ${ratePerStep.decimal}^k times the loss now, and the weights stay within ${radius.decimal} of where they are.`
  );
}

function statusOf(status: CertifyOutcome["hypotheses"][number]["status"]) {
  if (status === "failed") throw new SurefootError("argument", "a certificate has no failed hypothesis");
  return status;
}

function withoutUndefined(options: DataOptionsInput): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

function networkFacts(network: Network) {
  const { activation } = network;
  return {
    activation:
      typeof activation === "string"
        ? { kind: activation }
        : { kind: activation.kind, slope: hexPair(activation.slope) },
    layers: network.layers.map(({ rows, cols, scale, bias, trainsWeight, trainsBias, gain, skip, patches }) => ({
      rows,
      cols,
      scale: hexPair(scale),
      bias: bias !== undefined,
      trainsWeight,
      trainsBias,
      ...(gain === undefined ? {} : { gain: hexPair(gain) }),
      ...(skip ? { skip } : {}),
      ...(patches ? { patches: { pixels: patches.pixels, filter: patches.filter } } : {}),
    })),
  };
}

/** What the theorem adds to the file: constants weakened by half the room, so that the file's own claims follow from them with room left. */
function proofOf(theorem: TheoremOutcome, kept: Measurements, room: number, dataset: Dataset, measurer: Measurer) {
  const { witness } = theorem;
  if (witness?.kind === "path" && kept.smooth?.status === "ok") {
    return proofOfS1(theorem, witness, weakerSmooth(kept.smooth.evidence, room / 2, dataset), room / 2);
  }
  if (witness?.kind === "pairs" && kept.relu?.status === "ok") {
    const residual = residualNorm(weakerRelu(kept.relu.evidence, room / 2, dataset), measurer.arithmetic);
    return proofOfS2(theorem, witness, betweenSpectra(theorem.lambdaMin ?? 0, theorem.lambdaMax ?? 0, room), residual);
  }
  if (witness?.kind === "ball" && kept.smooth?.status === "ok") {
    return proofOfS3(theorem, witness, weakerSmooth(kept.smooth.evidence, room / 2, dataset), room);
  }
  throw new SurefootError("argument", `theorem ${theorem.theorem} leaves nothing to check`);
}

function proofOfS1(theorem: TheoremOutcome, { share, path, end }: PathWitness, evidence: SmoothEvidence, room: number) {
  const { kernel, residualNorm: residual } = evidence;
  // where κ is 0 the cells grow without end: more than MARGIN needs no proof
  const cells = path.cells.filter(({ integral }) => integral <= MARGIN * residual.value.upper);
  const margin = cells.length < path.cells.length ? Math.min(theorem.margin, MARGIN) : theorem.margin;
  return {
    theorem: "S1" as const,
    form: theorem.form,
    constants: {
      margin: hexPair(margin),
      lambdaMin: hexPair(kernel.lambdaMin.value.lower),
      lambdaMax: hexPair(kernel.lambdaMax.value.upper),
      residualNorm: hexPair(residual.value.upper),
      mu: hexPair(end.mu),
      kappa: hexPair(atLeastTiny(end.kappa)),
    },
    witness: {
      share: hexPair(share),
      right: hexPairs(cells.map(({ right }) => right)),
      kappa: hexPairs(cells.map(({ kappa }) => atLeastTiny(kappa))),
      norms: normsOf(evidence, room),
    },
  };
}

function normsOf({ layers, twoLayer, hadamardNorm, samples }: SmoothEvidence, room: number) {
  const { scale, stackedInputNorm, trainsWeight, trainsBias } = layers[0];
  const input = mulUp(trainsWeight ? scale : 0, stackedInputNorm);
  const data = sqrtUp(addUp(mulUp(input, input), trainsBias ? samples : 0)) * (1 + room) + 1e-60;
  return {
    weights: hexPairs(layers.slice(1).map(({ weightNorm }) => weightNorm)),
    inputs: hexPairs(layers.map((layer) => layer.stackedInputNorm)),
    gradients: hexPairs(layers.map(({ stackedGradientNorm }) => stackedGradientNorm)),
    hadamard: hexPair(twoLayer?.hadamardNorm ?? hadamardNorm ?? 0),
    data: hexPair(twoLayer?.inputNorm ?? data),
  };
}

function proofOfS3(
  theorem: TheoremOutcome,
  { inputs, cells, margin }: BallWitness,
  evidence: SmoothEvidence,
  room: number,
) {
  return {
    theorem: "S3" as const,
    form: theorem.form,
    constants: {
      margin: hexPair(Math.min(margin, MARGIN)),
      inputs: hexPair(betweenSpectra(inputs.lower, inputs.upper, room).lambdaMin),
      lambdaMax: hexPair(evidence.kernel.lambdaMax.value.upper),
      residualNorm: hexPair(evidence.residualNorm.value.upper),
      kappa: hexPair(atLeastTiny(theorem.kappa ?? Number.NaN)),
    },
    witness: { cells, norms: normsOf(evidence, room / 2) },
  };
}

/** The largest margin that a file of S1 or S3 states. */
const MARGIN = 1e6;

/** A bound of exactly 0 cannot be confirmed in rounded arithmetic. */
function atLeastTiny(kappa: number): number {
  return Math.max(kappa, 1e-250);
}

function proofOfS2(
  theorem: TheoremOutcome,
  { unstable, epsilon, path, steps }: PairsWitness,
  { lambdaMin, lambdaMax }: { readonly lambdaMin: number; readonly lambdaMax: number },
  residual: number,
) {
  return {
    theorem: "S2" as const,
    form: theorem.form,
    constants: {
      margin: hexPair(theorem.margin),
      lambdaMin: hexPair(lambdaMin),
      lambdaMax: hexPair(lambdaMax),
      residualNorm: hexPair(residual),
      epsilon: hexPair(epsilon),
      path: hexPair(path),
      deviation: hexPair(mulUp(divUp(epsilon, theorem.lambdaMin ?? 0), path)),
    },
    witness: {
      unstable: Array.from({ length: unstable.rows }, (_, i) =>
        Array.from({ length: unstable.bits }, (__, r) => r).filter((r) => hasBit(unstable, i, r)),
      ),
      steps,
    },
  };
}
