import type { Experiment } from "../state/experiment.ts";
import type { LookName, News, Order, OwnFile, Seen } from "./protocol.ts";

/** What a look at a run gave: null with the reason where there is nothing to see. */
export interface LookResult {
  readonly seen: Seen | null;
  readonly why?: string;
}

/** The page's side of one worker. */
export class EngineClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, (result: LookResult) => void>();
  #run = 0;
  #ticket = 0;

  constructor(onNews: (news: News) => void) {
    this.#worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module", name: "surefoot-run" });
    this.#worker.onmessage = ({ data: news }: MessageEvent<News>) => {
      if (news.kind !== "seen") {
        onNews(news);
        return;
      }
      this.#waiting.get(news.ticket)?.({ seen: news.seen, ...(news.why === undefined ? {} : { why: news.why }) });
      this.#waiting.delete(news.ticket);
    };
    this.#worker.onerror = (event) =>
      onNews({ kind: "failed", reason: event.message || "the worker could not be loaded" });
  }

  /** Asks for a run; returns its number. */
  start(experiment: Experiment, files: readonly OwnFile[], playing: boolean, speed: number): number {
    this.#run++;
    const base = document.baseURI;
    this.#order({ kind: "start", run: this.#run, experiment, files, playing, speed, base });
    return this.#run;
  }

  pace(playing: boolean, speed: number): void {
    this.#order({ kind: "pace", playing, speed });
  }

  step(): void {
    this.#order({ kind: "step" });
  }

  look(look: LookName): Promise<LookResult> {
    const ticket = ++this.#ticket;
    return new Promise((resolve) => {
      this.#waiting.set(ticket, resolve);
      this.#order({ kind: "look", ticket, look });
    });
  }

  close(): void {
    this.#worker.terminate();
    for (const resolve of this.#waiting.values()) resolve({ seen: null });
    this.#waiting.clear();
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }
}
