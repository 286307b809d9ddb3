/** Products and solutions with one vector, for iterations on a symmetric matrix: bound by the speed of memory, so each entry is read once. */
import { barrier, nextTask } from "./barrier";
import { addTo, dot, fourRows } from "./tridiagonal";

/** Pieces into which rows are cut, whatever the number of threads: sums keep one order. */
const CHUNKS: i32 = 8;

/** Rows of a block of the triangular solver. */
const BLOCK: i32 = 64;

function chunkStart(n: i32, c: i32): i32 {
  return c == CHUNKS ? n : <i32>(<f64>n * sqrt(<f64>c / CHUNKS)) & ~3;
}

/** Doubles of workspace for `symmetricProduct`. */
export function productSpace(n: i32): i32 {
  return CHUNKS * (n + 16);
}

/** y = A·x from the lower triangle of A, which is followed by four rows of zeros; x and y have room for n + 8, x zeros there. */
export function symmetricProduct(
  thread: i32,
  threads: i32,
  n: i32,
  a: usize,
  ld: isize,
  x: usize,
  y: usize,
  workspace: usize,
): void {
  const length = (n + 16) << 3;
  for (let c = nextTask(); c < CHUNKS; c = nextTask()) {
    const end = chunkStart(n, c + 1);
    const part = workspace + c * length;
    memory.fill(part, 0, (end + 4) << 3);
    for (let i = chunkStart(n, c); i < end; i += 4) fourRows(i, a + ((i * ld) << 3), ld << 3, x, part);
  }
  barrier(threads);
  if (thread == 0) {
    memory.fill(y, 0, n << 3);
    for (let c = 0; c < CHUNKS; c++) addTo(chunkStart(n, c + 1), workspace + c * length, y);
  }
  barrier(threads);
}

/** The lower triangle of sign·A − shift to `target`. */
export function shiftedCopy(
  thread: i32,
  threads: i32,
  n: i32,
  a: usize,
  lda: isize,
  target: usize,
  ldt: isize,
  sign: f64,
  shift: f64,
): void {
  for (let i = thread; i < n; i += threads) {
    const to = target + ((i * ldt) << 3);
    copyRow(i + 1, a + ((i * lda) << 3), to, sign);
    store<f64>(to + (i << 3), load<f64>(to + (i << 3)) - shift);
  }
  barrier(threads);
}

export function copyRow(n: i32, source: usize, target: usize, sign: f64): void {
  for (let j = 0; j < n; j++) store<f64>(target + (j << 3), sign * load<f64>(source + (j << 3)));
}

/** x ← (L·Lᵀ)⁻¹·x: forward by inner products of rows, backward by subtracting multiples of rows. */
export function choleskySolve(thread: i32, threads: i32, n: i32, l: usize, ld: isize, x: usize): void {
  ld <<= 3;
  for (let k = 0; k < n; k += BLOCK) {
    const end = min(n, k + BLOCK);
    if (k > 0) {
      const first = k + ((end - k) * thread) / threads;
      const last = k + ((end - k) * (thread + 1)) / threads;
      for (let i = first; i < last; i++) subtractDot(k, l + i * ld, x, x + (i << 3));
      barrier(threads);
    }
    if (thread == 0) forwardBlock(k, end, l, ld, x);
    barrier(threads);
  }
  for (let k = ((n - 1) / BLOCK) * BLOCK; k >= 0; k -= BLOCK) {
    const end = min(n, k + BLOCK);
    if (thread == 0) backwardBlock(k, end, l, ld, x);
    barrier(threads);
    const first = (k * thread) / threads;
    const last = (k * (thread + 1)) / threads;
    let i = k;
    for (; i + 3 < end; i += 4) {
      subtractRows(last - first, l + i * ld + (first << 3), ld, x + (i << 3), x + (first << 3));
    }
    for (; i < end; i++) subtractRow(last - first, load<f64>(x + (i << 3)), l + i * ld + (first << 3), x + (first << 3));
    barrier(threads);
  }
}

export function subtractDot(n: i32, row: usize, x: usize, target: usize): void {
  store<f64>(target, load<f64>(target) - dot(n, row, x));
}

/** Rows k … end against each other; what is left of them has been subtracted. */
export function forwardBlock(k: i32, end: i32, l: usize, ld: isize, x: usize): void {
  for (let i = k; i < end; i++) {
    const row = l + i * ld;
    const sum = dot(i - k, row + (k << 3), x + (k << 3));
    store<f64>(x + (i << 3), (load<f64>(x + (i << 3)) - sum) / load<f64>(row + (i << 3)));
  }
}

export function backwardBlock(k: i32, end: i32, l: usize, ld: isize, x: usize): void {
  for (let i = end - 1; i >= k; i--) {
    const row = l + i * ld;
    const value = load<f64>(x + (i << 3)) / load<f64>(row + (i << 3));
    store<f64>(x + (i << 3), value);
    subtractRow(i - k, value, row + (k << 3), x + (k << 3));
  }
}

export function subtractRow(n: i32, factor: f64, row: usize, x: usize): void {
  const f = f64x2.splat(factor);
  const even = n & ~1;
  for (let j = 0; j < even; j += 2) {
    v128.store(x, f64x2.sub(v128.load(x), f64x2.mul(f, v128.load(row))));
    x += 16;
    row += 16;
  }
  if (even < n) store<f64>(x, load<f64>(x) - factor * load<f64>(row));
}

/** target −= Σ x_r·row_r over four rows. */
export function subtractRows(n: i32, rows: usize, ld: isize, x: usize, target: usize): void {
  const f0 = v128.load_splat<f64>(x);
  const f1 = v128.load_splat<f64>(x, 8);
  const f2 = v128.load_splat<f64>(x, 16);
  const f3 = v128.load_splat<f64>(x, 24);
  let b = rows + ld;
  let c = b + ld;
  let d = c + ld;
  const even = n & ~1;
  for (let j = 0; j < even; j += 2) {
    const s0 = f64x2.add(f64x2.mul(f0, v128.load(rows)), f64x2.mul(f1, v128.load(b)));
    const s1 = f64x2.add(f64x2.mul(f2, v128.load(c)), f64x2.mul(f3, v128.load(d)));
    v128.store(target, f64x2.sub(v128.load(target), f64x2.add(s0, s1)));
    rows += 16;
    b += 16;
    c += 16;
    d += 16;
    target += 16;
  }
  if (even < n) {
    const s0 = load<f64>(x) * load<f64>(rows) + load<f64>(x, 8) * load<f64>(b);
    const s1 = load<f64>(x, 16) * load<f64>(c) + load<f64>(x, 24) * load<f64>(d);
    store<f64>(target, load<f64>(target) - (s0 + s1));
  }
}
