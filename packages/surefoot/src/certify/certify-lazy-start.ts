import type { Backend, NeuronScanner } from "@surefoot/linalg";
import { matrix } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import type { Long } from "../dynamics/lazy/long-work.ts";
import { largestWidthWithin, lazyMemoryPlan, readableBytes } from "../dynamics/lazy/memory-plan.ts";
import type { NeuronSource } from "../dynamics/lazy/neuron-source.ts";
import { type LazyProblem, lazyProblem } from "../dynamics/lazy/problem.ts";
import { startPass } from "../dynamics/lazy/start.ts";
import { patternBytes } from "../dynamics/lazy/subset-sums.ts";
import { SurefootError } from "../error.ts";
import { type Interval, point } from "../interval/arithmetic.ts";
import type { CertifyMode } from "./certify.ts";
import { certifyMoment } from "./certify-lazy.ts";
import { floatMeasurer } from "./measure.ts";
import { momentOfStart } from "./near-pairs.ts";
import type { TheoremOutcome } from "./outcome.ts";
import { midpointOfCounts } from "./s2-kernel.ts";
import { expectedDoubt, movementBounds } from "./s2-near.ts";
import { largestStep } from "./s2-outcome.ts";

/** Which initial weights to certify, and how. */
export interface LazyStartOptions extends Long {
  readonly dataset: Dataset;
  /** Neurons with a_r = ±1. */
  readonly source: NeuronSource;
  readonly backend: Backend;
  readonly scanner?: NeuronScanner | undefined;
  readonly mode?: CertifyMode;
  /** η of ½‖e‖²; without it the largest that the theorem admits. */
  readonly stepSize?: Interval;
  /** Refuse to hold more bytes than this. */
  readonly memoryLimit?: number;
  /** Called before each pass over all neurons with what it will hold. */
  readonly onPlan?: (needs: string, pass: number) => void;
}

/** What S2 says of the initial weights of a lazy run. */
export interface LazyStartCertificate {
  readonly outcome: TheoremOutcome;
  /** Pairs that were looked at one by one, and how many of them may flip. */
  readonly nearPairs: number;
  readonly unstable: number;
}

const PASSES = 5;

/**
 * Theorem S2 (full form) for initial weights of any width: neurons are drawn, looked at and dropped, and only the pairs that are near
 * enough to their kinks to flip are kept. One pass of 2·m·n·d operations where the prediction of how near that is holds, else another.
 * Throws `argument` when the pairs do not fit `memoryLimit`.
 */
export async function certifyLazyStart(options: LazyStartOptions): Promise<LazyStartCertificate> {
  const { dataset, source, backend, scanner, mode = "float", stepSize } = options;
  const memoryLimit = options.memoryLimit ?? Number.POSITIVE_INFINITY;
  const problem = await lazyProblem(dataset, source, stepSize?.upper ?? 1, backend);
  let { reach } = await predictMovement(problem, stepSize, options);
  for (let pass = 1; ; pass++) {
    const shape = { n: problem.x.rows, d: problem.x.cols, width: source.width, reach, norms: problem.norms };
    const bytes = nearBytes(shape);
    if (bytes > memoryLimit) {
      const width = largestWidthWithin(memoryLimit, shape);
      throw new SurefootError(
        "argument",
        `the pairs near their kinks need ${readableBytes(bytes)}, more than the limit of ${readableBytes(memoryLimit)}; a width of ${width} fits`,
      );
    }
    options.onPlan?.(readableBytes(bytes), pass);
    const start = await startPass(problem.x, source, reach, { backend, scanner }, options);
    const found = await certifyMoment(momentOfStart(problem, start, reach), { mode }, stepSize);
    const nearPairs = start.watch.slots.length;
    if (found.status === "decided") return { outcome: found.outcome, nearPairs, unstable: found.unstable };
    if (pass === PASSES) return { outcome: found.outcome, nearPairs, unstable: 0 };
    reach = reach.map((length, i) => length + found.extra[i]);
  }
}

