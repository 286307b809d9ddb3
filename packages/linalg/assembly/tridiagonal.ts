/**
 * Householder reduction of a symmetric matrix to tridiagonal form, in panels whose effect on the rest is one product (Dongarra,
 * Sorensen & Hammarling 1989; Golub & Van Loan, 8.3). Half of the 4n³/3 operations are matrix–vector products with the part not yet
 * reduced; each reads the lower triangle once.
 *
 * With vᵢ, wᵢ the vectors of a panel so far, the current matrix is A − Σ(v wᵀ + w vᵀ). Rows of `vw` hold v₀ w₀ v₁ w₁ …, rows of `wv`
 * w₀ v₀ w₁ v₁ …, so that both the corrections and the panel's product are inner products of rows. Sums over rows run in CHUNKS pieces
 * of fixed shape: the bits do not depend on the number of threads.
 */
import { barrier, nextTask } from "./barrier";
import { gemm } from "./gemm";
import { multiplyAdd } from "./tile";

/** Columns of a panel, and the distance of rows of `vw` and `wv` in doubles. */
const PANEL: i32 = 32;
const WIDTH: i32 = 72;

const CHUNKS: i32 = 8;

/** Doubles for n + 4 rows, with a few to spare behind each vector. */
function padded(n: i32): i32 {
  return (n + 15) & ~7;
}

/** Doubles of workspace for `tridiagonalise`; must be zero at the start. */
export function tridiagonalSpace(n: i32, threads: i32): i32 {
  return padded(n) * (2 * WIDTH + 1 + CHUNKS + threads) + (CHUNKS + 2 * threads) * WIDTH;
}

/**
 * Qᵀ·A·Q = T on all threads: `diagonal` (n) and `offDiagonal` (n − 1) of T, `tau` (n − 1). A has rows `ld` doubles apart and four rows of
 * zeros behind the last; only its lower triangle is read, and overwritten. With `keep`, row j above the diagonal becomes v_j, Q = Π(1 − tau_j·v_j·v_jᵀ).
 */
export function tridiagonalise(
  thread: i32,
  threads: i32,
  n: i32,
  a: usize,
  ld: isize,
  diagonal: usize,
  offDiagonal: usize,
  tau: usize,
  keep: i32,
  workspace: usize,
): void {
  const length = padded(n) << 3;
  const vw = workspace;
  const wv = vw + length * WIDTH;
  const x = wv + length * WIDTH;
  const products = x + length;
  const v = products + length * CHUNKS + thread * length;
  const partial = products + length * (CHUNKS + threads);
  const own = partial + ((CHUNKS + 2 * thread) * WIDTH << 3);
  ld <<= 3;
  for (let k = 0; k < n; k += PANEL) {
    const columns = min(PANEL, n - k);
    const low = k + <i32>((<i64>(n - k) * thread) / threads);
    const high = k + <i32>((<i64>(n - k) * (thread + 1)) / threads);
    for (let i = low; i < high; i++) store<f64>(x + (i << 3), load<f64>(a + i * ld + (k << 3)));
    for (let p = 0; p < columns; p++) {
      const j = k + p;
      barrier(threads);
      if (thread == 0) store<f64>(diagonal + (j << 3), load<f64>(x + (j << 3)));
      const m = n - 1 - j;
      if (m == 0) break;
      const factor = reflector(m, x + ((j + 1) << 3), v, offDiagonal + (j << 3), thread == 0);
      if (thread == 0) {
        store<f64>(tau + (j << 3), factor);
        if (keep) memory.copy(a + j * ld + ((j + 1) << 3), v, m << 3);
      }
      const first = max(low, j + 1);
      storeVector(first, high, v + ((first - j - 1) << 3), vw + (p << 4), wv + (p << 4) + 8);
      const rows = vw + (j + 1) * (WIDTH << 3);
      const trailing = a + (j + 1) * (ld + 8);
      for (let c = nextTask(); c < CHUNKS; c = nextTask()) {
        chunkProducts(m, chunkStart(m, c), chunkStart(m, c + 1), trailing, ld, v, products + c * length, rows, p, partial + (c * WIDTH << 3));
      }
      barrier(threads);
      const half = sumPartials(p, partial, own, factor);
      const row = own + (WIDTH << 3);
      const w = entry(firstProduct(m, products, length), wv + (j + 1) * (WIDTH << 3), own, p, factor, half, 1);
      memory.copy(row, wv + (j + 1) * (WIDTH << 3), p << 4);
      store<f64>(row + (p << 4), w);
      store<f64>(row + (p << 4), 1, 8);
      sumProducts(first - j - 1, high - j - 1, m, products, length, x + ((j + 1) << 3));
      for (let i = first; i < high; i++) {
        const wvRow = wv + i * (WIDTH << 3);
        const vwRow = vw + i * (WIDTH << 3);
        const value = entry(load<f64>(x + (i << 3)), wvRow, own, p, factor, half, load<f64>(vwRow + (p << 4)));
        store<f64>(vwRow + (p << 4), value, 8);
        store<f64>(wvRow + (p << 4), value);
        if (p + 1 < columns) {
          const current = load<f64>(a + i * ld + ((j + 1) << 3));
          store<f64>(x + (i << 3), current - dot(2 * p + 2, vwRow, row));
        }
      }
    }
    barrier(threads);
    const next = k + columns;
    if (next < n) {
      const target = a + next * (ld + 8);
      const left = vw + next * (WIDTH << 3);
      const right = wv + next * (WIDTH << 3);
      gemm(thread, threads, n - next, n - next, 2 * columns, -1, left, WIDTH, 1, right, 1, WIDTH, 1, target, ld >> 3, 1);
    }
  }
  barrier(threads);
}

