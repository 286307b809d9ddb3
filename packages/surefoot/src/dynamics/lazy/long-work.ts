/** How a caller follows and stops long work. */
export interface Long {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: LazyProgress) => void;
}

/** How far a long piece of work has come. */
export interface LazyProgress {
  readonly phase: "pilot" | "start" | "steps" | "drift";
  /** Neurons or steps done so far, of `total`. */
  readonly done: number;
  readonly total: number;
}

/** A timer waits a millisecond at least, which a pass over 10⁹ neurons pays thousands of times. */
const later: (turn: () => void) => unknown =
  typeof setImmediate === "function" ? setImmediate : (turn) => setTimeout(turn, 0);

/** Reports progress, throws the signal's reason if the caller has given up, and lets the event loop turn. */
export async function breathe(long: Long, phase: LazyProgress["phase"], done: number, total: number): Promise<void> {
  long.onProgress?.({ phase, done, total });
  await new Promise<void>((resolve) => later(resolve));
  long.signal?.throwIfAborted();
}
