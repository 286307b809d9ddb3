import type { Certified, RunRow } from "surefoot";
import type { News } from "./protocol.ts";
import type { Pace, Queue } from "./turns.ts";

/** About one frame: rows are sent to the page no more often. */
const FRAME = 15;

export type Tell = (news: News, transfer?: Transferable[]) => void;

/** The rows of a run on their way to the page. */
export class Feed {
  readonly #run: number;
  readonly #columns: readonly string[];
  readonly #tell: Tell;
  #pending: number[] = [];
  #sent = 0;

  constructor(run: number, columns: readonly string[], tell: Tell) {
    this.#run = run;
    this.#columns = columns;
    this.#tell = tell;
  }

  take(row: RunRow, extra: Readonly<Record<string, number>> = {}): void {
    for (const name of this.#columns) this.#pending.push(row[name] ?? extra[name] ?? Number.NaN);
    if (performance.now() - this.#sent >= FRAME) this.flush();
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const rows = Float64Array.from(this.#pending);
    this.#pending = [];
    this.#sent = performance.now();
    this.#tell({ kind: "rows", run: this.#run, rows }, [rows.buffer]);
  }
}

type Row<S> = { readonly kind: "row"; readonly row: RunRow; readonly state: S };
type Certificate<S> = { readonly kind: "certified"; readonly certified: Certified; readonly state: S };

export interface Following<E> {
  readonly run: number;
  readonly pace: Pace;
  readonly queue: Queue;
  readonly signal: AbortSignal;
  readonly feed: Feed;
  readonly tell: Tell;
  readonly onCertified: (event: Extract<E, { kind: "certified" }>) => void;
  readonly onRow: (event: Extract<E, { kind: "row" }>) => Promise<void> | void;
}

/** Brings what the library says of a run to the page, step by step as the pace allows; undefined when the run was ended from outside. */
export async function follow<E extends Row<unknown> | Certificate<unknown>, R>(
  events: AsyncGenerator<E, R>,
  { run, pace, queue, signal, feed, tell, onCertified, onRow }: Following<E>,
): Promise<R | undefined> {
  for (let first = true; ; first = false) {
    const mayGo = first || (await pace.turn(() => feed.flush()));
    if (!mayGo) return undefined;
    const next = await queue.add(() => events.next());
    if (signal.aborted) return undefined;
    if (next.done) return next.value;
    const event = next.value;
    if (event.kind === "certified") {
      onCertified(event as Extract<E, { kind: "certified" }>);
      const { step, loss, ratePerStep, outcome } = event.certified;
      tell({ kind: "certified", run, certified: { step, loss, ratePerStep, outcome } });
      // The row of this step comes next, and is part of the same step.
      pace.grantStep();
    } else await onRow(event as Extract<E, { kind: "row" }>);
  }
}
