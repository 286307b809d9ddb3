import { nextTask } from "./barrier";
import { packStrip } from "./pack";
import { tile4x4 } from "./tile";

/**
 * Substitution with a triangular block of at most LEAF rows: the smallest piece of Cholesky and of triangular solves.
 *
 * Textbook arithmetic: x_c = (b_c − Σ_{p<c} l_cp·x_p) / l_cc with a true division by the diagonal entry and √ of the pivot; no
 * inverse of a block or of a diagonal entry is ever formed. Sums run in any order and may be fused, so the standard backward
 * error bounds hold with γ_{n+1} (Higham, Accuracy and Stability of Numerical Algorithms, theorems 8.5 and 10.3).
 */
export const LEAF: i32 = 32;

/** A thread's working space: packed triangle, packed vectors, one tile. */
const PACKED_TRIANGLE: usize = LEAF * LEAF * 8;
const PACKED_VECTORS: usize = LEAF * 4 * 8;
const TILE: usize = 128;
const SPACE: usize = PACKED_TRIANGLE + PACKED_VECTORS + TILE;

/** Strips of four vectors that a thread takes at a time. */
const STRIPS_PER_TASK: i32 = 4;

let space: usize = 0;

export function substitutionSpace(threads: i32): i32 {
  return <i32>SPACE * threads;
}

export function setSubstitutionSpace(thread: i32, address: usize): void {
  space = address + thread * SPACE;
}

/** Packs rows of the triangle in strips of four, element p of the four rows side by side. */
function packTriangle(n: i32, l: usize, row: isize, column: isize): void {
  for (let i = 0; i < n; i += 4) packStrip(space + 8 * i * LEAF, l + i * row, row, column, 4, min(4, n - i), min(n, i + 4));
}

/**
 * Solves L·x = b in place for `count` vectors on all threads, n ≤ LEAF: element p of vector v lies at x + v·vector + p·step
 * (bytes). Ends without a barrier.
 */
export function substitute(
  n: i32,
  l: usize,
  row: isize,
  column: isize,
  count: i32,
  x: usize,
  vector: isize,
  step: isize,
): void {
  const strips = (count + 3) >> 2;
  let task = nextTask();
  if (task * STRIPS_PER_TASK < strips) packTriangle(n, l, row, column);
  for (; task * STRIPS_PER_TASK < strips; task = nextTask()) {
    const end = min(strips, (task + 1) * STRIPS_PER_TASK);
    for (let s = task * STRIPS_PER_TASK; s < end; s++) {
      substituteStrip(n, min(4, count - 4 * s), x + 4 * s * vector, vector, step);
    }
  }
}

/** Four vectors (`valid` of them present) against the packed triangle, four elements at a time. */
export function substituteStrip(n: i32, valid: i32, x: usize, vector: isize, step: isize): void {
  const vectors = space + PACKED_TRIANGLE;
  const tile = vectors + PACKED_VECTORS;
  for (let p = 0; p < n; p += 4) {
    const rows = space + 8 * p * LEAF;
    const steps = min(4, n - p);
    const place = x + p * step;
    packStrip(tile, place, vector, step, 4, valid, steps);
    if (p > 0) tile4x4(p, rows, vectors, tile, 32, -1, 1);
    solveTile(tile, rows + (p << 5), steps, vectors + (p << 5));
    storeTile(vectors + (p << 5), place, vector, step, valid, steps);
  }
}

/** Scatters a tile whose row c holds element c of `valid` vectors: packStrip backwards. */
export function storeTile(tile: usize, x: usize, vector: isize, step: isize, valid: i32, steps: i32): void {
  if (valid == 4 && steps == 4 && step == 8) {
    transposePair(tile, x, vector);
    transposePair(tile + 16, x + 2 * vector, vector);
    return;
  }
  for (let c = 0; c < steps; c++) {
    const from = tile + (c << 5);
    const to = x + c * step;
    if (valid == 4 && vector == 8) {
      v128.store(to, v128.load(from));
      v128.store(to, v128.load(from, 16), 16);
    } else {
      for (let v = 0; v < valid; v++) store<f64>(to + v * vector, load<f64>(from + (v << 3)));
    }
  }
}

/** Two columns of a 4 × 4 tile to two rows in memory. */
// @ts-ignore: decorator
@inline
function transposePair(tile: usize, x: usize, vector: isize): void {
  const t0 = v128.load(tile);
  const t1 = v128.load(tile, 32);
  const t2 = v128.load(tile, 64);
  const t3 = v128.load(tile, 96);
  v128.store(x, v128.shuffle<f64>(t0, t1, 0, 2));
  v128.store(x, v128.shuffle<f64>(t2, t3, 0, 2), 16);
  v128.store(x + vector, v128.shuffle<f64>(t0, t1, 1, 3));
  v128.store(x + vector, v128.shuffle<f64>(t2, t3, 1, 3), 16);
}

