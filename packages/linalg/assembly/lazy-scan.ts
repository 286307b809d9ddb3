/**
 * One pass over the Gaussian neurons of a two-layer ReLU network that are never stored: block by block they are drawn, multiplied with
 * the samples, and leave sums, sign counts, and the few products that are near 0. A thread takes whole shards; what a shard leaves does
 * not depend on the thread. src/wasm/lazy-scan.ts writes the parameters and reads the results.
 */
import { barrier, nextTask } from "./barrier";
import { storeTurnsApart } from "./elementary";
import { radii, rowProducts, rowUniforms } from "./normals";
import { tile4x4 } from "./tile";

/** Neurons of a block: one 64-bit word of signs to a sample. */
const BLOCK: i32 = 64;
/** Pairs of inputs that are drawn together for four neurons. */
const CHUNK: i32 = 64;

/** Set once per thread at the start of a call, from the parameter block (its layout is that of src/wasm/lazy-scan.ts). */
let n: i32 = 0;
let d: i32 = 0;
let seed0: u32 = 0;
let seed1: u32 = 0;
let weightStream: u32 = 0;
let signStream: u32 = 0;
let shardRows: i32 = 0;
let samples: usize = 0;
let thresholds: usize = 0;
let pairRoom: i32 = 0;
let heldRoom: i32 = 0;
let patternBytes: i32 = 0;
let withCensus: i32 = 0;

/** The thread's own space. */
let packed: usize = 0;
let products: usize = 0;
let outputs: usize = 0;
let flags: usize = 0;
let ranks: usize = 0;
let scratch: usize = 0;
let masks: usize = 0;
let counts: usize = 0;
let census: usize = 0;

const MULTIPLIER0: usize = memory.data<u32>([0xd2511f53, 0xd2511f53, 0xd2511f53, 0xd2511f53], 16);
const MULTIPLIER1: usize = memory.data<u32>([0xcd9e8d57, 0xcd9e8d57, 0xcd9e8d57, 0xcd9e8d57], 16);

function censusSize(samples: i32): usize {
  return <usize>16 << samples;
}

/** Bytes from the mask of a sample to the next: one line more than the mask, for a power of two would put all in one set of a cache. */
function maskStride(rows: i32): i32 {
  return ((rows >> 3) + 127) & ~63;
}

/** Bytes of one thread's space; its counts (n × n doubles) lie at `scanCounts`, its census behind them. */
export function scanSpace(samples: i32, inputs: i32, rows: i32, withCensus: i32): i32 {
  return scanCounts(samples, inputs, rows) + samples * samples * 8 + (withCensus ? <i32>censusSize(samples) : 0) + 64;
}

export function scanCounts(samples: i32, inputs: i32, rows: i32): i32 {
  const padded = (samples + 3) & ~3;
  const block = BLOCK * 8 * (inputs + padded) + 32 + BLOCK * (8 + 1 + 4) + CHUNK * 64 + 48 + 64;
  return ((block + 63) & ~63) + samples * maskStride(rows);
}

/** Scans the shards of one batch; `p` is the parameter block. */
export function scanNeurons(thread: i32, threads: i32, p: usize): void {
  n = load<i32>(p);
  d = load<i32>(p, 4);
  seed0 = load<u32>(p, 8);
  seed1 = load<u32>(p, 12);
  weightStream = load<u32>(p, 16);
  signStream = load<u32>(p, 20);
  shardRows = load<i32>(p, 24);
  const shards = load<i32>(p, 28);
  const firstRow = (<u64>load<u32>(p, 36) << 32) | load<u32>(p, 32);
  const rows = load<i32>(p, 40);
  samples = load<u32>(p, 44);
  thresholds = load<u32>(p, 48);
  const space = <usize>load<u32>(p, 52) + <usize>thread * <usize>load<u32>(p, 56);
  const results = <usize>load<u32>(p, 60);
  const stride = <usize>load<u32>(p, 64);
  pairRoom = load<i32>(p, 68);
  heldRoom = load<i32>(p, 72);
  patternBytes = load<i32>(p, 76);
  withCensus = load<i32>(p, 80);

  const padded = (n + 3) & ~3;
  packed = space;
  products = packed + <usize>(BLOCK * d * 8) + 32;
  outputs = products + <usize>(BLOCK * padded * 8);
  scratch = outputs + BLOCK * 8;
  ranks = scratch + CHUNK * 64 + 48;
  flags = ranks + BLOCK * 4;
  counts = space + scanCounts(n, d, shardRows);
  masks = counts - <usize>(n * maskStride(shardRows));
  census = counts + <usize>(n * n * 8);

  for (let shard = nextTask(); shard < shards; shard = nextTask()) {
    const from = shard * shardRows;
    scanShard(firstRow + from, min(shardRows, rows - from), results + <usize>shard * stride);
  }
  barrier(threads);
}