/** What the near pairs take: of the plan of a run only its lists, with the bounds and masks of the certificate. */
function nearBytes(shape: Parameters<typeof lazyMemoryPlan>[0]): number {
  const { watchedPairs, watchedNeurons } = lazyMemoryPlan(shape);
  const pattern = patternBytes(shape.n);
  return 1.5 * 12 * watchedPairs + 8 * watchedPairs + watchedNeurons * (1.5 * (16 + pattern) + 2 * pattern);
}

const PILOT = 2048;
const DRAWS = 8;
/** Of the movement predicted from the pilots. */
const ROOM = 1.15;

/**
 * How far S2 will have to look, by sample in units of |a_r|/√m, from the kernel of the first neurons and several draws of u(0); and
 * the margin λ/ε to be expected there. A guess: what is certified is checked against the pass itself.
 */
export async function predictMovement(
  problem: LazyProblem,
  stepSize: Interval | undefined,
  long: Long,
): Promise<{ readonly reach: Float64Array; readonly expectedMargin: number }> {
  const { x, y, source, backend } = problem;
  const n = x.rows;
  const size = Math.max(1, Math.min(Math.max(PILOT, 4 * n), Math.floor(source.width / (2 * DRAWS)) * 2));
  const draws = Math.min(DRAWS, Math.max(1, Math.floor(source.width / size)));
  const none = new Float64Array(n).fill(-1);
  const counts = matrix(n, n);
  const outputs: Float64Array[] = [];
  for (let draw = 0; draw < draws; draw++) {
    const { seeded: _, ...rest } = source;
    const part = {
      ...rest,
      width: size,
      block: (first: number, count: number) => source.block(draw * size + first, count),
    };
    const found = await startPass(x, part, none, { backend }, { ...(long.signal ? { signal: long.signal } : {}) });
    for (let k = 0; k < n * n; k++) counts.data[k] += found.counts[k];
    outputs.push(found.outputs);
  }
  const measurer = floatMeasurer(backend);
  const gram = { mid: matrix(n, n, problem.gram), radius: 0 };
  const ball = { mid: counts, radius: 0 };
  const measured = await midpointOfCounts({ gram, outputScale: 1 / Math.sqrt(draws * size) }, ball, ball, measurer);
  if (measured.status === "failed" || !(measured.evidence.rate > 0)) {
    return { reach: problem.norms.slice(), expectedMargin: 0 };
  }
  const mid = measured.evidence;
  const lambda = mid.spectrum.lambdaMin.value.lower;
  const wanted = stepSize ?? point(largestStep(mid, measurer.arithmetic));
  const step =
    wanted.upper * (lambda + mid.spectrum.lambdaMax.value.upper) <= 2
      ? wanted
      : point(1 / mid.spectrum.lambdaMax.value.upper);
  const reach = new Float64Array(n);
  for (const u of outputs) {
    const residual = { mid: u.map((value, i) => value - y[i]), radius: 0 };
    const { wide } = movementBounds({ samples: n, gram, residual }, mid, step, measurer);
    for (let i = 0; i < n; i++) reach[i] = Math.max(reach[i], wide[i]);
  }
  // ε widens what it depends on: (1 + 2ε/(λ − ε)) bounds the growth of P and D together, and a few rounds reach the fixed point
  const still = reach.slice();
  let epsilon = 0;
  for (let round = 0; round < 8; round++) {
    epsilon = expectedDoubt({ samples: n, gram, width: source.width }, reach);
    const growth = epsilon < 0.5 * lambda ? 1 + epsilon / (lambda - epsilon) : 2;
    for (let i = 0; i < n; i++) reach[i] = growth * still[i];
  }
  return { reach: reach.map((length, i) => ROOM * length + 1e-6 * problem.norms[i]), expectedMargin: lambda / epsilon };
}
