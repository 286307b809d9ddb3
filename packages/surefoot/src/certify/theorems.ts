import { activationOf } from "../activation/registry.ts";
import { type Interval, rounded } from "../interval/arithmetic.ts";
import { isFeedforward, type Network } from "../network/network.ts";
import { activationRange } from "./activation-range.ts";
import type { Measurer, Point } from "./evidence.ts";
import { hasSteepNorms } from "./measure-steep.ts";
import type { TheoremName, TheoremOutcome } from "./outcome.ts";
import { certifyS1 } from "./s1.ts";
import { certifyS2 } from "./s2.ts";
import { certifyS2Midpoint } from "./s2-midpoint.ts";
import { certifyS3, positiveStart } from "./s3.ts";

/** A theorem as `certify` uses it. To add one is to write its file and a line in THEOREMS. */
export interface Theorem {
  readonly name: TheoremName;
  /** Why it does not cover this network; undefined when it does. */
  excludes(network: Network): string | undefined;
  /** `stepSize`: the run's own, for the loss ½‖e‖². A measurement that fails is an outcome with that obstacle. */
  certify(at: Point, measurer: Measurer, stepSize?: Interval, effort?: Effort): Promise<TheoremOutcome>;
}

/** `quick` is for probes inside a run: coarser quadrature, shorter simulation; it certifies a little later, never wrongly. */
export type Effort = "quick" | "thorough";

const QUICK_CELLS = 16;
const QUICK_WORK = 2e7;

/** Below this margin measured products of weights and slopes will not certify either: they gain less than a factor of 30. */
const HOPEFUL = 0.03;

export const s1: Theorem = {
  name: "S1",
  excludes: (network) =>
    Number.isFinite(activationOf(network.activation).curvatureBound)
      ? undefined
      : "S1 needs an activation with a Lipschitz derivative: try tanh, softplus, smooth-leaky-relu, erf, gelu or swish",
  certify: async (at, measurer, stepSize, effort) => {
    const measured = await measurer.smooth(at);
    if (measured.status === "failed") return unmeasured("S1", measured.reason, measurer);
    const cells = effort === "quick" ? QUICK_CELLS : undefined;
    const plain = certifyS1(measured.evidence, measurer.arithmetic, stepSize, cells);
    const hopeful = plain.verdict === "undecided" && plain.obstacle?.kind === "residual" && plain.margin > HOPEFUL;
    if (!hopeful || !hasSteepNorms(at.network)) return plain;
    const steep = await measurer.steep(at, measured.evidence);
    if (steep.status === "failed") return plain;
    const sharper = certifyS1(steep.evidence, measurer.arithmetic, stepSize, cells);
    return sharper.margin > plain.margin ? sharper : plain;
  },
};

export const s2: Theorem = {
  name: "S2",
  excludes: (network) => {
    const { layers, activation } = network;
    return layers.length === 2 &&
      isFeedforward(network) &&
      activation === "relu" &&
      !layers[1].trainsWeight &&
      !layers[1].trainsBias
      ? undefined
      : "S2 needs one hidden ReLU layer with a frozen output layer";
  },
  certify: async (at, measurer, stepSize, effort) => {
    const measured = await measurer.relu(at);
    if (measured.status === "failed") return unmeasured("S2", measured.reason, measurer);
    const quick = effort === "quick";
    const full = await certifyS2(measured.evidence, measurer, stepSize, quick ? { work: QUICK_WORK } : {});
    if (quick || full.verdict === "certified" || full.obstacle?.kind !== "unstable pairs") return full;
    const midpoint = await certifyS2Midpoint(measured.evidence, measurer, stepSize);
    if (midpoint.verdict === "certified") return midpoint;
    const structured = await certifyS2(measured.evidence, measurer, stepSize, { structured: true });
    return structured.verdict === "certified" ? structured : full;
  },
};

const s3: Theorem = {
  name: "S3",
  excludes: (network) => {
    const { layers, activation } = network;
    if (!isFeedforward(network)) return "S3 needs a network without skips and convolutions";
    if (!activationRange(activation, 1, rounded)) return "S3 needs a smooth, strictly increasing activation";
    return layers[0].trainsWeight ? undefined : "S3 needs a trained first layer";
  },
  certify: async (at, measurer, stepSize) => {
    const start = positiveStart(at.network, at.weights);
    if (typeof start === "string") return unmeasured("S3", `not the positive initialisation: ${start}`, measurer);
    const smooth = await measurer.smooth(at);
    if (smooth.status === "failed") return unmeasured("S3", smooth.reason, measurer);
    const inputs = await measurer.spectrum(await measurer.gram(at));
    if (inputs.status === "failed") return unmeasured("S3", inputs.reason, measurer);
    const evidence = { network: at.network, start, inputs: inputs.evidence.lambdaMin, smooth: smooth.evidence };
    return certifyS3(evidence, measurer.arithmetic, stepSize);
  },
};

export const THEOREMS: readonly Theorem[] = [s1, s2, s3];

export function unmeasured(theorem: TheoremName, reason: string, measurer: Measurer): TheoremOutcome {
  return {
    verdict: "undecided",
    theorem,
    form: "standard",
    kappaBound: null,
    margin: 0,
    stepSize: null,
    contraction: null,
    decay: null,
    radius: null,
    lambdaMin: null,
    lambdaMax: null,
    residualNorm: null,
    kappa: null,
    hypotheses: [],
    suggestedStepSize: null,
    obstacle: { kind: "measurement", reason },
    pairsOnKink: 0,
    warrant: measurer.arithmetic.warrant,
  };
}