/** Result of a shard: pairs, held neurons (both as needed, even beyond their room), n sums, then the lists. */
function scanShard(first: u64, rows: i32, result: usize): void {
  memory.fill(result, 0, 16 + (<usize>n << 3));
  memory.fill(masks, 0, <usize>(n * maskStride(shardRows)));
  for (let from = 0; from < rows; from += BLOCK) scanBlock(first + from, from, min(BLOCK, rows - from), result);
  for (let i = 0; i < n; i++) countRow(i);
}

function scanBlock(first: u64, from: i32, rows: i32, result: usize): void {
  for (let r = 0; r < BLOCK; r += 4) drawStrip(first + r, packed + <usize>(r * d * 8));
  drawSigns(first);
  multiplyBlock();
  memory.fill(flags, 0, BLOCK);
  const pairsBefore = load<i32>(result);
  for (let i = 0; i < n; i++) scanSample(i, from, rows, result);
  holdNeurons(from, rows, pairsBefore, result);
  if (withCensus) takeCensus(first, from, rows);
}

/** Rows first … first + 3 of the weights, the four next to one another for each input, as tile4x4 reads its right operand. */
function drawStrip(first: u64, target: usize): void {
  const pairs = (d + 1) >> 1;
  for (let q = 0; q < pairs; q += CHUNK) drawPairs(first, q, min(CHUNK, pairs - q), target + (<usize>q << 6));
}

/** Inputs 2q … 2(q + count) − 1; where d is odd the sines of the last pair lie behind the strip, and the next strip overwrites them. */
function drawPairs(first: u64, q: i32, count: i32, target: usize): void {
  const u = scratch;
  const t = scratch + CHUNK * 32;
  const fixed = scratch + CHUNK * 64;
  const bytes = <usize>count << 5;
  // Blocks begin at multiples of 64: the upper half of a row's counter is the same for all four.
  const low = <i32>first;
  rowProducts(i32x4(low, low + 1, low + 2, low + 3), <u32>(first >> 32), seed0, fixed);
  for (let k: usize = 0; k < bytes; k += 32, q++) {
    rowUniforms(q, weightStream, seed0, seed1, fixed, u + k, t + k);
  }
  radii(u, bytes);
  for (let k: usize = 0; k < bytes; k += 32) {
    storeTurnsApart(v128.load(t + k), v128.load(u + k), target, target + 32);
    storeTurnsApart(v128.load(t + k, 16), v128.load(u + k, 16), target + 16, target + 48);
    target += 64;
  }
}

/** products[i][r] = x_i·w_r; a strip of samples stays in the nearest cache while the neurons pass. */
function multiplyBlock(): void {
  const strip = <usize>d << 5;
  for (let i = 0; i < n; i += 4) {
    const a = samples + <usize>(i >> 2) * strip;
    const c = products + <usize>(i * BLOCK * 8);
    for (let s: usize = 0; s < 16; s++) tile4x4(d, a, packed + s * strip, c + 32 * s, BLOCK * 8, 1, 0);
  }
}

