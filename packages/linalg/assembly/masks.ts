/**
 * Mask counts by tables (the "four Russians" idea of Arlazarov, Dinic, Kronrod & Faradžev, 1970). For a block of columns j and four
 * bits r … r + 3 of all masks, a table holds for each of the 16 values of four bits of a row i what it adds to C_ij for the whole block:
 * 64 bytes, 64 counts or 8 weighted sums. Row i then costs one table row per four bits instead of 64 bit operations.
 */
import { barrier, nextTask } from "./barrier";

/** Bytes of a table row. */
const WIDTH: usize = 64;

/** Tables of the two halves of one byte of the masks. */
const TABLES: usize = 2 * 16 * WIDTH;

/** Bytes of the masks whose tables are kept together: 8·31 is the largest count that fits a byte. */
const BYTES: i32 = 31;

/** Rows of the result that one task computes for one block of columns. */
const ROWS: i32 = 2048;

/** Chunks of BYTES bytes after which 16-bit counts must be added to the result: 264·248 < 2¹⁶. */
const CHUNKS: i32 = 264;

const TABLE_SPACE: usize = BYTES * TABLES;
const SPACE: usize = TABLE_SPACE + ROWS * 2 * WIDTH + WIDTH;

const BITS: usize = memory.data<u8>([1, 2, 4, 8, 16, 32, 64, 128], 8);

/** Bytes of scratch that maskCounts and weightedCounts need for so many threads. */
export function maskSpace(threads: i32): i32 {
  return <i32>SPACE * threads;
}

/**
 * C_ij = popcount(mask_i & mask_j) for j ≤ i, exact. `masks`: n rows of `bytes` bytes, `stride` apart; C has rows `ldc` doubles
 * apart, is zero at the start, and what is above the diagonal is undefined afterwards.
 */
export function maskCounts(
  thread: i32,
  threads: i32,
  n: i32,
  masks: usize,
  bytes: i32,
  stride: usize,
  c: usize,
  ldc: usize,
  scratch: usize,
): void {
  const tables = scratch + <usize>thread * SPACE;
  const counts = tables + TABLE_SPACE;
  const slices = (n + ROWS - 1) / ROWS;
  const blocks = (n + 63) >> 6;
  for (let task = nextTask(); task < slices * blocks; task = nextTask()) {
    const j0 = (task / slices) << 6;
    const columns = min(64, n - j0);
    const end = min(n, (task % slices) * ROWS + ROWS);
    const start = max(j0, (task % slices) * ROWS);
    if (start >= end) continue;
    memory.fill(counts, 0, <usize>(end - start) * 2 * WIDTH);
    let chunks = 0;
    for (let k0 = 0; k0 < bytes; k0 += BYTES) {
      const length = min(BYTES, bytes - k0);
      for (let k = 0; k < length; k++) {
        countTables(tables + <usize>k * TABLES, masks + <usize>j0 * stride + (k0 + k), stride, columns, counts);
      }
      const rows = masks + k0;
      for (let i = start; i < end; i++) {
        countRow(tables, rows + <usize>i * stride, length, counts + <usize>(i - start) * 2 * WIDTH);
      }
      if (++chunks == CHUNKS || k0 + BYTES >= bytes) {
        chunks = 0;
        for (let i = start; i < end; i++) {
          flushRow(counts + <usize>(i - start) * 2 * WIDTH, c + ((<usize>i * ldc + j0) << 3), columns);
        }
      }
    }
  }
  barrier(threads);
}

/** Tables for one byte of `columns` ≤ 64 masks; the gathered bytes pass through the scratch line behind the counts. */
export function countTables(tables: usize, masks: usize, stride: usize, columns: i32, counts: usize): void {
  const line = counts + ROWS * 2 * WIDTH;
  for (let j = 0; j < 64; j++) store<u8>(line + j, j < columns ? load<u8>(masks + <usize>j * stride) : 0);
  for (let v: usize = 0; v < WIDTH; v += 16) {
    const byte = v128.load(line + v);
    buildCounts(tables + v, byte, BITS);
    buildCounts(tables + 16 * WIDTH + v, byte, BITS + 4);
  }
}

/** Entry e of a table: for each byte how many of the four bits at `bits` are set in it and in e. */
function buildCounts(table: usize, byte: v128, bits: usize): void {
  v128.store(table, i64x2.splat(0));
  for (let b: usize = 0; b < 4; b++) {
    const bit = v128.load8_splat(bits + b);
    const minus = i8x16.eq(v128.and(byte, bit), bit);
    const size = WIDTH << b;
    for (let e: usize = 0; e < size; e += WIDTH) {
      v128.store(table + size + e, i8x16.sub(v128.load(table + e), minus));
    }
  }
}

