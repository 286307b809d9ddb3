import { LinalgError } from "../error.ts";
import { workerSource } from "../generated/kernels.ts";

/** What Node's and the browser's workers have in common here. */
interface Thread {
  post(message: unknown): void;
  /** Whether this worker keeps the process alive. */
  hold(alive: boolean): void;
  end(): Promise<void>;
}

type Reply = { readonly status: "ok" } | { readonly status: "error"; readonly message: string };

/**
 * Persistent worker threads that share one memory. A job is one kernel called on all of them; the threads meet inside it
 * (assembly/barrier.ts), the caller only waits for messages, so that an event loop is never blocked. Idle workers do not
 * keep a process alive.
 */
export class WorkerPool {
  readonly size: number;
  readonly #threads: Thread[] = [];
  #waiting = 0;
  #settle: { resolve(): void; reject(error: Error): void } | undefined;
  #failure: Error | undefined;

  /** Starts `size` workers; rejects with `backend-unavailable` if they cannot be started here. */
  static async start(size: number, module: WebAssembly.Module, memory: WebAssembly.Memory): Promise<WorkerPool> {
    const pool = new WorkerPool(size);
    try {
      await pool.#broadcast((thread) => ({ module, memory, thread, threads: size }));
    } catch (error) {
      await pool.close();
      throw error;
    }
    return pool;
  }

  private constructor(size: number) {
    this.size = size;
    for (let i = 0; i < size; i++) {
      this.#threads.push(
        startThread(
          (reply) => this.#receive(reply),
          (error) => this.#fail(error),
        ),
      );
    }
  }

  /** Calls the kernel `entry` as (thread, threads, …args) on every worker. One job at a time. */
  run(entry: string, args: readonly number[]): Promise<void> {
    return this.#broadcast(() => ({ entry, args }));
  }

  async close(): Promise<void> {
    this.#failure ??= new LinalgError("closed", "the backend was closed");
    this.#settle?.reject(this.#failure);
    this.#settle = undefined;
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  #broadcast(message: (thread: number) => unknown): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting = this.size;
      this.#settle = { resolve, reject };
      this.#threads.forEach((thread, i) => {
        thread.hold(true);
        thread.post(message(i));
      });
    });
  }

  #receive(reply: Reply): void {
    if (reply.status === "error") {
      this.#fail(new Error(`a WebAssembly worker failed: ${reply.message}`));
      return;
    }
    if (--this.#waiting > 0) return;
    const settle = this.#settle;
    this.#settle = undefined;
    for (const thread of this.#threads) thread.hold(false);
    settle?.resolve();
  }

  /** A thread that failed never comes to the next meeting point: the others must end too. */
  #fail(error: Error): void {
    this.#failure ??= error;
    this.#settle?.reject(this.#failure);
    this.#settle = undefined;
    for (const thread of this.#threads.splice(0)) void thread.end();
  }
}

function startThread(onReply: (reply: Reply) => void, onError: (error: Error) => void): Thread {
  const node = nodeModule("node:worker_threads");
  return node ? startNodeThread(node, onReply, onError) : startBrowserThread(onReply, onError);
}

function startNodeThread(
  node: typeof import("node:worker_threads"),
  onReply: (reply: Reply) => void,
  onError: (error: Error) => void,
): Thread {
  // Flags and environment of the parent (test runners' loaders, say) are of no use to this worker.
  const worker = new node.Worker(workerSource, { eval: true, execArgv: [], env: {}, name: "surefoot-linalg" });
  worker.on("message", onReply);
  worker.on("error", onError);
  worker.unref();
  return {
    post: (message) => worker.postMessage(message),
    hold: (alive) => (alive ? worker.ref() : worker.unref()),
    end: async () => {
      await worker.terminate();
    },
  };
}

function startBrowserThread(onReply: (reply: Reply) => void, onError: (error: Error) => void): Thread {
  const url = URL.createObjectURL(new Blob([workerSource], { type: "text/javascript" }));
  const worker = new Worker(url, { name: "surefoot-linalg" });
  worker.onmessage = ({ data }) => {
    URL.revokeObjectURL(url);
    onReply(data);
  };
  worker.onerror = (event) => onError(new Error(`a WebAssembly worker failed: ${event.message}`));
  return {
    post: (message) => worker.postMessage(message),
    hold: () => {},
    end: async () => worker.terminate(),
  };
}

interface NodeModules {
  "node:worker_threads": typeof import("node:worker_threads");
  "node:os": typeof import("node:os");
}

/** A module of Node's own, or undefined in a browser: asked for at run time, so that bundlers have nothing to resolve. */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] | undefined {
  const host = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  return host?.getBuiltinModule?.(name) as NodeModules[Name] | undefined;
}

/** Hardware threads that this process may use. */
export function availableThreads(): number {
  return nodeModule("node:os")?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}
