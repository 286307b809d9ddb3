import { certify, type DescentState, initDescent, PROBE_NAMES, runColumns, type TrainEvent, train } from "surefoot";
import { Looks } from "./looks.ts";
import { PATH_COLUMNS, PathMeter } from "./path-meter.ts";
import type { Prepared } from "./prepare.ts";
import type { LookName, News, RunFacts, Seen } from "./protocol.ts";
import { type Pace, Queue } from "./turns.ts";

/** About one frame: rows are sent to the page no more often. */
const FRAME = 15;
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
  readonly #tell: (news: News, transfer?: Transferable[]) => void;
  readonly #queue = new Queue();
  readonly #meter: PathMeter;
  readonly #abort = new AbortController();
  #looks: Looks | undefined;
  #state: DescentState | undefined;
  #pending: number[] = [];
  #sent = 0;
  #certified = false;
  #outcomeDue = 0;

  constructor(run: number, prepared: Prepared, pace: Pace, tell: (news: News, transfer?: Transferable[]) => void) {
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
      probeEvery: null,
      columns: [...runColumns(network, PROBE_NAMES), ...PATH_COLUMNS],
      backend: `${backend.info.name}: ${backend.info.detail}`,
      threads: backend.info.threads,
      y: dataset.y.slice(),
      source: dataset.provenance.source,
      steps: dataset.provenance.steps,
    };
  }

  async run(): Promise<void> {
    const { problem, weights, stepSize, experiment } = this.#prepared;
    const start = await initDescent(problem, weights);
    this.#looks = new Looks(problem, start);
    await this.#looks.ready();
    this.#state = start;
    const events = train(problem, weights, {
      stepSize,
      steps: experiment.steps,
      probes: PROBE_NAMES,
      signal: this.#abort.signal,
    });
    for (let first = true; ; first = false) {
      const mayGo = first || (await this.#pace.turn(() => this.#flush()));
      if (!mayGo) return;
      const next = await this.#queue.add(() => events.next());
      if (this.#abort.signal.aborted) return;
      if (next.done) {
        await this.#finish(next.value.stopped, next.value.roundingFloor, next.value.curveViolations);
        return;
      }
      const event = next.value;
      this.#state = event.state;
      if (event.kind === "certified") {
        this.#certified = true;
        this.#meter.certified(event.state.weights);
        const { step, loss, ratePerStep, outcome } = event.certified;
        this.#tell({ kind: "certified", run: this.facts.run, certified: { step, loss, ratePerStep, outcome } });
        // The row of this step comes next, and is part of the same step.
        this.#pace.grantStep();
      } else {
        this.#take(event.row, event.state);
        if (event.row.margin !== null) await this.#sayWhatIsMissing(event.state);
      }
    }
  }

  see(look: LookName): Promise<Seen> {
    return this.#queue.add(() => {
      if (!this.#looks || !this.#state) throw new Error("the run has not begun");
      return this.#looks.see(look, this.#state);
    });
  }

  end(): void {
    this.#abort.abort();
    this.#pace.end();
  }

  #take(row: Extract<TrainEvent, { kind: "row" }>["row"], { weights }: DescentState): void {
    const [length, distance, along] = this.#meter.measure(weights);
    const extra: Record<string, number> = { pathLength: length, ballDistance: distance, ballAlong: along };
    for (const name of this.facts.columns) this.#pending.push(row[name] ?? extra[name] ?? Number.NaN);
    if (performance.now() - this.#sent >= FRAME) this.#flush();
  }

  #flush(): void {
    if (this.#pending.length === 0) return;
    const rows = Float64Array.from(this.#pending);
    this.#pending = [];
    this.#sent = performance.now();
    this.#tell({ kind: "rows", run: this.facts.run, rows }, [rows.buffer]);
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

  async #finish(stopped: string, floor: number, curveViolations: number): Promise<void> {
    this.#flush();
    if (this.#state && stopped !== "diverged") {
      this.#outcomeDue = 0;
      await this.#sayWhatIsMissing(this.#state);
    }
    const roundingFloor = Number.isFinite(floor) ? floor : null;
    this.#tell({ kind: "finished", run: this.facts.run, stopped, roundingFloor, curveViolations });
  }
}
