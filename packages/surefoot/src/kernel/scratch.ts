/** Buffers that blocks of one size hand on to one another: megabytes allocated per tile would keep the garbage collector busy. */
export interface Scratch {
  /** Holds whatever was left in it. */
  take(size: number): Float64Array;
  give(...buffers: readonly Float64Array[]): void;
}

const KEPT = 8;

export function createScratch(): Scratch {
  const free: Float64Array[] = [];
  return {
    take: (size) => {
      const at = free.findIndex(({ length }) => length === size);
      return at < 0 ? new Float64Array(size) : free.splice(at, 1)[0];
    },
    give: (...buffers) => {
      free.push(...buffers);
      free.splice(0, free.length - KEPT);
    },
  };
}
