import { LOOK_BYTES_PER_PAIR, type Looker, type NeuronScanner } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import type { Census } from "./census.ts";
import { type LazyCheckpoint, readCheckpoint, writeCheckpoint } from "./checkpoint.ts";
import { breathe, type Long } from "./long-work.ts";
import { type LazyMemoryPlan, largestWidthWithin, lazyMemoryPlan, readableBytes } from "./memory-plan.ts";
import { type LazyNeuron, movedNeuron, neuronBlock } from "./neuron.ts";
import { type NeuronSource, seededNeurons } from "./neuron-source.ts";
import { type LazyProbe, probe } from "./probe.ts";
import { type LazyProblem, type LazyProblemOptions, lazyProblem } from "./problem.ts";
import { predictReach } from "./reach.ts";
import { startPass, type WatchSet } from "./start.ts";
import type { CloseDecision, LazyState } from "./state.ts";
import { Stepper } from "./stepper.ts";
import { TangentCounts } from "./tangent-counts.ts";

/** What a lazy run starts from. */
export interface LazyOptions extends Long, LazyProblemOptions {
  /** m. */
  readonly width: number;
  readonly seed: number;
  /**
   * Passes over all neurons, and the looks at pairs in every step, run on threads of its kind (createNeuronScanner); without it on the
   * backend and on this thread. The caller closes it, and the run.
   */
  readonly scanner?: NeuronScanner | undefined;
  /** Each neuron twice with opposite output weights: u(0) = 0. */
  readonly antisymmetric?: boolean;
  /** Steps the caller has in mind: decides how many pairs are watched from the start (default 1000). More steps are always possible. */
  readonly horizon?: number;
  /** The watch list reaches this many times as far as the longest path predicted (default 1.5). Certificates ask for about 3. */
  readonly room?: number;
  /** Refuse a run that needs more bytes than this. */
  readonly memoryLimit?: number;
  /** Called once with the plan before anything large is allocated. */
  readonly onPlan?: (plan: LazyMemoryPlan) => void;
}

/** A run from weights of the caller's own (NeuronSource) instead of a seed. */
export type LazySourceOptions = Omit<LazyOptions, "width" | "seed" | "antisymmetric"> & {
  readonly source: NeuronSource;
};

/** Why `step` returned. */
export type LazyOutcome =
  | { readonly status: "ok" }
  /** The residual is no longer finite: the step size is beyond what the kernel allows. */
  | { readonly status: "diverged"; readonly step: number }
  /** Going on needs a longer watch list than `memoryLimit` allows; the state is that after `step` steps and remains valid. */
  | { readonly status: "out-of-memory"; readonly step: number; readonly plan: LazyMemoryPlan };

const DEFAULT_HORIZON = 1000;

/** The prediction uses another draw of u(0) and keeps H as it starts. A path that is longer after all costs another pass over the neurons. */
export const DEFAULT_ROOM = 1.5;

/** Of the 4 GiB that WebAssembly threads share, what pairs may take: the rest is for the flips. */
const SHARED_MEMORY = 3e9;

/** Milliseconds between two turns of the event loop. */
const BREATH = 50;

/**
 * Exact gradient descent for f(x) = (1/√m) Σ_r a_r max(w_r·x, 0), W trained, on ½‖u − y‖², in function space: n² operations a step and
 * O(n) per sign flip, whatever m and d are (theory/06). Starts from the weights that `initialise` draws for the same seed.
 * Throws `argument` when the plan does not fit `memoryLimit`.
 */
export async function createLazyRun(options: LazyOptions | LazySourceOptions): Promise<LazyRun> {
  return LazyRun.create(options);
}

/** Continues from a checkpoint of the same problem, to the same bits as a run that was never stopped. Throws `file` for any other. */
export async function resumeLazyRun(
  options: LazyOptions | LazySourceOptions,
  checkpoint: LazyCheckpoint,
): Promise<LazyRun> {
  return LazyRun.create(options, checkpoint);
}

/** A run in function space: step it, probe it, ask for a neuron, save it. */
export class LazyRun {
  readonly problem: LazyProblem;
  readonly plan: LazyMemoryPlan;
  /** C(0): the counts behind H(0). */
  readonly initialCounts: Float64Array;
  /** u(0). */
  readonly initialOutputs: Float64Array;
  readonly #census: Census | undefined;
  #stepper: Stepper;
  #looker: Looker | undefined;
  readonly #scanner: NeuronScanner | undefined;
  readonly #memoryLimit: number;
  #breathed = 0;
  /** ‖w_r(0)‖ by slot, as far as they were asked for; 0 otherwise. */
  #norms = new Float64Array(0);

