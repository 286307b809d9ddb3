import { barrier, nextTask } from "./barrier";
import { gemm } from "./gemm";
import { choleskyLeaf, LEAF, substitute } from "./substitute";

/** Where the leading part of a recursive splitting ends: half, in whole leaves. */
function split(n: i32): i32 {
  return ((n / 2 + LEAF - 1) / LEAF) * LEAF;
}

/**
 * A = L·Lᵀ in place on all threads, rows `ld` doubles apart; only the lower triangle is read, what is above it is not defined
 * afterwards. `status` (two i32) receives −1 or the first pivot that is not > 0, and 1 if an entry is not finite (A is left alone
 * then) or 0. Halves recursively: factor, solve for the panel below, update the rest, factor the rest; nearly all work is in products with
 * long inner dimension.
 */
export function cholesky(thread: i32, threads: i32, n: i32, a: usize, ld: isize, status: usize): void {
  if (thread == 0) {
    store<i32>(status, -1);
    store<i32>(status, 0, 4);
  }
  barrier(threads);
  findNonFinite(thread, threads, n, n, a, ld, 1, status + 4);
  if (load<i32>(status, 4) == 0) factor(thread, threads, n, a, ld, status, 0);
}

function factor(thread: i32, threads: i32, n: i32, a: usize, ld: isize, status: usize, offset: i32): void {
  if (n <= LEAF) {
    if (thread == 0) {
      const pivot = choleskyLeaf(n, a, ld << 3);
      if (pivot >= 0) store<i32>(status, offset + pivot);
    }
    barrier(threads);
    return;
  }
  const head = split(n);
  const tail = n - head;
  const panel = a + ((head * ld) << 3);
  const rest = panel + (head << 3);
  factor(thread, threads, head, a, ld, status, offset);
  if (load<i32>(status) >= 0) return;
  solveRight(thread, threads, head, a, ld, tail, panel, ld);
  gemm(thread, threads, tail, tail, head, -1, panel, ld, 1, panel, 1, ld, 1, rest, ld, 1);
  factor(thread, threads, tail, rest, ld, status, offset + head);
}

/** X ← X·L⁻ᵀ for m × n X (rows `ldx` apart) and lower-triangular n × n L, by substitution: rows of X are independent. */
function solveRight(
  thread: i32,
  threads: i32,
  n: i32,
  l: usize,
  ldl: isize,
  m: i32,
  x: usize,
  ldx: isize,
): void {
  if (n <= LEAF) {
    substitute(n, l, ldl << 3, 8, m, x, ldx << 3, 8);
    barrier(threads);
    return;
  }
  const head = split(n);
  const tail = n - head;
  const below = l + ((head * ldl) << 3);
  const right = x + (head << 3);
  solveRight(thread, threads, head, l, ldl, m, x, ldx);
  gemm(thread, threads, m, tail, head, -1, x, ldx, 1, below, 1, ldl, 1, right, ldx, 0);
  solveRight(thread, threads, tail, below + (head << 3), ldl, m, right, ldx);
}

/**
 * X ← L⁻¹·X for n × m X (rows `ldx` apart) and lower-triangular L with entry (i, j) at i·row + j·column, by substitution. Strides
 * (doubles) may be negative: the transposed system is this one read from the end.
 */
export function solveLeft(
  thread: i32,
  threads: i32,
  n: i32,
  l: usize,
  row: isize,
  column: isize,
  m: i32,
  x: usize,
  ldx: isize,
): void {
  if (n <= LEAF) {
    substitute(n, l, row << 3, column << 3, m, x, 8, ldx << 3);
    barrier(threads);
    return;
  }
  const head = split(n);
  const tail = n - head;
  const below = l + ((head * row) << 3);
  const lower = x + ((head * ldx) << 3);
  solveLeft(thread, threads, head, l, row, column, m, x, ldx);
  gemm(thread, threads, tail, m, head, -1, below, row, column, x, ldx, 1, 1, lower, ldx, 0);
  solveLeft(thread, threads, tail, below + ((head * column) << 3), row, column, m, lower, ldx);
}

/** Rows that a thread checks at a time. */
const ROWS_PER_TASK: i32 = 32;

/** Stores 1 at `found` (an i32, 0 before) if an entry of the m × n matrix, of its lower triangle if `lower`, is infinite or NaN. */
export function findNonFinite(
  _thread: i32,
  threads: i32,
  m: i32,
  n: i32,
  a: usize,
  ld: isize,
  lower: i32,
  found: usize,
): void {
  for (let task = nextTask(); task * ROWS_PER_TASK < m; task = nextTask()) {
    const end = min(m, (task + 1) * ROWS_PER_TASK);
    for (let i = task * ROWS_PER_TASK; i < end; i++) {
      if (nonFiniteRow(a + ((i * ld) << 3), lower ? min(n, i + 1) : n)) atomic.store<i32>(found, 1);
    }
  }
  barrier(threads);
}

/** Σ 0·x is 0 for finite entries and NaN otherwise. */
export function nonFiniteRow(a: usize, n: i32): bool {
  const zero = f64x2.splat(0);
  let s0 = zero;
  let s1 = zero;
  const even = n & ~3;
  for (let j = 0; j < even; j += 4) {
    s0 = f64x2.add(s0, f64x2.mul(zero, v128.load(a)));
    s1 = f64x2.add(s1, f64x2.mul(zero, v128.load(a, 16)));
    a += 32;
  }
  s0 = f64x2.add(s0, s1);
  let sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  for (let j = even; j < n; j++) {
    sum += 0 * load<f64>(a);
    a += 8;
  }
  return sum != 0;
}