/** Solves with the n × n diagonal block, entry (c, p) of L at l + 32p + 8c; row c of tile and solution is element c of four vectors. */
export function solveTile(tile: usize, l: usize, n: i32, solution: usize): void {
  if (n == 4) {
    solveHalf(tile, l, solution);
    solveHalf(tile + 16, l, solution + 16);
    return;
  }
  for (let c = 0; c < n; c++) {
    for (let v = 0; v < 4; v++) {
      const place = (c << 5) + (v << 3);
      let value = load<f64>(tile + place);
      for (let p = 0; p < c; p++) {
        value -= load<f64>(l + (p << 5) + (c << 3)) * load<f64>(solution + (p << 5) + (v << 3));
      }
      store<f64>(solution + place, value / load<f64>(l + (c << 5) + (c << 3)));
    }
  }
}

/** Four elements of two vectors; the same operations in the same order as above. */
// @ts-ignore: decorator
@inline
function solveHalf(tile: usize, l: usize, solution: usize): void {
  const x0 = f64x2.div(v128.load(tile), entry(l, 0, 0));
  const x1 = f64x2.div(less(v128.load(tile, 32), entry(l, 1, 0), x0), entry(l, 1, 1));
  const s2 = less(less(v128.load(tile, 64), entry(l, 2, 0), x0), entry(l, 2, 1), x1);
  const x2 = f64x2.div(s2, entry(l, 2, 2));
  const s3 = less(less(less(v128.load(tile, 96), entry(l, 3, 0), x0), entry(l, 3, 1), x1), entry(l, 3, 2), x2);
  v128.store(solution, x0);
  v128.store(solution, x1, 32);
  v128.store(solution, x2, 64);
  v128.store(solution, f64x2.div(s3, entry(l, 3, 3)), 96);
}

// @ts-ignore: decorator
@inline
function entry(l: usize, c: usize, p: usize): v128 {
  return v128.load_splat<f64>(l + (p << 5) + (c << 3));
}

// @ts-ignore: decorator
@inline
function less(value: v128, factor: v128, x: v128): v128 {
  return f64x2.sub(value, f64x2.mul(factor, x));
}

/**
 * A = L·Lᵀ in place for one block of n ≤ LEAF rows, on the calling thread; reads and writes the lower triangle. Returns −1, or
 * the index of the first pivot that is not > 0 (NaN included).
 */
export function choleskyLeaf(n: i32, a: usize, ld: isize): i32 {
  const tile = space + PACKED_TRIANGLE + PACKED_VECTORS;
  for (let j = 0; j < n; j += 4) {
    const columns = min(4, n - j);
    const strip = space + 8 * j * LEAF;
    for (let i = j; i < n; i += 4) {
      const rows = min(4, n - i);
      const packed = space + 8 * i * LEAF;
      const place = a + i * ld + (j << 3);
      packStrip(tile, place, ld, 8, 4, rows, columns);
      if (j > 0) tile4x4(j, strip, packed, tile, 32, -1, 1);
      if (i == j) {
        const pivot = choleskyTile(tile, columns);
        if (pivot >= 0) return j + pivot;
        storeLower(tile, place, ld, columns);
        copyTile(packed + (j << 5), tile);
      } else {
        solveTile(tile, strip + (j << 5), columns, packed + (j << 5));
        storeTile(packed + (j << 5), place, ld, 8, rows, columns);
      }
    }
  }
  return -1;
}

/** Cholesky of a 4 × 4 block whose entry (i, j), i ≥ j, lies at tile + 32j + 8i. */
function choleskyTile(tile: usize, n: i32): i32 {
  for (let j = 0; j < n; j++) {
    let pivot = load<f64>(tile + (j << 5) + (j << 3));
    for (let p = 0; p < j; p++) {
      const x = load<f64>(tile + (p << 5) + (j << 3));
      pivot -= x * x;
    }
    if (!(pivot > 0)) return j;
    const diagonal = sqrt(pivot);
    store<f64>(tile + (j << 5) + (j << 3), diagonal);
    for (let i = j + 1; i < n; i++) {
      let value = load<f64>(tile + (j << 5) + (i << 3));
      for (let p = 0; p < j; p++) {
        value -= load<f64>(tile + (p << 5) + (i << 3)) * load<f64>(tile + (p << 5) + (j << 3));
      }
      store<f64>(tile + (j << 5) + (i << 3), value / diagonal);
    }
  }
  return -1;
}

function storeLower(tile: usize, a: usize, ld: isize, n: i32): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) store<f64>(a + i * ld + (j << 3), load<f64>(tile + (j << 5) + (i << 3)));
  }
}

function copyTile(to: usize, from: usize): void {
  for (let i = 0; i < 128; i += 16) v128.store(to + i, v128.load(from + i));
}
