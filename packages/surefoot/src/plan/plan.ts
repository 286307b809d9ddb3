import type { Backend, BackendInfo, NeuronScanner } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { contradictionOf, measurerOf } from "../certify/certify.ts";
import { certifyLazyStart } from "../certify/certify-lazy-start.ts";
import { type CertifyOutcome, certify } from "../certify/index.ts";
import type { Dataset, Provenance } from "../data/dataset.ts";
import { seededNeurons } from "../dynamics/lazy/neuron-source.ts";
import { SurefootError } from "../error.ts";
import { initialise } from "../network/initialise.ts";
import type { Network } from "../network/network.ts";
import { resolveNetwork } from "../network/resolve.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { LossSpec } from "../spec/loss.ts";
import type { NetworkSpec } from "../spec/network.ts";
import type { Prescription } from "../theory/desk.ts";
import { type LeastWidth, leastWidth } from "./least-width.ts";
import { orderPrescriptions } from "./orders.ts";
import { type PredictedWidth, predictWidth } from "./predict-width.ts";
import { planScale, type ScalePlan } from "./scale.ts";
import { type PlannedSteps, plannedSteps } from "./steps.ts";

/** The laws of initial weights that a width is planned for; antisymmetric is the recommended one: u(0) = 0. */
export const PLAN_STARTS = ["antisymmetric", "gaussian"] as const;
/** One of `PLAN_STARTS`. */
export type PlanStart = (typeof PLAN_STARTS)[number];

