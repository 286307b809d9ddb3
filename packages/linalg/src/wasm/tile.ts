import type { Arena } from "./arena.ts";
import type { KernelExports } from "./module.ts";

/** Rows of the register tiles in assembly/tile.ts. */
export type TileRows = 4 | 6;

const DEPTH = 256;
const CALLS = 24;
/** Milliseconds that a timing takes: many ticks of the clock, which is coarse (0.1 ms) in pages that are not isolated. */
const SLICE = 0.2;
const COARSE_SLICE = 2;
/**
 * Rounds end when no best time has improved for this many: the engine optimises the kernels meanwhile, later under load, and one slice in
 * several is not interrupted by other work.
 */
const PATIENCE = 12;
const MOST_ROUNDS = 80;
/** An improvement by less is noise. */
const IMPROVED = 0.95;

/**
 * Times both register tiles in turns and returns the one with the better best time: which it is depends on the engine's register
 * allocation. Some ten milliseconds, most of it waiting for the optimising compiler. The choice changes no result.
 */
export async function fastestTile(kernels: KernelExports, arena: Arena): Promise<TileRows> {
  const a = arena.doubles(6 * DEPTH);
  const b = arena.doubles(4 * DEPTH);
  const c = arena.doubles(6 * 4);
  for (const [address, count] of [
    [a, 6 * DEPTH],
    [b, 4 * DEPTH],
  ])
    arena.view(address, count).fill(1);
  const slice = globalThis.crossOriginIsolated === false ? COARSE_SLICE : SLICE;
  const best = { 4: Number.POSITIVE_INFINITY, 6: Number.POSITIVE_INFINITY };
  for (let round = 0, since = 0; round < MOST_ROUNDS && since < PATIENCE; round++, since++) {
    for (const rows of round % 2 === 0 ? ([4, 6] as const) : ([6, 4] as const)) {
      const tile = rows === 4 ? kernels.tile4x4 : kernels.tile6x4;
      const time = timeOf(() => tile(DEPTH, a, b, c, 32, 1, 0), slice) / rows;
      if (time < IMPROVED * best[rows]) since = 0;
      best[rows] = Math.min(best[rows], time);
    }
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return best[6] < best[4] ? 6 : 4;
}

/** Milliseconds of one call, from calling it for about `slice` milliseconds. */
function timeOf(call: () => void, slice: number): number {
  const start = performance.now();
  for (let calls = 0; ; ) {
    for (let i = 0; i < CALLS; i++) call();
    calls += CALLS;
    const elapsed = performance.now() - start;
    if (elapsed >= slice) return elapsed / calls;
  }
}
