import { checkMasks } from "../arguments.ts";
import type { BitMasks } from "../backend.ts";
import { type Matrix, matrix } from "../matrix.ts";
import { reserve, unload } from "./operand.ts";
import type { Runtime } from "./runtime.ts";

/** A table row adds 64 counts, or 8 sums: that many bits cost one operation, roughly. */
const BITS_PER_OPERATION = 16;

/** C_ij = Σ_r weight_r·mask_ir·mask_jr by tables (assembly/masks.ts); the order of summation does not depend on the threads. */
export async function maskCounts(runtime: Runtime, masks: BitMasks, weights?: Float64Array): Promise<Matrix> {
  checkMasks(masks, weights);
  const { rows, bits, wordsPerRow, words } = masks;
  const out = matrix(rows, rows);
  const used = Math.ceil(bits / 32);
  if (rows === 0 || used === 0) return out;
  await runtime.exclusive(async (arena) => {
    const stride = 64 * (Math.ceil(used / 16) | 1); // an odd number of cache lines: rows do not compete for one place
    const address = arena.bytes(rows * stride);
    const view = new Uint32Array(arena.memory.buffer, address, (rows * stride) / 4);
    for (let i = 0; i < rows; i++) {
      view.set(words.subarray(i * wordsPerRow, i * wordsPerRow + used), (i * stride) / 4);
    }
    const c = reserve(arena, rows, rows);
    arena.view(c.address, rows * c.stride).fill(0);
    const scratch = arena.bytes(runtime.kernels.maskSpace(runtime.threads));
    const args = [rows, address, Math.ceil(bits / 8), stride, c.address, c.stride, scratch];
    const work = (rows * rows * bits) / BITS_PER_OPERATION;
    if (weights) {
      const padded = arena.doubles(32 * used);
      const values = arena.view(padded, 32 * used);
      values.fill(0);
      values.set(weights);
      await runtime.run("weightedCounts", [...args, padded], 8 * work);
    } else {
      await runtime.run("maskCounts", args, work);
    }
    await runtime.run("mirror", [rows, c.address, c.stride], 8 * rows * rows);
    unload(arena, c, out.data);
  });
  return out;
}
