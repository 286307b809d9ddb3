import { type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import {
  countFlips,
  type DescentState,
  forward,
  type InitialiserSpec,
  type Problem,
  SurefootError,
  signPattern,
  snapshot,
} from "surefoot";
import type { CircleSeen, KernelSeen, LimitSeen, LookName, PatternsSeen, Seen } from "./protocol.ts";

const MOST_PATTERN_NEURONS = 512;
const MOST_CIRCLE_NEURONS = 1500;
const CIRCLE_POINTS = 256;
const MOST_KERNEL_SAMPLES = 500;

/** What the views show of a run at one iterate, against its start. */
export class Looks {
  readonly #problem: Problem;
  readonly #initialiser: InitialiserSpec;
  readonly #initialKernel: Promise<Matrix>;
  readonly #initialPattern: BitMasks;
  readonly #initialWeights: Float64Array;
  #limit: Promise<{ kernel: Float64Array | null; values: Float64Array | null }> | undefined;
  #initialValues: Promise<Float64Array | null> | undefined;
  #lastPattern: BitMasks;

  /** `start`: iterate 0, before it moves on. */
  constructor(problem: Problem, initialiser: InitialiserSpec, start: DescentState) {
    this.#problem = problem;
    this.#initialiser = initialiser;
    this.#initialKernel = snapshot(problem, start).kernel();
    this.#initialPattern = signPattern(start.pass.z[0]);
    this.#lastPattern = this.#initialPattern;
    this.#initialWeights = start.weights.W1.data.slice(0, 2 * MOST_CIRCLE_NEURONS);
  }

  /** Resolves when the start has been looked at and may be overwritten. */
  async ready(): Promise<void> {
    await this.#initialKernel;
  }

  see(look: Exclude<LookName, "certificate">, state: DescentState): Promise<Seen> {
    if (look === "kernel") return this.#kernel(state);
    if (look === "limit") return this.#limitSeen(state);
    return look === "patterns" ? Promise.resolve(this.#patterns(state)) : this.#circle(state);
  }

  async #kernel(state: DescentState): Promise<KernelSeen> {
    const n = this.#samples();
    const initial = await this.#initialKernel;
    const now = await snapshot(this.#problem, state).kernel();
    this.#initialValues ??= this.#eigenvalues(initial);
    const limit = await this.#atInfinity();
    return {
      look: "kernel",
      step: state.step,
      n,
      initial: initial.data.slice(),
      now: now.data.slice(),
      limit: limit.kernel?.slice() ?? null,
      spectra: {
        initial: (await this.#initialValues)?.slice() ?? null,
        now: await this.#eigenvalues(now),
        limit: limit.values?.slice() ?? null,
      },
    };
  }

  async #limitSeen({ step }: DescentState): Promise<LimitSeen> {
    this.#samples();
    const { values } = await this.#atInfinity();
    return { look: "limit", step, lambdaMin: values?.[0] ?? null };
  }

  #samples(): number {
    const n = this.#problem.dataset.y.length;
    if (n > MOST_KERNEL_SAMPLES) {
      throw new SurefootError("argument", `kernels are shown for up to ${MOST_KERNEL_SAMPLES} samples, here are ${n}`);
    }
    return n;
  }

  #atInfinity() {
    this.#limit ??= this.#limitKernel();
    return this.#limit;
  }

  async #limitKernel(): Promise<{ kernel: Float64Array | null; values: Float64Array | null }> {
    const { network, dataset, backend } = this.#problem;
    const { limitKernel } = await import("surefoot/kernel"); // only some views need it
    const kernel = await limitKernel(network.spec, this.#initialiser, dataset.x, backend);
    return { kernel: kernel?.data ?? null, values: kernel ? await this.#eigenvalues(kernel) : null };
  }

  async #eigenvalues(kernel: Matrix): Promise<Float64Array | null> {
    const found = await this.#problem.backend.eigenvalues(kernel);
    return found.status === "ok" ? found.values : null;
  }

  #patterns({ step, pass }: DescentState): PatternsSeen {
    const now = signPattern(pass.z[0]);
    const { rows: n, bits: width } = now;
    const neurons = Math.min(width, MOST_PATTERN_NEURONS);
    const cells = new Uint8Array(n * neurons);
    for (let i = 0; i < n; i++) {
      for (let r = 0; r < neurons; r++) cells[i * neurons + r] = bit(this.#initialPattern, i, r) + 2 * bit(now, i, r);
    }
    return { look: "patterns", step, n, neurons, width, cells, flips: countFlips(this.#initialPattern, now) };
  }

  async #circle(state: DescentState): Promise<CircleSeen> {
    const { network, dataset, backend } = this.#problem;
    const { x, y } = dataset;
    if (x.cols !== 2) {
      throw new SurefootError("argument", `the circle is for inputs with two coordinates; these have ${x.cols}`);
    }
    const radius = Math.hypot(x.data[0], x.data[1]);
    const ring = matrix(CIRCLE_POINTS, 2);
    for (let k = 0; k < CIRCLE_POINTS; k++) {
      ring.data[2 * k] = radius * Math.cos((2 * Math.PI * k) / CIRCLE_POINTS);
      ring.data[2 * k + 1] = radius * Math.sin((2 * Math.PI * k) / CIRCLE_POINTS);
    }
    const fitted = await forward(network, state.weights, ring, backend);
    const pattern = signPattern(state.pass.z[0]);
    const neurons = Math.min(pattern.bits, MOST_CIRCLE_NEURONS);
    const flipped = new Uint8Array(neurons);
    for (let i = 0; i < pattern.rows; i++) {
      for (let r = 0; r < neurons; r++) if (bit(pattern, i, r) !== bit(this.#lastPattern, i, r)) flipped[r] = 1;
    }
    this.#lastPattern = pattern;
    return {
      look: "circle",
      step: state.step,
      x: x.data.slice(),
      y: y.slice(),
      now: state.weights.W1.data.slice(0, 2 * neurons),
      initial: this.#initialWeights.slice(),
      flipped,
      fitted: fitted.outputs,
      outputs: state.pass.outputs.slice(),
    };
  }
}

const bit = ({ words, wordsPerRow }: BitMasks, row: number, column: number) =>
  (words[row * wordsPerRow + (column >>> 5)] >>> (column & 31)) & 1;
