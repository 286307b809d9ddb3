import type { CertifyOutcome } from "surefoot";
import { EngineClient, type LookResult } from "../engine/client.ts";
import type { CertifiedFacts, LookName, News, OwnFile, RunFacts } from "../engine/protocol.ts";
import type { Experiment } from "../state/experiment.ts";
import { Columns } from "./columns.ts";

/** What the page knows of one run. Numbers of every step are in `columns`; `pulse` changes with them, at most once a frame. */
export class Run {
  facts = $state.raw<RunFacts | null>(null);
  columns = $state.raw(new Columns([]));
  pulse = $state(0);
  step = $state(0);
  outcome = $state.raw<CertifyOutcome | null>(null);
  certified = $state.raw<CertifiedFacts | null>(null);
  stopped = $state<string | null>(null);
  roundingFloor = $state<number | null>(null);
  curveViolations = $state(0);
  /** Why the last experiment was refused; the run that is shown goes on. */
  refusal = $state<string | null>(null);
  failure = $state<string | null>(null);
  /** The experiment that is being prepared. */
  preparing = $state(false);

  readonly #engine: EngineClient;
  readonly #onRefused: (facts: RunFacts | null) => void;
  #wanted = 0;
  #frame = 0;
  #began = 0;
  /** Milliseconds from the order to the certificate; null before. */
  certifiedAfter: number | null = null;

  constructor(onRefused: (facts: RunFacts | null) => void) {
    this.#onRefused = onRefused;
    this.#engine = new EngineClient((news) => this.#hear(news));
  }

  start(experiment: Experiment, files: readonly OwnFile[], playing: boolean, speed: number): void {
    this.refusal = null;
    this.preparing = true;
    this.#began = performance.now();
    this.#wanted = this.#engine.start(experiment, files, playing, speed);
  }

  pace(playing: boolean, speed: number): void {
    this.#engine.pace(playing, speed);
  }

  stepOnce(): void {
    this.#engine.step();
  }

  look(look: LookName): Promise<LookResult> {
    return this.#engine.look(look);
  }

  close(): void {
    cancelAnimationFrame(this.#frame);
    this.#engine.close();
  }

  #hear(news: News): void {
    if (news.kind === "failed") {
      this.failure = news.reason;
      this.preparing = false;
      return;
    }
    if (news.kind === "seen") return;
    if (news.kind === "refused") {
      if (news.run !== this.#wanted) return;
      this.refusal = news.reason;
      this.preparing = false;
      this.#onRefused(this.facts);
      return;
    }
    if (news.kind === "started") {
      this.#begin(news.facts);
      return;
    }
    if (news.run !== this.facts?.run) return;
    switch (news.kind) {
      case "rows":
        this.columns.append(news.rows);
        this.#redraw();
        break;
      case "outcome":
        this.outcome = news.outcome;
        break;
      case "certified":
        this.certified = news.certified;
        this.outcome = news.certified.outcome;
        this.certifiedAfter ??= performance.now() - this.#began;
        break;
      case "finished":
        this.stopped = news.stopped;
        this.roundingFloor = news.roundingFloor;
        this.curveViolations = news.curveViolations;
    }
  }

  #begin(facts: RunFacts): void {
    this.facts = facts;
    this.columns = new Columns(facts.columns);
    this.step = 0;
    this.outcome = null;
    this.certified = null;
    this.certifiedAfter = null;
    this.stopped = null;
    this.roundingFloor = null;
    this.curveViolations = 0;
    this.failure = null;
    this.preparing = false;
    this.#redraw();
  }

  #redraw(): void {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.step = this.columns.last("step") ?? 0;
      this.pulse++;
    });
  }
}