  private constructor(
    problem: LazyProblem,
    plan: LazyMemoryPlan,
    initialCounts: Float64Array,
    initialOutputs: Float64Array,
    census: Census | undefined,
    stepper: Stepper,
    looker: Looker | undefined,
    scanner: NeuronScanner | undefined,
    memoryLimit: number,
  ) {
    this.problem = problem;
    this.plan = plan;
    this.initialCounts = initialCounts;
    this.initialOutputs = initialOutputs;
    this.#census = census;
    this.#stepper = stepper;
    this.#looker = looker;
    this.#scanner = scanner;
    this.#memoryLimit = memoryLimit;
  }

  static async create(options: LazyOptions | LazySourceOptions, checkpoint?: LazyCheckpoint): Promise<LazyRun> {
    const { dataset, stepSize, backend, horizon = DEFAULT_HORIZON, room = DEFAULT_ROOM } = options;
    const memoryLimit = options.memoryLimit ?? Number.POSITIVE_INFINITY;
    const source =
      "source" in options
        ? options.source
        : seededNeurons(
            {
              width: options.width,
              inputs: dataset.x.cols,
              seed: options.seed,
              antisymmetric: options.antisymmetric ?? false,
            },
            backend,
          );
    const problem = await lazyProblem(dataset, source, stepSize, backend);
    const saved = checkpoint && readCheckpoint(checkpoint, problem);
    const reach = saved?.reach ?? (await predictReach(problem, horizon, room, options));
    const plan = planFor(problem, reach);
    if (plan.bytes > memoryLimit) {
      const width = largestWidthWithin(memoryLimit, planInput(problem, reach));
      throw new SurefootError(
        "argument",
        `this run needs ${plan.needs}, more than the limit of ${readableBytes(memoryLimit)}; the largest width that fits is ${width}`,
      );
    }
    options.onPlan?.(plan);
    const { outputs, counts, watch, census } = await startPass(problem.x, source, reach, options, options);
    const n = problem.x.rows;
    const state: LazyState = saved?.state ?? {
      step: 0,
      residual: outputs.map((u, i) => u - problem.y[i]),
      sums: new Float64Array(n),
      up: new Float64Array(n),
      down: new Float64Array(n),
      path: 0,
      flips: 0,
      looks: 0,
      unsettled: 0,
      nearTies: 0,
      firstNearTie: undefined,
      frozenAt: undefined,
    };
    const tangent = new TangentCounts(problem.gram, saved?.counts ?? counts.slice(), source.width);
    const looker = await lookerFor(options.scanner, watch, problem);
    const stepper = await Stepper.create(problem, state, tangent, watch, reach, looker);
    if (saved) await stepper.restore(saved.entries);
    return new LazyRun(problem, plan, counts, outputs, census, stepper, looker, options.scanner, memoryLimit);
  }

  get state(): Readonly<LazyState> {
    return this.#stepper.state;
  }

  get stepper(): Stepper {
    return this.#stepper;
  }

  /** ½‖e(k)‖². */
  get loss(): number {
    let sum = 0;
    for (const value of this.state.residual) sum += value * value;
    return 0.5 * sum;
  }