/** First row of chunk c: rows weighted by their length, in fours. */
function chunkStart(m: i32, c: i32): i32 {
  if (c == CHUNKS) return m;
  return <i32>(<f64>m * sqrt(<f64>c / CHUNKS)) & ~3;
}

/**
 * v with v₀ = 1 and tau such that (1 − tau·v·vᵀ)x is a multiple of e₀; that multiple goes to `beta`. v is followed by zeros. Entries
 * below 1e−154 of the largest vanish in the sum of squares, far below the rounding of the matrix.
 */
export function reflector(m: i32, x: usize, v: usize, beta: usize, write: bool): f64 {
  const alpha = load<f64>(x);
  const rest = dot(m - 1, x + 8, x + 8);
  for (let i = m; i < m + 4; i++) store<f64>(v + (i << 3), 0);
  if (rest == 0) {
    memory.fill(v, 0, m << 3);
    store<f64>(v, 1);
    if (write) store<f64>(beta, alpha);
    return 0;
  }
  const size = -copysign(sqrt(alpha * alpha + rest), alpha);
  const scale = 1 / (alpha - size);
  for (let i = 1; i < m; i++) store<f64>(v + (i << 3), load<f64>(x + (i << 3)) * scale);
  store<f64>(v, 1);
  if (write) store<f64>(beta, size);
  return (size - alpha) / size;
}

/** Σ x_i·y_i in four pairs of accumulators. */
export function dot(n: i32, x: usize, y: usize): f64 {
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const blocks = n & ~7;
  for (let i = 0; i < blocks; i += 8) {
    s0 = multiplyAdd(v128.load(x), v128.load(y), s0);
    s1 = multiplyAdd(v128.load(x, 16), v128.load(y, 16), s1);
    s2 = multiplyAdd(v128.load(x, 32), v128.load(y, 32), s2);
    s3 = multiplyAdd(v128.load(x, 48), v128.load(y, 48), s3);
    x += 64;
    y += 64;
  }
  for (let i = blocks; i + 1 < n; i += 2) {
    s0 = multiplyAdd(v128.load(x), v128.load(y), s0);
    x += 16;
    y += 16;
  }
  s0 = f64x2.add(f64x2.add(s0, s1), f64x2.add(s2, s3));
  const sum = f64x2.extract_lane(s0, 0) + f64x2.extract_lane(s0, 1);
  return n & 1 ? sum + load<f64>(x) * load<f64>(y) : sum;
}

export function storeVector(first: i32, end: i32, v: usize, vw: usize, wv: usize): void {
  for (let i = first; i < end; i++) {
    const value = load<f64>(v);
    store<f64>(vw + i * (WIDTH << 3), value);
    store<f64>(wv + i * (WIDTH << 3), value);
    v += 8;
  }
}

/**
 * What rows `start` … `end` of the m × m lower triangle at `a` give: their part of A·v in y[0 … end), of Σ vw_i·v_i (2p numbers) and of vᵀAv
 * in `partial`.
 */
function chunkProducts(
  m: i32,
  start: i32,
  end: i32,
  a: usize,
  ld: isize,
  v: usize,
  y: usize,
  vw: usize,
  p: i32,
  partial: usize,
): void {
  memory.fill(y, 0, (end + 4) << 3);
  memory.fill(partial, 0, WIDTH << 3);
  let form: f64 = 0;
  for (let i = start; i < end; i += 4) {
    form += fourRows(i, a + i * ld, ld, v, y);
    if (p > 0) fourSums(p, vw + i * (WIDTH << 3), v + (i << 3), partial);
  }
  store<f64>(partial + (WIDTH << 3) - 8, form);
}

