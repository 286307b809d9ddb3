/**
 * Eigenvalues of a symmetric tridiagonal matrix by implicit QL with Wilkinson's shift (Golub & Van Loan, 8.3; Parlett, "The symmetric
 * eigenvalue problem", 8.11), entries of T scaled to about 1. For eigenvectors the rotations of many sweeps are first written down, then
 * applied by all threads, each to columns of its own.
 */
import { barrier } from "./barrier";
import { multiplyAdd } from "./tile";

/** Sweeps for one eigenvalue before giving up; two suffice on average. */
const SWEEPS: i32 = 60;

/** Off-diagonal entries below this, or below u times their neighbours, count as zero. */
const NEGLIGIBLE: f64 = 8.673617379884035e-19; // 2⁻⁶⁰
const UNIT: f64 = 1.1102230246251565e-16;

/** Columns whose rows stay in the second-level cache while a batch of rotations passes over them. */
const STRIPE: i32 = 16;

/** Index of the first negligible off-diagonal entry from l on, n − 1 if there is none. */
function blockEnd(n: i32, l: i32, d: usize, e: usize): i32 {
  for (let m = l; m < n - 1; m++) {
    const size = abs(load<f64>(e + (m << 3)));
    const neighbours = abs(load<f64>(d + (m << 3))) + abs(load<f64>(d + (m << 3), 8));
    if (size <= UNIT * neighbours || size <= NEGLIGIBLE) return m;
  }
  return n - 1;
}

/**
 * One sweep over rows l … m. Rotations (c, s) in the planes (i, i + 1), i = m − 1, m − 2, …, go to `rotations` unless it is 0; returns how
 * many there are.
 */
export function sweep(l: i32, m: i32, d: usize, e: usize, rotations: usize): i32 {
  const first = load<f64>(d + (l << 3));
  const off = load<f64>(e + (l << 3));
  let g = (load<f64>(d + (l << 3), 8) - first) / (2 * off);
  g = load<f64>(d + (m << 3)) - first + off / (g + copysign(sqrt(g * g + 1), g));
  let s: f64 = 1;
  let c: f64 = 1;
  let p: f64 = 0;
  for (let i = m - 1; i >= l; i--) {
    const f = s * load<f64>(e + (i << 3));
    const b = c * load<f64>(e + (i << 3));
    const r = sqrt(f * f + g * g);
    store<f64>(e + (i << 3), r, 8);
    const upper = load<f64>(d + (i << 3), 8);
    if (r == 0) {
      store<f64>(d + (i << 3), upper - p, 8);
      store<f64>(e + (m << 3), 0);
      return m - 1 - i;
    }
    const inverse = 1 / r;
    s = f * inverse;
    c = g * inverse;
    g = upper - p;
    const t = (load<f64>(d + (i << 3)) - g) * s + 2 * c * b;
    p = s * t;
    store<f64>(d + (i << 3), g + p, 8);
    g = c * t - b;
    if (rotations) {
      store<f64>(rotations, c);
      store<f64>(rotations, s, 8);
      rotations += 16;
    }
  }
  store<f64>(d + (l << 3), load<f64>(d + (l << 3)) - p);
  store<f64>(e + (l << 3), g);
  store<f64>(e + (m << 3), 0);
  return m - l;
}

/** Eigenvalues, not sorted, in place of the diagonal; `e` has room for n. `status`: −1, or the index that did not converge. */
export function tridiagonalValues(thread: i32, threads: i32, n: i32, d: usize, e: usize, status: usize): void {
  if (thread == 0) {
    store<i32>(status, -1);
    for (let l = 0; l < n && load<i32>(status) < 0; l++) converge(n, l, d, e, status);
  }
  barrier(threads);
}

export function converge(n: i32, l: i32, d: usize, e: usize, status: usize): void {
  for (let count = 0; ; count++) {
    const m = blockEnd(n, l, d, e);
    if (m == l) return;
    if (count == SWEEPS) {
      store<i32>(status, l);
      return;
    }
    sweep(l, m, d, e, 0);
  }
}

/** Rotations written down before they are applied, as a multiple of n. */
const BATCH: i32 = 48;
const LISTED: i32 = 1024;

/** Bytes of workspace for rotations; the first 64, the state, must be zero at the start. */
export function rotationSpace(n: i32): i32 {
  return 16 * (BATCH + 1) * n + 8 * LISTED + 64;
}

