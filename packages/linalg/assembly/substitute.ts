import { nextTask } from "./barrier";
import { packAny, packStrip } from "./pack";
import { tile4x4 } from "./tile";

/**
 * Substitution with a triangular block of at most LEAF rows: the smallest piece of Cholesky and of triangular solves.
 *
 * Textbook arithmetic: x_c = (b_c − Σ_{p<c} l_cp·x_p) / l_cc with a true division by the diagonal entry and √ of the pivot; no
 * inverse of a block or of a diagonal entry is ever formed. Sums run in any order and may be fused, so the standard backward
 * error bounds hold with γ_{n+1} (Higham, Accuracy and Stability of Numerical Algorithms, theorems 8.5 and 10.3).
 */
export const LEAF: i32 = 64;

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
    loadTile(tile, place, vector, step, valid, steps);
    if (p > 0) tile4x4(p, rows, vectors, tile, 32, -1, 1);
    solveTile(tile, rows + (p << 5), steps);
    memory.copy(vectors + (p << 5), tile, 128);
    storeTile(tile, place, vector, step, valid, steps);
  }
}

/** Elements p … p + 3 of four vectors: row c of the tile is element p + c. Absent ones are zero. */
export function loadTile(tile: usize, x: usize, vector: isize, step: isize, valid: i32, steps: i32): void {
  packAny(tile, x, vector, step, 4, valid, steps);
}

export function storeTile(tile: usize, x: usize, vector: isize, step: isize, valid: i32, steps: i32): void {
  for (let c = 0; c < steps; c++) {
    for (let v = 0; v < valid; v++) store<f64>(x + v * vector + c * step, load<f64>(tile + (c << 5) + (v << 3)));
  }
}

/** Solves with the diagonal block: entry (c, p) of L at l + 32p + 8c. */
export function solveTile(tile: usize, l: usize, n: i32): void {
  for (let c = 0; c < n; c++) {
    let s0 = v128.load(tile + (c << 5));
    let s1 = v128.load(tile + (c << 5), 16);
    for (let p = 0; p < c; p++) {
      const factor = v128.load_splat<f64>(l + (p << 5) + (c << 3));
      s0 = f64x2.sub(s0, f64x2.mul(factor, v128.load(tile + (p << 5))));
      s1 = f64x2.sub(s1, f64x2.mul(factor, v128.load(tile + (p << 5), 16)));
    }
    const diagonal = v128.load_splat<f64>(l + (c << 5) + (c << 3));
    v128.store(tile + (c << 5), f64x2.div(s0, diagonal));
    v128.store(tile + (c << 5), f64x2.div(s1, diagonal), 16);
  }
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
      loadTile(tile, place, ld, 8, rows, columns);
      if (j > 0) tile4x4(j, strip, packed, tile, 32, -1, 1);
      if (i == j) {
        const pivot = choleskyTile(tile, columns);
        if (pivot >= 0) return j + pivot;
        storeLower(tile, place, ld, columns);
      } else {
        solveTile(tile, strip + (j << 5), columns);
        storeTile(tile, place, ld, 8, rows, columns);
      }
      memory.copy(packed + (j << 5), tile, 128);
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