/** y += A·v for rows i … i + 3 of a lower triangle, both as rows and as columns; returns their part of vᵀAv. */
export function fourRows(i: i32, a: usize, ld: isize, v: usize, y: usize): f64 {
  const at = v + (i << 3);
  const v0 = v128.load_splat<f64>(at);
  const v1 = v128.load_splat<f64>(at, 8);
  const v2 = v128.load_splat<f64>(at, 16);
  const v3 = v128.load_splat<f64>(at, 24);
  let s0 = f64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = y + (i << 3);
  let b = a + ld;
  let c = b + ld;
  let d = c + ld;
  let to = y;
  while (to < end) {
    const x = v128.load(v);
    const r0 = v128.load(a);
    const r1 = v128.load(b);
    const r2 = v128.load(c);
    const r3 = v128.load(d);
    s0 = multiplyAdd(r0, x, s0);
    s1 = multiplyAdd(r1, x, s1);
    s2 = multiplyAdd(r2, x, s2);
    s3 = multiplyAdd(r3, x, s3);
    const sum = multiplyAdd(r1, v1, multiplyAdd(r0, v0, v128.load(to)));
    v128.store(to, multiplyAdd(r3, v3, multiplyAdd(r2, v2, sum)));
    v += 16;
    a += 16;
    b += 16;
    c += 16;
    d += 16;
    to += 16;
  }
  return corner(to, a, at, 0, s0) + corner(to, b, at, 1, s1) + corner(to, c, at, 2, s2) + corner(to, d, at, 3, s3);
}

/** Row r of the 4 × 4 block on the diagonal; `sum` holds the products to the left of it. */
// @ts-expect-error: decorator
@inline
function corner(y: usize, row: usize, v: usize, r: i32, sum: v128): f64 {
  let left = f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
  const value = load<f64>(v + (r << 3));
  for (let j = 0; j < r; j++) {
    const entry = load<f64>(row + (j << 3));
    left += entry * load<f64>(v + (j << 3));
    store<f64>(y + (j << 3), load<f64>(y + (j << 3)) + entry * value);
  }
  const own = load<f64>(row + (r << 3)) * value;
  store<f64>(y + (r << 3), load<f64>(y + (r << 3)) + left + own);
  return value * (2 * left + own);
}

/** partial += Σ v_i·vw_i over four rows, 2p numbers. */
export function fourSums(p: i32, rows: usize, v: usize, partial: usize): void {
  const v0 = v128.load_splat<f64>(v);
  const v1 = v128.load_splat<f64>(v, 8);
  const v2 = v128.load_splat<f64>(v, 16);
  const v3 = v128.load_splat<f64>(v, 24);
  for (let q = 0; q < p; q++) {
    let sum = multiplyAdd(v128.load(rows), v0, v128.load(partial));
    sum = multiplyAdd(v128.load(rows, 8 * WIDTH), v1, sum);
    sum = multiplyAdd(v128.load(rows, 16 * WIDTH), v2, sum);
    sum = multiplyAdd(v128.load(rows, 24 * WIDTH), v3, sum);
    v128.store(partial, sum);
    rows += 16;
    partial += 16;
  }
}

/** z = Σ of the partial sums, to `own`; returns ½·tau·(wᵀv before its correction) = ½·tau²·(vᵀAv − 2Σ z_v·z_w). */
function sumPartials(p: i32, partial: usize, own: usize, tau: f64): f64 {
  memory.fill(own, 0, p << 4);
  let form: f64 = 0;
  for (let c = 0; c < CHUNKS; c++) {
    const from = partial + (c * WIDTH << 3);
    for (let q = 0; q < p; q++) {
      v128.store(own + (q << 4), f64x2.add(v128.load(own + (q << 4)), v128.load(from + (q << 4))));
    }
    form += load<f64>(from + (WIDTH << 3) - 8);
  }
  for (let q = 0; q < p; q++) form -= 2 * load<f64>(own + (q << 4)) * load<f64>(own + (q << 4), 8);
  return 0.5 * tau * tau * form;
}

/** The first entry of A·v. */
function firstProduct(m: i32, products: usize, length: i32): f64 {
  let sum: f64 = 0;
  for (let c = 0; c < CHUNKS; c++) if (chunkStart(m, c + 1) > 0) sum += load<f64>(products + c * length);
  return sum;
}

/** Entries `first` … `end` of A·v, to `target`. */
function sumProducts(first: i32, end: i32, m: i32, products: usize, length: i32, target: usize): void {
  if (first >= end) return;
  memory.fill(target + (first << 3), 0, (end - first) << 3);
  for (let c = 0; c < CHUNKS; c++) {
    addTo(min(end, chunkStart(m, c + 1)) - first, products + c * length + (first << 3), target + (first << 3));
  }
}

/** target += source, n numbers. */
export function addTo(n: i32, source: usize, target: usize): void {
  for (let i = 0; i + 1 < n; i += 2) {
    v128.store(target, f64x2.add(v128.load(target), v128.load(source)));
    source += 16;
    target += 16;
  }
  if (n > 0 && n & 1) store<f64>(target, load<f64>(target) + load<f64>(source));
}

/** One entry of w = tau·(A·v − V(Wᵀv) − W(Vᵀv)) − half·v, from those of A·v, WV and v. */
function entry(product: f64, wvRow: usize, z: usize, p: i32, tau: f64, half: f64, v: f64): f64 {
  return tau * (product - dot(2 * p, wvRow, z)) - half * v;
}
