import { copy } from "@surefoot/linalg";
import {
  certify,
  type DescentState,
  initDescent,
  PROBE_NAMES,
  type RunRow,
  runColumns,
  type TrainEvent,
  type TrainResult,
  train,
  type Weights,
} from "surefoot";
import { Feed, follow, type Tell } from "./follow.ts";
import { Looks } from "./looks.ts";
import { PATH_COLUMNS, PathMeter } from "./path-meter.ts";
import type { Prepared } from "./prepare.ts";
import type { LookName, RunFacts, Seen } from "./protocol.ts";
import { type Pace, Queue } from "./turns.ts";

/** What is missing is said anew at most this often, and takes at most a tenth of the time. */
const OUTCOME_EVERY = 400;
const OUTCOME_SHARE = 10;

/** A run that can be watched. */
export interface Session {
  readonly facts: RunFacts;
  run(): Promise<void>;
  see(look: LookName): Promise<Seen>;
  end(): void;
}

/** A run by the library's own `train`, as `surefoot train` performs it: to the same bits. */
export class DirectSession implements Session {
  readonly facts: RunFacts;
  readonly #prepared: Prepared;
  readonly #pace: Pace;
  readonly #tell: Tell;
  readonly #feed: Feed;
  readonly #queue = new Queue();
  readonly #meter: PathMeter;
  readonly #abort = new AbortController();
  #looks: Looks | undefined;
  #state: DescentState | undefined;
  #certified: { readonly step: number; readonly weights: Weights } | undefined;
  #outcomeDue = 0;

  constructor(run: number, prepared: Prepared, pace: Pace, tell: Tell) {
    const { problem, weights, stepSize } = prepared;
    const { network, dataset, backend } = problem;
    this.#prepared = prepared;
    this.#pace = pace;
    this.#tell = tell;
    this.#meter = new PathMeter(network, weights);
    this.facts = {
      run,
      experiment: prepared.experiment,
      n: dataset.x.rows,
      d: dataset.x.cols,
      parameters: network.parameters,
      stepSize,
      inverseLambdaMax: prepared.inverseLambdaMax,
      certifiedLimit: prepared.certifiedLimit,
      columns: [...runColumns(network, PROBE_NAMES), ...PATH_COLUMNS],
      backend: `${backend.info.name}: ${backend.info.detail}`,
      threads: backend.info.threads,
      y: dataset.y.slice(),
      source: dataset.provenance.source,
      steps: dataset.provenance.steps,
    };
    this.#feed = new Feed(run, this.facts.columns, tell);
  }

  async run(): Promise<void> {
    const { problem, weights, stepSize, experiment } = this.#prepared;
    const start = await initDescent(problem, weights);
    this.#looks = new Looks(problem, experiment.initialiser, start);
    await this.#looks.ready();
    this.#state = start;
    const events = train(problem, weights, {
      stepSize,
      steps: experiment.steps,
      probes: PROBE_NAMES,
      signal: this.#abort.signal,
    });
    const result = await follow<TrainEvent, TrainResult>(events, {
      run: this.facts.run,
      pace: this.#pace,
      queue: this.#queue,
      signal: this.#abort.signal,
      feed: this.#feed,
      tell: this.#tell,
      onCertified: ({ state }) => {
        this.#state = state;
        const weights = Object.entries(state.weights).map(([name, tensor]) => [name, copy(tensor)] as const);
        this.#certified = { step: state.step, weights: Object.fromEntries(weights) };
        this.#meter.certified(state.weights);
      },
      onRow: async ({ row, state }) => {
        this.#state = state;
        this.#take(row, state);
        if (row.margin !== null) await this.#sayWhatIsMissing(state);
      },
    });
    if (result) await this.#finish(result);
  }

  see(look: LookName): Promise<Seen> {
    return this.#queue.add(() => {
      if (!this.#looks || !this.#state) throw new Error("the run has not begun");
      if (look === "certificate") return this.#certificate();
      return this.#looks.see(look, this.#state);
    });
  }

  async #certificate(): Promise<Seen> {
    if (!this.#certified) throw new Error("nothing is certified yet");
    const { certificateFiles } = await import("./certificate-files.ts"); // needed once, if at all
    const { problem, stepSize, experiment } = this.#prepared;
    const { step, weights } = this.#certified;
    return certificateFiles(problem, weights, { step, stepSize, experiment });
  }

  end(): void {
    this.#abort.abort();
    this.#pace.end();
  }

  #take(row: RunRow, { weights }: DescentState): void {
    const [pathLength, ballDistance, ballAlong] = this.#meter.measure(weights);
    this.#feed.take(row, { pathLength, ballDistance, ballAlong });
  }

  async #sayWhatIsMissing(state: DescentState): Promise<void> {
    const began = performance.now();
    if (this.#certified || began < this.#outcomeDue) return;
    const { problem, stepSize } = this.#prepared;
    const { network, dataset, loss, backend } = problem;
    const outcome = await this.#queue.add(() =>
      certify({ network, weights: state.weights, dataset, loss, stepSize, backend }),
    );
    this.#tell({ kind: "outcome", run: this.facts.run, step: state.step, outcome });
    const now = performance.now();
    this.#outcomeDue = now + Math.max(OUTCOME_EVERY, OUTCOME_SHARE * (now - began));
  }

  async #finish({ stopped, roundingFloor: floor, curveViolations }: TrainResult): Promise<void> {
    this.#feed.flush();
    if (this.#state && stopped !== "diverged") {
      this.#outcomeDue = 0;
      await this.#sayWhatIsMissing(this.#state);
    }
    const roundingFloor = Number.isFinite(floor) ? floor : null;
    this.#tell({ kind: "finished", run: this.facts.run, stopped, roundingFloor, curveViolations });
  }
}
