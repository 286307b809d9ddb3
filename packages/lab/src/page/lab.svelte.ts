import type { OwnFile } from "../engine/protocol.ts";
import { DEFAULT_STATE, type Experiment, type LabState } from "../state/experiment.ts";
import { formatState, parseState } from "../state/url.ts";
import { Run } from "./run.svelte.ts";

/** The page's state and its runs. The URL is the state: whatever changes it goes through `go`, and back and forward read it again. */
export class Lab {
  state = $state.raw<LabState>(DEFAULT_STATE);
  /** Why the URL could not be read. */
  notice = $state<string | null>(null);
  readonly run: Run;
  versus = $state.raw<Run | null>(null);
  files: OwnFile[] = [];
  /** The run that the controls change, and that theorem, command and exports are about. */
  focus = $state<"A" | "B">("A");

  constructor() {
    this.run = new Run((facts) => {
      // The experiment that goes on is the one that the URL names.
      if (facts) this.#set({ ...this.state, experiment: facts.experiment }, "replace");
    });
    addEventListener("hashchange", () => this.#read());
    addEventListener("popstate", () => this.#read());
    this.#read();
  }

  /** The run in focus. */
  get focused(): Run {
    return this.focus === "B" && this.versus ? this.versus : this.run;
  }

  /** The experiment in focus. */
  get experiment(): Experiment {
    return this.focus === "B" && this.state.versus ? this.state.versus : this.state.experiment;
  }

  /** Changes the experiment in focus: a new run, and a new entry in the browser's history. */
  change(change: Partial<Experiment>): void {
    const next = { ...this.experiment, ...change };
    this.go(this.experiment === this.state.versus ? { versus: next } : { experiment: next });
  }

  /** Begins a comparison with the next seed; the controls are then the second run's. */
  compare(): void {
    const { experiment } = this.state;
    this.go({ versus: { ...experiment, seed: experiment.seed + 1 } });
    this.focus = "B";
  }

  go(change: Partial<LabState>, history: "push" | "replace" = "push"): void {
    const before = this.state;
    this.#set({ ...before, ...change }, history);
    this.#follow(before);
  }

  /** Ends the comparison. */
  single(): void {
    const { versus: _, ...rest } = this.state;
    this.replaceAll(rest);
  }

  /** As `go`, for a whole state. */
  replaceAll(state: LabState): void {
    const before = this.state;
    this.#set(state, "push");
    this.#follow(before);
  }

  leaveTour(): void {
    const { tour: _, ...rest } = this.state;
    this.#set(rest, "push");
  }

  restart(): void {
    this.#start(this.run, this.state.experiment);
    if (this.versus && this.state.versus) this.#start(this.versus, this.state.versus);
  }

  stepOnce(): void {
    if (this.state.playing) this.go({ playing: false }, "replace");
    this.run.stepOnce();
    this.versus?.stepOnce();
  }

  #read(): void {
    const hash = location.hash.replace(/^#/, "");
    if (hash === formatState(this.state) && this.run.facts) return;
    const first = this.run.facts === null && !this.run.preparing;
    const { state, problem } = parseState(hash);
    const before = this.state;
    this.state = state;
    this.notice = problem ?? null;
    if (first) {
      this.#start(this.run, state.experiment);
      this.#compare(undefined, state.versus);
    } else this.#follow(before);
  }

  #set(state: LabState, history: "push" | "replace"): void {
    this.state = state;
    this.notice = null;
    const text = formatState(state);
    const address = text === "" ? location.pathname + location.search : `#${text}`;
    if (history === "push") window.history.pushState(null, "", address);
    else window.history.replaceState(null, "", address);
  }

  /** Brings the runs to what the state says. */
  #follow(before: LabState): void {
    const { experiment, versus, playing, speed } = this.state;
    if (!same(experiment, before.experiment)) this.#start(this.run, experiment);
    this.#compare(before.versus, versus);
    if (playing !== before.playing || speed !== before.speed) {
      this.run.pace(playing, speed);
      this.versus?.pace(playing, speed);
    }
  }

  #compare(before: Experiment | undefined, now: Experiment | undefined): void {
    if (same(before, now)) return;
    if (!now) {
      this.focus = "A";
      this.versus?.close();
      this.versus = null;
      return;
    }
    this.versus ??= new Run((facts) => {
      if (facts) this.#set({ ...this.state, versus: facts.experiment }, "replace");
    });
    this.#start(this.versus, now);
    // Both from their first step: what is compared is what happens at the same step.
    if (before === undefined && this.run.facts) this.#start(this.run, this.state.experiment);
  }

  #start(run: Run, experiment: Experiment): void {
    run.start(experiment, this.files, this.state.playing, this.state.speed);
  }
}

const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