/** Adds what the first `length` bytes at `row` count to 64 16-bit counts. */
export function countRow(table: usize, row: usize, length: i32, counts: usize): void {
  let s0 = i64x2.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  const end = row + length;
  do {
    const byte = <usize>load<u8>(row);
    const low = table + ((byte & 15) << 6);
    const high = table + ((byte & 240) << 2);
    s0 = i8x16.add(i8x16.add(s0, v128.load(low)), v128.load(high, 1024));
    s1 = i8x16.add(i8x16.add(s1, v128.load(low, 16)), v128.load(high, 1040));
    s2 = i8x16.add(i8x16.add(s2, v128.load(low, 32)), v128.load(high, 1056));
    s3 = i8x16.add(i8x16.add(s3, v128.load(low, 48)), v128.load(high, 1072));
    table += TABLES;
    row++;
  } while (row < end);
  widen(s0, counts);
  widen(s1, counts + 32);
  widen(s2, counts + 64);
  widen(s3, counts + 96);
}

// @ts-expect-error: decorator
@inline
function widen(sum: v128, counts: usize): void {
  v128.store(counts, i16x8.add(v128.load(counts), i16x8.extend_low_i8x16_u(sum)));
  v128.store(counts, i16x8.add(v128.load(counts, 16), i16x8.extend_high_i8x16_u(sum)), 16);
}

/** Adds 16-bit counts to doubles and clears them. */
export function flushRow(counts: usize, c: usize, columns: i32): void {
  for (let j = 0; j < columns; j++) {
    const target = c + (<usize>j << 3);
    store<f64>(target, load<f64>(target) + <f64>load<u16>(counts + (<usize>j << 1)));
  }
  memory.fill(counts, 0, 2 * WIDTH);
}

/** C_ij = Σ_r weight_r·mask_ir·mask_jr for j ≤ i; as maskCounts, with 8 weights per byte of the masks. */
export function weightedCounts(
  thread: i32,
  threads: i32,
  n: i32,
  masks: usize,
  bytes: i32,
  stride: usize,
  c: usize,
  ldc: usize,
  scratch: usize,
  weights: usize,
): void {
  const tables = scratch + <usize>thread * SPACE;
  const sums = tables + TABLE_SPACE;
  const slices = (n + ROWS - 1) / ROWS;
  const blocks = (n + 7) >> 3;
  for (let task = nextTask(); task < slices * blocks; task = nextTask()) {
    const j0 = (task / slices) << 3;
    const columns = min(8, n - j0);
    const end = min(n, (task % slices) * ROWS + ROWS);
    const start = max(j0, (task % slices) * ROWS);
    if (start >= end) continue;
    memory.fill(sums, 0, <usize>(end - start) * WIDTH);
    for (let k0 = 0; k0 < bytes; k0 += BYTES) {
      const length = min(BYTES, bytes - k0);
      for (let k = 0; k < length; k++) {
        const column = masks + <usize>j0 * stride + (k0 + k);
        weightTables(tables + <usize>k * TABLES, column, stride, columns, weights + (<usize>(k0 + k) << 6));
      }
      for (let i = start; i < end; i++) {
        weightedRow(tables, masks + k0 + <usize>i * stride, length, sums + <usize>(i - start) * WIDTH);
      }
    }
    for (let i = start; i < end; i++) {
      memory.copy(c + ((<usize>i * ldc + j0) << 3), sums + <usize>(i - start) * WIDTH, <usize>columns << 3);
    }
  }
  barrier(threads);
}

export function weightTables(tables: usize, masks: usize, stride: usize, columns: i32, weights: usize): void {
  for (let j = 0; j < 8; j++) {
    const byte = j < columns ? <i32>load<u8>(masks + <usize>j * stride) : 0;
    buildSums(tables + (<usize>j << 3), byte, weights);
    buildSums(tables + 16 * WIDTH + (<usize>j << 3), byte >> 4, weights + 32);
  }
}

/** Entry e of a table: the sum of the weights of the bits set in e and in the low half of `byte`. */
function buildSums(table: usize, byte: i32, weights: usize): void {
  store<f64>(table, 0);
  for (let b: usize = 0; b < 4; b++) {
    const weight = (byte >> <i32>b) & 1 ? load<f64>(weights + (b << 3)) : 0;
    const size = WIDTH << b;
    for (let e: usize = 0; e < size; e += WIDTH) store<f64>(table + size + e, load<f64>(table + e) + weight);
  }
}

export function weightedRow(table: usize, row: usize, length: i32, sums: usize): void {
  let s0 = v128.load(sums);
  let s1 = v128.load(sums, 16);
  let s2 = v128.load(sums, 32);
  let s3 = v128.load(sums, 48);
  const end = row + length;
  do {
    const byte = <usize>load<u8>(row);
    const low = table + ((byte & 15) << 6);
    const high = table + ((byte & 240) << 2);
    s0 = f64x2.add(f64x2.add(s0, v128.load(low)), v128.load(high, 1024));
    s1 = f64x2.add(f64x2.add(s1, v128.load(low, 16)), v128.load(high, 1040));
    s2 = f64x2.add(f64x2.add(s2, v128.load(low, 32)), v128.load(high, 1056));
    s3 = f64x2.add(f64x2.add(s3, v128.load(low, 48)), v128.load(high, 1072));
    table += TABLES;
    row++;
  } while (row < end);
  v128.store(sums, s0);
  v128.store(sums, s1, 16);
  v128.store(sums, s2, 32);
  v128.store(sums, s3, 48);
}