/**
 * Runs sweeps until the batch is full or all is done, on one thread. State: l, sweeps spent on it, sweeps listed, done. Call it in turn with
 * `applyRotations` until done is 1; `status`: −1, or the index that did not converge.
 */
export function collectRotations(
  thread: i32,
  _threads: i32,
  n: i32,
  d: usize,
  e: usize,
  status: usize,
  workspace: usize,
): void {
  if (thread != 0) return;
  if (load<i32>(workspace) == 0) store<i32>(status, -1);
  collectSweeps(n, d, e, status, workspace, workspace + 64, workspace + 64 + 8 * LISTED);
}

/**
 * Applies what was collected to the rows of the n × n matrix at `z` (rows `ld` doubles apart, room for n + 16): Qᵀ at the start, row k is
 * the eigenvector of d_k in the end. Threads share the columns.
 */
export function applyRotations(thread: i32, threads: i32, n: i32, z: usize, ld: isize, workspace: usize): void {
  const list = workspace + 64;
  const sweeps = load<i32>(workspace, 8);
  const stripes = (n + STRIPE - 1) / STRIPE;
  const end = (stripes * (thread + 1)) / threads;
  for (let t = (stripes * thread) / threads; t < end; t++) {
    let from = list + 8 * LISTED;
    for (let s = 0; s < sweeps; s++) {
      const top = load<i32>(list + (s << 3));
      const count = load<i32>(list + (s << 3), 4);
      if (count > 0) applySweep(count, from, z + top * (ld << 3) + t * (STRIPE << 3), ld << 3);
      from += count << 4;
    }
  }
}

function collectSweeps(n: i32, d: usize, e: usize, status: usize, state: usize, list: usize, rotations: usize): void {
  let l = load<i32>(state);
  let spent = load<i32>(state, 4);
  let listed = 0;
  let used = 0;
  while (l < n && listed < LISTED && used < BATCH * n) {
    const m = blockEnd(n, l, d, e);
    if (m == l) {
      l++;
      spent = 0;
      continue;
    }
    if (spent++ == SWEEPS) {
      store<i32>(status, l);
      l = n;
      break;
    }
    const count = sweep(l, m, d, e, rotations + (used << 4));
    store<i32>(list + (listed << 3), m);
    store<i32>(list + (listed << 3), count, 4);
    listed++;
    used += count;
  }
  store<i32>(state, l);
  store<i32>(state, spent, 4);
  store<i32>(state, listed, 8);
  store<i32>(state, l >= n ? 1 : 0, 12);
}

/** Rotates rows top, top − 1, … (16 columns of them) in pairs, from the row at `z` upwards. */
export function applySweep(count: i32, rotations: usize, z: usize, ld: isize): void {
  applyHalf(count, rotations, z, ld);
  applyHalf(count, rotations, z + 64, ld);
}

/** Eight columns; the row that the next rotation shares stays in registers. */
export function applyHalf(count: i32, rotations: usize, z: usize, ld: isize): void {
  let a0 = v128.load(z);
  let a1 = v128.load(z, 16);
  let a2 = v128.load(z, 32);
  let a3 = v128.load(z, 48);
  const end = rotations + (count << 4);
  while (rotations < end) {
    const c = v128.load_splat<f64>(rotations);
    const s = v128.load_splat<f64>(rotations, 8);
    const above = z - ld;
    const b0 = v128.load(above);
    const b1 = v128.load(above, 16);
    const b2 = v128.load(above, 32);
    const b3 = v128.load(above, 48);
    v128.store(z, multiplyAdd(s, b0, f64x2.mul(c, a0)));
    v128.store(z, multiplyAdd(s, b1, f64x2.mul(c, a1)), 16);
    v128.store(z, multiplyAdd(s, b2, f64x2.mul(c, a2)), 32);
    v128.store(z, multiplyAdd(s, b3, f64x2.mul(c, a3)), 48);
    a0 = f64x2.sub(f64x2.mul(c, b0), f64x2.mul(s, a0));
    a1 = f64x2.sub(f64x2.mul(c, b1), f64x2.mul(s, a1));
    a2 = f64x2.sub(f64x2.mul(c, b2), f64x2.mul(s, a2));
    a3 = f64x2.sub(f64x2.mul(c, b3), f64x2.mul(s, a3));
    z = above;
    rotations += 16;
  }
  v128.store(z, a0);
  v128.store(z, a1, 16);
  v128.store(z, a2, 32);
  v128.store(z, a3, 48);
}
