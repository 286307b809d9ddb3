import { say } from "./terminal.ts";

/** Ctrl-C, and the wish of an operating system or a scheduler. */
const STOPPING = ["SIGINT", "SIGTERM"] as const;

/**
 * Runs long work with a signal that Ctrl-C aborts; a second Ctrl-C ends the process. `promise` says what the person gets for waiting. The
 * exit code stays the command's own.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>, promise: string): Promise<T> {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
    say(`\nstopping: ${promise}; press Ctrl-C again to stop at once`);
  };
  for (const name of STOPPING) process.on(name, interrupt);
  try {
    return await work(controller.signal);
  } finally {
    for (const name of STOPPING) process.off(name, interrupt);
  }
}