/** a_r = ±1: the highest bit of the first word of block 0 of row r of the sign stream (1: +1). */
function drawSigns(first: u64): void {
  for (let r = 0; r < BLOCK; r += 4) {
    const row = first + r;
    let a = i64x2.splat(0);
    let b = i32x4(<i32>row, <i32>(row + 1), <i32>(row + 2), <i32>(row + 3));
    let c = i32x4(<i32>(row >> 32), <i32>((row + 1) >> 32), <i32>((row + 2) >> 32), <i32>((row + 3) >> 32));
    let e = i32x4.splat(signStream);
    let x = i32x4.splat(seed0);
    let y = i32x4.splat(seed1);
    for (let round = 0; round < 10; round++) {
      const m0 = v128.load(MULTIPLIER0);
      const m1 = v128.load(MULTIPLIER1);
      const p0 = i64x2.extmul_low_i32x4_u(a, m0);
      const p1 = i64x2.extmul_high_i32x4_u(a, m0);
      const q0 = i64x2.extmul_low_i32x4_u(c, m1);
      const q1 = i64x2.extmul_high_i32x4_u(c, m1);
      a = v128.xor(v128.xor(v128.shuffle<i32>(q0, q1, 1, 3, 5, 7), b), x);
      c = v128.xor(v128.xor(v128.shuffle<i32>(p0, p1, 1, 3, 5, 7), e), y);
      b = v128.shuffle<i32>(q0, q1, 0, 2, 4, 6);
      e = v128.shuffle<i32>(p0, p1, 0, 2, 4, 6);
      x = i32x4.add(x, i32x4.splat(0x9e3779b9));
      y = i32x4.add(y, i32x4.splat(0xbb67ae85));
    }
    const positive = i32x4.bitmask(a);
    for (let k = 0; k < 4; k++) store<f64>(outputs + (<usize>(r + k) << 3), (positive >> k) & 1 ? 1 : -1);
  }
}

