import { LinalgError } from "../error.ts";
import { Arena, createMemory } from "./arena.ts";
import { compileKernels, type KernelExports } from "./module.ts";
import { availableThreads, WorkerPool } from "./pool.ts";
import { fastestTile, type TileRows } from "./tile.ts";

/** About 0.2 ms of arithmetic: below it a kernel is called at once on this thread, above it on the workers. */
const SMALL_WORK = 2e6;

/** More workers than this only wait for memory. */
const MOST_THREADS = 16;

export interface RuntimeOptions {
  /** Worker threads that compute; default all that the machine has, at most 16. */
  readonly threads?: number;
  /** Multiply and add separately, in one order on every machine: the same bits everywhere. Default false. */
  readonly deterministic?: boolean;
  /** Height of the register tile; default the faster one. Changes no result. */
  readonly tile?: TileRows;
}

/**
 * One instance of the kernels on this thread and one on each worker, over one memory.
 *
 * An operation is `exclusive((arena) => …)`: it copies operands to addresses from the arena, awaits `run(kernel, args, work)`,
 * copies results out. Operations follow one another; inside one, kernels find what earlier kernels left in memory.
 */
export class Runtime {
  readonly threads: number;
  readonly tile: TileRows;
  readonly fused: boolean;
  readonly deterministic: boolean;
  /** Why large operations run on this thread instead of on workers, if they do. */
  readonly workersMissing: string | undefined;
  readonly kernels: KernelExports;
  readonly #arena: Arena;
  readonly #pool: WorkerPool | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #pending = 0;
  #closed = false;

  static async start(options: RuntimeOptions = {}): Promise<Runtime> {
    const { threads = Math.min(availableThreads(), MOST_THREADS), deterministic = false } = options;
    if (!Number.isInteger(threads) || threads < 1 || threads > 1024) {
      throw new LinalgError("argument", `threads must be a whole number from 1 to 1024, not ${threads}`);
    }
    const { module, fused } = await compileKernels(deterministic);
    const memory = createMemory();
    const instance = await WebAssembly.instantiate(module, { env: { memory } });
    const kernels = instance.exports as unknown as KernelExports;
    const arena = new Arena(memory);
    arena.keep(kernels.heapBase() >>> 0);
    const tile = options.tile ?? (await fastestTile(kernels, arena));
    arena.reset();
    const layout = [arena.bytes(kernels.workspaceSize(threads)), tile];
    arena.keep();
    kernels.configure(0, 1, ...layout);
    const pool = await startWorkers(threads, module, memory);
    if (pool instanceof WorkerPool) await pool.run("configure", layout);
    return new Runtime(kernels, arena, pool, tile, { fused, deterministic });
  }

  private constructor(
    kernels: KernelExports,
    arena: Arena,
    pool: WorkerPool | string,
    tile: TileRows,
    arithmetic: { readonly fused: boolean; readonly deterministic: boolean },
  ) {
    this.kernels = kernels;
    this.#arena = arena;
    this.#pool = pool instanceof WorkerPool ? pool : undefined;
    this.workersMissing = pool instanceof WorkerPool ? undefined : pool;
    this.threads = this.#pool?.size ?? 1;
    this.tile = tile;
    this.fused = arithmetic.fused;
    this.deterministic = arithmetic.deterministic;
  }

  /** Runs `operation` when all earlier ones are done, at once if there are none; the arena is empty at its start. */
  async exclusive<T>(operation: (arena: Arena) => T | Promise<T>): Promise<T> {
    if (this.#closed) throw new LinalgError("closed", "this backend was closed; create another one");
    const before = this.#last;
    let release = () => {};
    this.#last = new Promise<void>((resolve) => {
      release = resolve;
    });
    if (this.#pending++ > 0) await before;
    try {
      this.#arena.reset();
      return await operation(this.#arena);
    } finally {
      this.#pending--;
      release();
    }
  }

  /**
   * Calls `entry(thread, threads, …args)`: on this thread at once if `work` (floating-point operations, or as many bytes moved)
   * is small or there are no workers, else on all workers together. Only inside `exclusive`.
   */
  async run(entry: string, args: readonly number[], work: number): Promise<void> {
    if (this.#pool && work > SMALL_WORK) await this.#pool.run(entry, args);
    else this.kernels[entry](0, 1, ...args);
  }

  /** Waits for the operations already asked for, then ends the workers. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#last;
    await this.#pool?.close();
  }
}

/** The workers, or the reason why there are none. */
async function startWorkers(
  threads: number,
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
): Promise<WorkerPool | string> {
  if (globalThis.crossOriginIsolated === false) return "the page is not cross-origin isolated";
  return WorkerPool.start(threads, module, memory).catch((error: unknown) => String(error));
}
