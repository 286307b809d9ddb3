/** Qᵀ of a tridiagonal reduction from its reflectors, in blocks 1 − V·T·Vᵀ (Schreiber & Van Loan 1989). */
import { barrier } from "./barrier";
import { gemm } from "./gemm";

const BLOCK: i32 = 32;

/** Doubles of workspace: V, T'V and M·V of one block, their Gram matrix and T. */
export function reflectorSpace(n: i32): i32 {
  return 3 * BLOCK * (n + 8) + 2 * BLOCK * BLOCK;
}

/**
 * The n × n matrix M (rows `ldm` doubles apart) becomes Qᵀ, Q = Π_j(1 − tau_j·v_j·v_jᵀ) with v_j right of the diagonal in row j of A. Blocks are
 * taken from the last to the first: Qᵀ grows from the lower right corner, M ← M − (M·V)(Tᵀ·Vᵀ).
 */
export function formTranspose(
  thread: i32,
  threads: i32,
  n: i32,
  a: usize,
  lda: isize,
  tau: usize,
  m: usize,
  ldm: isize,
  workspace: usize,
): void {
  const width = n + 8;
  const v = workspace;
  const tv = v + 8 * BLOCK * width;
  const mv = tv + 8 * BLOCK * width;
  const gram = mv + 8 * BLOCK * width;
  const t = gram + 8 * BLOCK * BLOCK;
  for (let i = thread; i < n; i += threads) {
    memory.fill(m + ((i * ldm) << 3), 0, n << 3);
    store<f64>(m + ((i * ldm) << 3) + (i << 3), 1);
  }
  const last = ((n - 2) / BLOCK) * BLOCK;
  for (let k = last; k >= 0 && n > 1; k -= BLOCK) {
    const count = min(BLOCK, n - 1 - k);
    const size = n - 1 - k;
    if (thread == 0) {
      for (let p = 0; p < count; p++) {
        const row = v + 8 * p * width;
        memory.fill(row, 0, p << 3);
        memory.copy(row + (p << 3), a + (((k + p) * lda) << 3) + ((k + p + 1) << 3), (size - p) << 3);
      }
    }
    barrier(threads);
    gemm(thread, threads, count, count, size, 1, v, width, 1, v, 1, width, 0, gram, BLOCK, 0);
    if (thread == 0) triangle(count, gram, tau + (k << 3), t);
    barrier(threads);
    gemm(thread, threads, count, size, count, 1, t, 1, BLOCK, v, width, 1, 0, tv, width, 0);
    const corner = m + (((k + 1) * (ldm + 1)) << 3);
    gemm(thread, threads, size, count, size, 1, corner, ldm, 1, v, 1, width, 0, mv, BLOCK, 0);
    gemm(thread, threads, size, size, count, -1, mv, BLOCK, 1, tv, width, 1, 1, corner, ldm, 0);
  }
  barrier(threads);
}

/** T of the product of `count` reflectors: T_jj = tau_j, column j above it −tau_j·T·(Vᵀv_j). */
function triangle(count: i32, gram: usize, tau: usize, t: usize): void {
  memory.fill(t, 0, 8 * BLOCK * BLOCK);
  for (let j = 0; j < count; j++) {
    const factor = load<f64>(tau + (j << 3));
    store<f64>(t + 8 * (j * BLOCK + j), factor);
    for (let i = 0; i < j; i++) {
      let sum: f64 = 0;
      for (let k = i; k < j; k++) sum += load<f64>(t + 8 * (i * BLOCK + k)) * load<f64>(gram + 8 * (k * BLOCK + j));
      store<f64>(t + 8 * (i * BLOCK + j), -factor * sum);
    }
  }
}