/** Signs, the sum of a_r max(z, 0), and the products with |z| ≤ threshold, of one sample and one block. */
function scanSample(i: i32, from: i32, rows: i32, result: usize): void {
  const line = products + <usize>(i * BLOCK * 8);
  // What is behind the last neuron counts as off and far from 0.
  for (let r = rows; r < BLOCK; r++) store<f64>(line + (<usize>r << 3), -Infinity);
  const threshold = v128.load64_splat(thresholds + (<usize>i << 3));
  const zero = f64x2.splat(0);
  let sum0 = zero;
  let sum1 = zero;
  let word: u64 = 0;
  for (let r = 0; r < BLOCK; r += 4) {
    const at = <usize>r << 3;
    const z0 = v128.load(line + at);
    const z1 = v128.load(line + at, 16);
    const on0 = f64x2.ge(z0, zero);
    const on1 = f64x2.ge(z1, zero);
    word |= <u64>i32x4.bitmask(v128.shuffle<i32>(on0, on1, 1, 3, 5, 7)) << r;
    sum0 = f64x2.add(sum0, v128.and(on0, f64x2.mul(z0, v128.load(outputs + at))));
    sum1 = f64x2.add(sum1, v128.and(on1, f64x2.mul(z1, v128.load(outputs + at, 16))));
    const near0 = f64x2.le(f64x2.abs(z0), threshold);
    const near1 = f64x2.le(f64x2.abs(z1), threshold);
    if (v128.any_true(v128.or(near0, near1))) {
      const near = i32x4.bitmask(v128.shuffle<i32>(near0, near1, 1, 3, 5, 7));
      for (let k = 0; k < 4; k++) if ((near >> k) & 1) note(i, r + k, result);
    }
  }
  const sum = f64x2.add(sum0, sum1);
  const total = result + 16 + (<usize>i << 3);
  store<f64>(total, load<f64>(total) + (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
  store<u64>(masks + <usize>(i * maskStride(shardRows) + (from >> 3)), word);
}

/** Where the lists of a result begin; each keeps the alignment of its entries. */
function neuronsOf(result: usize): usize {
  return result + 16 + (<usize>n << 3);
}

function pairsOf(result: usize): usize {
  return (neuronsOf(result) + <usize>heldRoom * <usize>(4 + patternBytes) + 15) & ~15;
}

function note(i: i32, r: i32, result: usize): void {
  const pair = load<i32>(result);
  store<i32>(result, pair + 1);
  store<u8>(flags + r, 1);
  if (pair >= pairRoom) return;
  const at = pairsOf(result) + (<usize>pair << 4);
  store<f64>(at, load<f64>(products + (<usize>(i * BLOCK + r) << 3)));
  store<i32>(at, i, 8);
  store<i32>(at, r, 12);
}

/** Gives the neurons of the block that have a near product their slots, and the new pairs the slots of their neurons. */
function holdNeurons(from: i32, rows: i32, pairsBefore: i32, result: usize): void {
  let held = load<i32>(result, 4);
  const neurons = neuronsOf(result);
  const patterns = neurons + (<usize>heldRoom << 2);
  for (let r = 0; r < rows; r++) {
    if (!load<u8>(flags + r)) continue;
    store<i32>(ranks + (<usize>r << 2), held);
    if (held < heldRoom) {
      const negative = load<f64>(outputs + (<usize>r << 3)) < 0;
      store<u32>(neurons + (<usize>held << 2), <u32>(from + r) | (negative ? 0x80000000 : 0));
      writePattern(from + r, patterns + <usize>(held * patternBytes));
    }
    held++;
  }
  store<i32>(result, held, 4);
  const end = min(load<i32>(result), pairRoom);
  const pairs = pairsOf(result);
  for (let pair = pairsBefore; pair < end; pair++) {
    const at = pairs + (<usize>pair << 4);
    store<i32>(at, load<i32>(ranks + (<usize>load<i32>(at, 12) << 2)), 12);
  }
}

function writePattern(row: i32, target: usize): void {
  const stride = <usize>maskStride(shardRows);
  let source = masks + <usize>(row >> 3);
  const shift = row & 7;
  for (let b = 0; b < patternBytes; b++) {
    let byte = 0;
    const end = min(8, n - 8 * b);
    for (let i = 0; i < end; i++) {
      byte |= ((<i32>load<u8>(source) >> shift) & 1) << i;
      source += stride;
    }
    store<u8>(target + b, byte);
  }
}

/** Adds popcount(mask_i & mask_j) of the shard to the thread's counts, j ≤ i. */
function countRow(i: i32): void {
  const bytes = <usize>(shardRows >> 3);
  const stride = <usize>maskStride(shardRows);
  const left = masks + <usize>i * stride;
  for (let j = 0; j <= i; j++) {
    const right = masks + <usize>j * stride;
    let total: u64 = 0;
    for (let k: usize = 0; k < bytes; k += 8) total += popcnt(load<u64>(left + k) & load<u64>(right + k));
    const at = counts + (<usize>(i * n + j) << 3);
    store<f64>(at, load<f64>(at) + <f64>total);
  }
}

/** Counts the neurons of each pattern and keeps the smallest index of each: pairs of doubles (count, first). */
function takeCensus(first: u64, from: i32, rows: i32): void {
  const stride = <usize>maskStride(shardRows);
  const lowest = masks + <usize>(from >> 3);
  for (let r = 0; r < rows; r += 8) {
    // Bytes of eight samples, each with a bit to a neuron: transposed they are bytes of eight neurons.
    let source = lowest + <usize>(r >> 3);
    let low: u64 = 0;
    let high: u64 = 0;
    for (let i = 0; i < n; i++) {
      const byte = <u64>load<u8>(source);
      if (i < 8) low |= byte << (i << 3);
      else high |= byte << ((i - 8) << 3);
      source += stride;
    }
    low = transpose(low);
    high = transpose(high);
    const end = min(8, rows - r);
    for (let k = 0; k < end; k++) {
      const code = <usize>((low & 255) | ((high & 255) << 8));
      low >>= 8;
      high >>= 8;
      const place = census + (code << 4);
      const count = load<f64>(place);
      const index = <f64>(first + r + k);
      if (count == 0 || index < load<f64>(place, 8)) store<f64>(place, index, 8);
      store<f64>(place, count + 1);
    }
  }
}

/** Bit j of byte i becomes bit i of byte j. */
// @ts-expect-error: decorator
@inline
function transpose(x: u64): u64 {
  let t = (x ^ (x >> 7)) & 0x00aa00aa00aa00aa;
  x ^= t ^ (t << 7);
  t = (x ^ (x >> 14)) & 0x0000cccc0000cccc;
  x ^= t ^ (t << 14);
  t = (x ^ (x >> 28)) & 0x00000000f0f0f0f0;
  return x ^ t ^ (t << 28);
}
