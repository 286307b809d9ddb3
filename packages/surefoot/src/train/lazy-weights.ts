import { type Matrix, matrix } from "@surefoot/linalg";
import type { LazyRun } from "../dynamics/lazy/run.ts";
import type { Weights } from "../network/network.ts";

/** Neurons at a time. */
const BLOCK = 4096;

/** W1 = W(k) and W2 = a of a lazy run, as the two-layer ReLU network holds them: 8·m·(d + 1) bytes, 4·m·n·d operations. */
export async function lazyWeights(run: LazyRun): Promise<Weights> {
  const { x, source, backend } = run.problem;
  const { watch, ledger, state } = run.stepper;
  const [n, d, m] = [x.rows, x.cols, source.width];
  const w1 = matrix(m, d);
  const w2 = matrix(1, m);
  let slot = 0;
  for (let first = 0; first < m; first += BLOCK) {
    const count = Math.min(BLOCK, m - first);
    const { w, a } = await source.block(first, count);
    const z = await backend.gemm(w, x, { transposeB: true });
    const c: Matrix = matrix(count, n);
    for (let k = 0; k < c.data.length; k++) c.data[k] = z.data[k] >= 0 ? state.sums[k % n] : 0;
    for (; slot < watch.neurons.length && watch.neurons[slot] < first + count; slot++) {
      const row = c.data.subarray((watch.neurons[slot] - first) * n, (watch.neurons[slot] - first + 1) * n);
      for (let j = 0; j < n; j++) {
        row[j] = (watch.patterns[slot * watch.bytes + (j >> 3)] >> (j & 7)) & 1 ? state.sums[j] : 0;
      }
      ledger.addBases(slot, row);
    }
    const moved = await backend.gemm(c, x);
    for (let r = 0; r < count; r++) {
      const scale = a[r] / Math.sqrt(m);
      for (let q = 0; q < d; q++) {
        w1.data[(first + r) * d + q] = w.data[r * d + q] - scale * moved.data[r * d + q];
      }
    }
    w2.data.set(a, first);
  }
  return { W1: w1, W2: w2 };
}
