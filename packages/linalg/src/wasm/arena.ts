import { LinalgError } from "../error.ts";

const PAGE = 65536;
const LINE = 64;
const GIB = 2 ** 30;

/**
 * Addresses inside the kernels' memory, handed out upwards and given back all at once by `reset`: one operation at a time
 * owns the memory (see Runtime.exclusive), so nothing needs to be freed singly. Grows when needed, never shrinks.
 *
 * The memory is a shared one even without workers: every engine with SIMD can make it, and only sending it to a worker
 * needs a cross-origin isolated page.
 */
export class Arena {
  readonly memory: WebAssembly.Memory;
  #base = 0;
  #top = 0;
  #buffer: ArrayBufferLike;

  constructor(memory: WebAssembly.Memory) {
    this.memory = memory;
    this.#buffer = memory.buffer;
  }

  /** Everything below `address` stays reserved for good. */
  keep(address = this.#top): void {
    this.#base = this.#top = alignUp(address);
  }

  /** Gives back everything, or what was reserved after `mark`. */
  reset(mark = this.#base): void {
    this.#top = mark;
  }

  /** Where the next reservation begins: an argument for `reset`. */
  mark(): number {
    return this.#top;
  }

  /** Reserves `bytes` (not cleared) on a cache line of their own; throws `argument` when the 4 GiB of 32-bit memory are used up. */
  bytes(bytes: number): number {
    const address = this.#top;
    const end = alignUp(address + bytes);
    const missing = Math.ceil((end - this.#buffer.byteLength) / PAGE);
    if (missing > 0) this.#grow(missing, end);
    this.#top = end;
    return address;
  }

  /** Reserves `count` doubles. */
  doubles(count: number): number {
    return this.bytes(8 * count);
  }

  /** A view of doubles; stale after the next growth of the memory only in its length, never in its place. */
  view(address: number, count: number): Float64Array {
    return new Float64Array(this.#buffer, address, count);
  }

  view32(address: number, count: number): Int32Array {
    return new Int32Array(this.#buffer, address, count);
  }

  #grow(pages: number, end: number): void {
    try {
      this.memory.grow(pages);
    } catch {
      const need = (end / GIB).toFixed(2);
      throw new LinalgError(
        "argument",
        `this operation needs ${need} GiB of WebAssembly memory, more than there is (4 GiB at most); use the native backend or split the matrix`,
      );
    }
    this.#buffer = this.memory.buffer;
  }
}

/** A shared memory with the largest limit that the engine grants. */
export function createMemory(): WebAssembly.Memory {
  for (const maximum of [65536, 32768, 16384]) {
    try {
      return new WebAssembly.Memory({ initial: 16, maximum, shared: true });
    } catch {} // no address space for that much: a smaller limit may do
  }
  throw new LinalgError("backend-unavailable", "the engine grants no shared WebAssembly memory of 1 GiB");
}

function alignUp(address: number): number {
  return Math.ceil(address / LINE) * LINE;
}