/** What `plan` is asked. */
export interface PlanOptions {
  /**
   * The family: the width of its one hidden layer, or of every layer of a residual network, is planned, whatever it says; a deeper fully connected
   * network keeps its widths.
   */
  readonly network: NetworkSpec;
  readonly dataset: Dataset;
  readonly loss: LossSpec;
  /** The training loss that is wanted, in the loss convention. */
  readonly target: number;
  /** The share of the seeds that is to be certified, and the confidence of the interval. */
  readonly confidence: number;
  /** Fresh draws that confirm a width; default 20. */
  readonly draws?: number;
  readonly starts?: readonly PlanStart[];
  readonly backend: Backend;
  /** For networks too wide to hold: neurons on several threads. */
  readonly scanner?: NeuronScanner | undefined;
  /** Bytes that a network under trial may take; default 2e9. */
  readonly memoryLimit?: number;
  readonly greatestWidth?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** The plan for one law of initial weights. */
export interface WidthPlan extends LeastWidth {
  readonly start: PlanStart;
  readonly recommended: boolean;
  readonly predicted: PredictedWidth;
  /** What is certified of the network of this width with seed `seed`: proved where it can be held, or computed (streamed). */
  readonly certificate: CertifyOutcome | null;
  readonly steps: PlannedSteps | null;
}

/** Which width, output scale, step size and how many steps; plain data. */
export interface Plan {
  readonly data: Provenance;
  readonly n: number;
  readonly d: number;
  readonly network: NetworkSpec;
  readonly loss: LossSpec;
  readonly target: number;
  readonly confidence: number;
  /** Set where the data contradict every choice of weights; then nothing is planned. */
  readonly impossible: CertifyOutcome | null;
  /** Empty where widths are not planned, for the reason in `notes`. */
  readonly widths: readonly WidthPlan[];
  readonly scale: ScalePlan | null;
  readonly orders: readonly Prescription[];
  readonly notes: readonly string[];
  readonly backend: BackendInfo;
}

/** Hold a two-layer ReLU network up to this width; wider ones are streamed. */
const HELD_WIDTH = 20_000;

/**
 * S4: the least width of a network with one hidden layer, or a residual one, for which convergence is certified at its initial weights with the wanted frequency
 * over seeds, predicted first and then found by drawing networks; the least output scale of the positive initialisation; step size and
 * number of steps to the target. Long work: progress, and an abort returns what has been found. Throws `argument` for a target, confidence or
 * number of draws that is out of range.
 */
export async function plan(options: PlanOptions): Promise<Plan> {
  check(options);
  const { dataset, loss, target, confidence, backend } = options;
  const network = resolveNetwork(options.network, dataset.x.cols);
  const common = {
    data: dataset.provenance,
    n: dataset.x.rows,
    d: dataset.x.cols,
    network: options.network,
    loss,
    target,
    confidence,
    backend: backend.info,
  };
  const measurer = measurerOf({ mode: "float", backend });
  const weights = await initialise(network, { kind: "gaussian" }, 0, backend);
  const impossible = contradictionOf({ network, dataset, weights, loss }, measurer) ?? null;
  if (impossible) return { ...common, impossible, widths: [], scale: null, orders: [], notes: [] };
  const notes: string[] = [];
  const unplanned = widthUnplanned(network);
  if (unplanned !== undefined) notes.push(`No width is planned: ${unplanned}.`);
  const widths: WidthPlan[] = [];
  if (unplanned === undefined) {
    for (const start of options.starts ?? PLAN_STARTS) widths.push(await planWidth(options, start));
    const enough = drawsFor(confidence);
    if ((options.draws ?? 20) < enough)
      notes.push(
        `A share of ${confidence} of the seeds is established at confidence ${confidence} by ${enough} draws without failure (--draws ${enough}); fewer leave the interval wider.`,
      );
    const over = options.starts === undefined || options.starts.length > 1;
    if (over)
      notes.push(
        "Antisymmetric draws (every neuron twice, opposite outputs) make u(0) = 0, so that ‖e₀‖ is ‖y‖ alone: the recommended start.",
      );
  }
  const scale = options.signal?.aborted ? null : await planScale(options, network);
  return {
    ...common,
    impossible: null,
    widths,
    scale,
    orders: await orderPrescriptions(network, dataset, target, 1 - confidence, loss, backend),
    notes,
  };
}

/** Draws without failure after which the Clopper–Pearson interval lies above p, at confidence p: ((1 − p)/2)^{1/n} ≥ p. */
function drawsFor(p: number): number {
  return Math.ceil(Math.log((1 - p) / 2) / Math.log(p));
}

function widthUnplanned({ spec, layers, activation }: Network): string | undefined {
  if (spec.kind === "two-layer-relu") return undefined;
  if (spec.kind === "fully-connected" && layers.length !== 2)
    return "a fully connected network with several hidden layers keeps the widths that it has; `surefoot certify` decides them";
  if (!Number.isFinite(activationOf(activation).curvatureBound))
    return `no theorem covers ${JSON.stringify(activation)} with these trained tensors; two-layer-relu is S2's network`;
  return undefined;
}

function widened(spec: NetworkSpec, width: number): NetworkSpec {
  return spec.kind === "fully-connected" ? { ...spec, widths: [width] } : { ...spec, width };
}

/** Wider residual networks are tried only where the caller says so: a layer has width² weights. */
const GREATEST_RESIDUAL = 4096;

/** Bytes of the weights, the passes over n samples and the gradients of a network of this width. */
function bytesHeld({ spec, layers }: Network, width: number, samples: number, inputs: number): number {
  if (spec.kind === "two-layer-relu" || spec.kind === "fully-connected") return 8 * width * (inputs + 4 * samples);
  const { filter, pixels } = spec.kind === "convolutional-residual" ? spec : { filter: 1, pixels: 1 };
  const square = 2 * Math.max(0, layers.length - 2) * filter * width * width;
  return 8 * (square + width * (inputs + 4 * samples * pixels * layers.length));
}

async function planWidth(options: PlanOptions, start: PlanStart): Promise<WidthPlan> {
  const { dataset, loss, backend, confidence, draws = 20, signal, onProgress, target } = options;
  const template = resolveNetwork(options.network, dataset.x.cols);
  const predicted = await predictWidth(template, dataset, start, backend);
  const initialiser: InitialiserSpec = { kind: start };
  const held = (width: number) => bytesHeld(template, width, dataset.x.rows, dataset.x.cols);
  const limit = options.memoryLimit ?? 2e9;
  const relu = template.spec.kind === "two-layer-relu";
  const shallow = relu || template.spec.kind === "fully-connected";
  const greatest = Math.min(
    options.greatestWidth ?? (shallow ? Number.POSITIVE_INFINITY : GREATEST_RESIDUAL),
    relu ? 1e9 : shallow ? Math.floor(limit / held(1)) : Math.floor(Math.sqrt(limit / held(1))),
  );
  const network = (width: number) => resolveNetwork(widened(options.network, width), dataset.x.cols);
  const streams = (width: number) => relu && (width > HELD_WIDTH || held(width) > limit);
  const found = await leastWidth({
    first: Math.min(greatest, predicted.width ?? (shallow ? 256 : 32)),
    greatest,
    confidence,
    draws,
    ...(signal ? { signal } : {}),
    onProgress: (line) => onProgress?.(`${start}: ${line}`),
    attempt: async (width, seed) => {
      if (streams(width)) {
        const source = seededNeurons(
          { width, inputs: dataset.x.cols, seed, antisymmetric: start === "antisymmetric" },
          backend,
        );
        const { scanner } = options;
        const streamed = await certifyLazyStart({
          dataset,
          source,
          backend,
          scanner,
          memoryLimit: limit,
          ...(signal ? { signal } : {}),
        });
        return streamed.outcome.verdict === "certified";
      }
      const resolved = network(width);
      const weights = await initialise(resolved, initialiser, seed, backend);
      return (await certify({ network: resolved, weights, dataset, backend })).verdict === "certified";
    },
  });
  const plain = { ...found, start, recommended: start === "antisymmetric", predicted };
  if (found.width === null || found.seed === null || held(found.width) > limit)
    return { ...plain, certificate: null, steps: null };
  onProgress?.(`${start}: proving width ${found.width}, seed ${found.seed}`);
  const resolved = network(found.width);
  const weights = await initialise(resolved, initialiser, found.seed, backend);
  const certificate = await certify({ network: resolved, weights, dataset, loss, backend, mode: "proved" });
  const steps = await plannedSteps({ network: resolved, weights, dataset, loss, backend, target, certificate });
  return { ...plain, certificate, steps };
}

function check({ target, confidence, draws = 20 }: PlanOptions): void {
  if (!(target > 0 && Number.isFinite(target)))
    throw new SurefootError("argument", `the target loss must be a positive number, not ${target}`);
  if (!(confidence > 0 && confidence < 1))
    throw new SurefootError("argument", `the confidence must lie between 0 and 1, not ${confidence}`);
  if (!(Number.isInteger(draws) && draws >= 1))
    throw new SurefootError("argument", `the number of draws must be a whole number, at least 1, not ${draws}`);
}