  /** `steps` more gradient steps. Aborting throws the signal's reason between two steps; the state stays valid and can be saved. */
  async step(steps = 1, long: Long = {}): Promise<LazyOutcome> {
    const first = this.state.step;
    const close: CloseDecision[] = [];
    for (let done = 0; done < steps; ) {
      const status = await this.#stepper.advance(close);
      if (status === "diverged") return { status, step: this.state.step };
      if (status === "out-of-reach") {
        const plan = await this.#watchMore(
          this.#stepper.reach.map((length) => 2 * length),
          long,
        );
        if (plan) return { status: "out-of-memory", step: this.state.step, plan };
        continue;
      }
      done = this.state.step - first;
      if (close.length > 0) {
        await this.#judge(close);
        close.length = 0;
      }
      if (performance.now() - this.#breathed > BREATH) {
        await breathe(long, "steps", done, steps);
        this.#breathed = performance.now();
      }
    }
    return { status: "ok" };
  }

  /** Makes the watch set again from the generator, for a longer reach. Returns the plan if it does not fit the memory. */
  async #watchMore(reach: Float64Array, long: Long): Promise<LazyMemoryPlan | undefined> {
    const old = this.#stepper;
    const plan = planFor(this.problem, reach);
    if (plan.bytes > this.#memoryLimit) return plan;
    const { x, source, backend } = this.problem;
    const { watch } = await startPass(x, source, reach, { backend, scanner: this.#scanner }, long);
    const looker = await lookerFor(this.#scanner, watch, this.problem);
    const stepper = await Stepper.create(this.problem, old.state, old.tangent, watch, reach, looker);
    await stepper.restore(old.savedFlips());
    await this.#looker?.close();
    this.#looker = looker;
    this.#stepper = stepper;
    this.#norms = new Float64Array(0);
    return undefined;
  }

  /** Counts the decisions with |z_ri| ≤ 16·2⁻⁵²·‖w_r(0)‖‖x_i‖. Chattering pairs come here in every late step: norms are kept. */
  async #judge(close: readonly CloseDecision[]): Promise<void> {
    const { watch, state } = this.#stepper;
    const { source, norms } = this.problem;
    const rootWidth = Math.sqrt(source.width);
    if (this.#norms.length !== watch.neurons.length) this.#norms = new Float64Array(watch.neurons.length);
    for (const { slot, sample, zeta } of close) {
      let norm = this.#norms[slot];
      if (norm === 0) {
        const { w } = await source.block(watch.neurons[slot], 1);
        norm = Math.sqrt(w.data.reduce((sum, value) => sum + value * value, 0));
        this.#norms[slot] = norm;
      }
      const z = (Math.abs(zeta) * Math.abs(watch.outputs[slot])) / rootWidth;
      if (z > 16 * Number.EPSILON * norm * norms[sample]) continue;
      state.nearTies += 1;
      state.firstNearTie ??= state.step;
    }
  }

  /** What the run measures of itself at this step; `neurons` adds the drift of single neurons, which visits all of them. */
  async probe(options: Long & { readonly neurons?: boolean } = {}): Promise<LazyProbe> {
    return probe(this.problem, this.#stepper, this.initialCounts, this.#census, options);
  }

  /** Makes the watch set again with its reach longer by `extra`, by sample. Returns the plan if that does not fit the memory. */
  async watchFarther(extra: Float64Array, long: Long = {}): Promise<LazyMemoryPlan | undefined> {
    return this.#watchMore(
      this.#stepper.reach.map((length, i) => length + extra[i]),
      long,
    );
  }

  /** s_rj(k) for all samples j. Cost n·d. */
  async pattern(r: number): Promise<Uint8Array> {
    return this.#stepper.pattern(r, (await neuronBlock(this.problem.source, r)).w.data);
  }

  /** w_r(k), a_r, the drift w_r(k) − w_r(0) and the pattern. Cost n·d. */
  async neuron(r: number): Promise<LazyNeuron> {
    const block = await neuronBlock(this.problem.source, r);
    const w = block.w.data;
    return movedNeuron(this.problem, block, this.#stepper.pattern(r, w), this.#stepper.coefficients(r, w));
  }

  /** Ends the threads that look at pairs. The run cannot go on; its state, and checkpoints of it, remain. */
  async close(): Promise<void> {
    await this.#looker?.close();
  }

  /** Everything needed to continue; the pairs near their kinks are made again on resuming. O(n² + flipped pairs) bytes. */
  checkpoint(): LazyCheckpoint {
    return writeCheckpoint(this.problem, this.#stepper);
  }
}

/** Threads of the scanner's kind for the steps, where the pairs fit the memory that threads can share. */
async function lookerFor(
  scanner: NeuronScanner | undefined,
  watch: WatchSet,
  problem: LazyProblem,
): Promise<Looker | undefined> {
  const n = problem.x.rows;
  const held = watch.neurons.length;
  const bytes = watch.slots.length * LOOK_BYTES_PER_PAIR + held * (watch.bytes + 16) + 32 * n * n;
  if (!scanner || bytes > SHARED_MEMORY) return undefined;
  const { offsets } = watch;
  return scanner.looker({ samples: n, patternBytes: watch.bytes, slots: held, offsets });
}

function planInput(problem: LazyProblem, reach: Float64Array) {
  const { x, norms, source } = problem;
  return { n: x.rows, d: x.cols, width: source.width, reach, norms };
}

const planFor = (problem: LazyProblem, reach: Float64Array) => lazyMemoryPlan(planInput(problem, reach));
