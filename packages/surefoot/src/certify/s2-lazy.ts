import { type Matrix, matrix } from "@surefoot/linalg";
import type { LazyMemoryPlan } from "../dynamics/lazy/memory-plan.ts";
import type { NearKink } from "../dynamics/lazy/near-kink.ts";
import type { LazyRun } from "../dynamics/lazy/run.ts";
import { point } from "../interval/arithmetic.ts";
import type { Measurer, ReluEvidence } from "./evidence.ts";
import { floatMeasurer } from "./measure.ts";
import type { TheoremOutcome } from "./outcome.ts";
import { certifyS2 } from "./s2.ts";
import { midpointKernel } from "./s2-kernel.ts";
import { linearSums } from "./s2-linear.ts";

export interface LazyCertificate {
  readonly outcome: TheoremOutcome;
  /** Neurons that were looked at one by one; all others are too far from their kinks to matter, and enter as exact counts. */
  readonly listedNeurons: number;
  /** By sample, in units of |a_r|/√m: no pair outside U ever moves farther. Null unless certified. */
  readonly movement: Float64Array | null;
}

/** The list reaches this many times as far as pairs move with the present kernel, or with the kernels that U allows. */
const ROOM = 1.15;
/** Times that the list is made to reach twice as far before undecided is final: pairs that move so much farther leave λ − ε below λ/10. */
const DOUBLINGS = 3;

/**
 * Theorem S2 for the state of a lazy run, in floating point, at its own step size. Only neurons near a kink are listed: the others, whose
 * pairs are farther away than `movement` allows any pair to go, cannot be in U and enter M and ε as exact counts. Of a listed neuron's
 * far pairs only a lower bound of |z| is known, which can make U too large and the verdict undecided, never certified; then the list is
 * made longer. Returns the plan when the list does not fit the run's memory limit.
 */
export async function certifyLazyRun(run: LazyRun): Promise<LazyCertificate | LazyMemoryPlan> {
  const { gram, stepSize, backend } = run.problem;
  const n = run.state.residual.length;
  const float = floatMeasurer(backend);
  const still = await movementWithin(evidenceOf(run, emptyList(run)), measurerFor(float, run.stepper.tangent.counts));
  if (!still) return certifyListed(new Float64Array(n)); // singular as it stands: no list is needed to refuse it
  let distance = still.map((length) => ROOM * length);
  let undecided: LazyCertificate | undefined;
  for (let doubled = 0; ; ) {
    const found = await certifyListed(distance);
    if ("needs" in found) return undecided ?? found;
    const { movement } = found;
    if (found.outcome.verdict === "certified") {
      if (movement?.every((length, i) => length <= distance[i])) return found;
      distance = distance.map((length, i) => Math.max(length, ROOM * (movement?.[i] ?? 2 * length)));
    } else {
      if (found.outcome.obstacle?.kind !== "unstable pairs" || doubled++ === DOUBLINGS) return found;
      undecided = found;
      distance = distance.map((length) => 2 * length);
    }
  }

  async function certifyListed(within: Float64Array): Promise<LazyCertificate | LazyMemoryPlan> {
    const near = await run.nearKink(within);
    if ("needs" in near) return near;
    const evidence = evidenceOf(run, near);
    const measurer = measurerFor(float, near.settledCounts.data);
    const outcome = await certifyS2(evidence, measurer, point(stepSize));
    const unstable = outcome.witness?.kind === "pairs" ? outcome.witness.unstable : undefined;
    const movement = unstable && (await movementWithin(evidence, measurer, unstable));
    return { outcome, listedNeurons: near.neurons.length, movement: movement ?? null };
  }

  /** Σ_j|G_ij|V_j + ‖G_i‖D with A_r all samples: no pair outside U moves farther, in units of |a_r|/√m. */
  async function movementWithin(
    evidence: ReluEvidence,
    measurer: Measurer,
    unstable = evidence.uncertain,
  ): Promise<Float64Array | undefined> {
    const measured = await midpointKernel(evidence, unstable, measurer);
    if (measured.status === "failed") return undefined;
    const mid = measured.evidence;
    if (!(mid.rate > 0)) return undefined;
    const sums = linearSums(evidence.residual, mid, point(stepSize), measurer.arithmetic);
    const deviation = (mid.epsilon / mid.rate) * sums.path;
    return Float64Array.from({ length: n }, (_, i) => {
      let [linear, squares] = [0, 0];
      for (let j = 0; j < n; j++) {
        const g = gram[i * n + j];
        linear += Math.abs(g) * sums.perSample[j];
        squares += g * g;
      }
      return linear + Math.sqrt(squares) * deviation;
    });
  }
}

function emptyList(run: LazyRun): Pick<NearKink, "outputs" | "magnitudes" | "patterns"> {
  const n = run.state.residual.length;
  return {
    outputs: new Float64Array(0),
    magnitudes: matrix(n, 0),
    patterns: { rows: n, bits: 0, wordsPerRow: 1, words: new Uint32Array(n) },
  };
}

function evidenceOf(run: LazyRun, near: Pick<NearKink, "outputs" | "magnitudes" | "patterns">): ReluEvidence {
  const { problem, state } = run;
  const n = state.residual.length;
  return {
    samples: n,
    width: near.outputs.length,
    parameters: problem.source.width * problem.x.cols,
    gram: { mid: matrix(n, n, problem.gram), radius: 0 },
    residual: { mid: state.residual.slice(), radius: 0 },
    outputWeights: near.outputs,
    outputScale: 1 / Math.sqrt(problem.source.width),
    magnitudes: near.magnitudes,
    pattern: near.patterns,
    uncertain: { ...near.patterns, words: new Uint32Array(near.patterns.words.length) },
    warrant: "computed",
    how: "computed in floating point; neurons far from their kinks as exact counts",
  };
}

/** Counts of the listed neurons plus those of all others. */
function measurerFor(float: Measurer, settled: Float64Array): Measurer {
  const plus = (own: Matrix): Matrix =>
    matrix(
      own.rows,
      own.cols,
      own.data.map((count, k) => count + settled[k]),
    );
  return {
    ...float,
    weightedCounts: async (masks, outputWeights) => {
      if (masks.bits === 0) return { mid: matrix(masks.rows, masks.rows, settled.slice()), radius: 0 };
      const { mid, radius } = await float.weightedCounts(masks, outputWeights);
      return { mid: plus(mid), radius };
    },
  };
}
