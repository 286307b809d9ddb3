import { LinalgError } from "../error.ts";
import { type Matrix, matrix } from "../matrix.ts";
import type { Arena } from "./arena.ts";
import { createLooker, type Looker, type LookShape } from "./lazy-look.ts";
import { Runtime, type RuntimeOptions } from "./runtime.ts";

/** What to draw and what to look for. */
export interface ScanRequest {
  /** Samples, n × d. */
  readonly x: Matrix;
  readonly seed: readonly [number, number];
  /** Streams of the weight rows and of the output signs (see random.ts); a_r = +1 iff the first uniform of row r is at least ½. */
  readonly streams: { readonly weights: number; readonly signs: number };
  /** Rows 0 … rows − 1 are scanned. */
  readonly rows: number;
  /** Rows of a shard, a multiple of 64: sums are per shard, so that they do not depend on the number of threads. */
  readonly shardRows: number;
  /** A product with |w_r·x_i| ≤ thresholds[i] is reported. */
  readonly thresholds: Float64Array;
  /** Count the neurons of each sign pattern too (n ≤ 16). */
  readonly census: boolean;
}

/** What one shard leaves. A neuron with a reported product is held; `slots` of the products count the shard's held neurons. */
export interface ScanShard {
  /** Row of the shard's first neuron. */
  readonly first: number;
  /** Σ_r a_r max(w_r·x_i, 0). */
  readonly outputs: Float64Array;
  /** Rows of the held neurons, ascending, and their signs a_r. */
  readonly rows: Float64Array;
  readonly signs: Int8Array;
  /** Sign patterns of the held neurons: bit i & 7 of byte slot·bytes + (i >> 3) is 1 iff w_r·x_i ≥ 0; whole 32-bit words. */
  readonly patterns: Uint8Array;
  /** The reported products; those of a sample ascend by slot. */
  readonly samples: Uint32Array;
  readonly slots: Uint32Array;
  readonly products: Float64Array;
}

/** What all shards of a scan add up to. */
export interface ScanTotals {
  /** C_ij = number of neurons with w_r·x_i ≥ 0 and w_r·x_j ≥ 0: exact. */
  readonly counts: Matrix;
  /** Neurons of each pattern (bit i: sample i) and the first of them. */
  readonly census?: { readonly counts: Float64Array; readonly first: Float64Array };
}

/** Scans Gaussian neurons on WebAssembly workers of its own. */
export interface NeuronScanner {
  readonly detail: string;
  readonly threads: number;
  /** Hands the shards out in order; `between` is awaited after every batch of them and may throw to stop. */
  scan(
    request: ScanRequest,
    onShard: (shard: ScanShard) => void,
    between: (rowsDone: number) => Promise<void>,
  ): Promise<ScanTotals>;
  /** Threads that look at due pairs, with the options of this scanner; the caller closes them. */
  looker(shape: LookShape): Promise<Looker>;
  close(): Promise<void>;
}

const CENSUS_SAMPLES = 16;
const PARAMETERS = 96;
const TWO_32 = 4294967296;

/** Starts the workers of a scanner; close it when done. */
export async function createNeuronScanner(options: RuntimeOptions = {}): Promise<NeuronScanner> {
  const runtime = await Runtime.start(options);
  return {
    detail: `WebAssembly, 128-bit SIMD, ${runtime.fused ? "relaxed multiply-add" : "separate multiply and add"}`,
    threads: runtime.threads,
    scan: (request, onShard, between) => runtime.exclusive((arena) => scan(runtime, arena, request, onShard, between)),
    looker: (shape) => createLooker(shape, options),
    close: () => runtime.close(),
  };
}

async function scan(
  runtime: Runtime,
  arena: Arena,
  request: ScanRequest,
  onShard: (shard: ScanShard) => void,
  between: (rowsDone: number) => Promise<void>,
): Promise<ScanTotals> {
  checkRequest(request);
  const { x, rows, shardRows, thresholds } = request;
  const n = x.rows;
  const census = request.census ? 1 : 0;
  const { kernels, threads } = runtime;
  const parameters = arena.bytes(PARAMETERS);
  const samples = packSamples(arena, x);
  const limits = arena.doubles(n);
  arena.view(limits, n).set(thresholds);
  const stride = Math.ceil(kernels.scanSpace(n, x.cols, shardRows, census) / 64) * 64;
  const space = arena.bytes(threads * stride);
  new Uint8Array(arena.memory.buffer, space, threads * stride).fill(0);
  const batch = 4 * threads;
  const shape = new ResultShape(n, Math.min(shardRows, rows), expectedPairs(x, thresholds));
  let results = arena.bytes(batch * shape.bytes);
  for (let first = 0; first < rows; ) {
    const wanted = Math.min(rows - first, batch * shardRows);
    const shards = Math.ceil(wanted / shardRows);
    new Uint32Array(arena.memory.buffer, parameters, PARAMETERS / 4).set([
      ...[n, x.cols, request.seed[0], request.seed[1], request.streams.weights, request.streams.signs],
      ...[shardRows, shards, first % TWO_32, Math.floor(first / TWO_32), wanted, samples, limits],
      ...[space, stride, results, shape.bytes, shape.pairRoom, shape.heldRoom, shape.patternBytes, census],
    ]);
    // Counts and census add up over calls: a batch that did not fit is taken back before it is scanned again.
    const before = new Uint8Array(arena.memory.buffer, space, threads * stride).slice();
    await runtime.run("scanNeurons", [parameters], 50 * wanted * n * x.cols);
    if (shape.grow(arena, results, shards)) {
      new Uint8Array(arena.memory.buffer, space, threads * stride).set(before);
      results = arena.bytes(batch * shape.bytes);
      continue;
    }
    for (let s = 0; s < shards; s++) {
      onShard(shape.read(arena, results + s * shape.bytes, first + s * shardRows));
    }
    first += wanted;
    await between(first);
  }
  return totals(runtime, arena, request, space, stride);
}

function checkRequest({ x, rows, shardRows, thresholds, census }: ScanRequest): void {
  if (x.rows < 1 || x.cols < 1 || thresholds.length !== x.rows) {
    throw new LinalgError("shape", `${thresholds.length} thresholds for ${x.rows} × ${x.cols} samples`);
  }
  if (!Number.isSafeInteger(rows) || rows < 1 || !Number.isInteger(shardRows) || shardRows < 64 || shardRows % 64 > 0) {
    throw new LinalgError("argument", `scan: bad range rows=${rows}, shardRows=${shardRows} (a multiple of 64)`);
  }
  if (census && x.rows > CENSUS_SAMPLES) {
    throw new LinalgError("argument", `a census is for at most ${CENSUS_SAMPLES} samples, not ${x.rows}`);
  }
}

/** Four samples next to one another for each input; missing ones are 0. */
function packSamples(arena: Arena, x: Matrix): number {
  const strips = Math.ceil(x.rows / 4);
  const address = arena.doubles(strips * 4 * x.cols);
  const view = arena.view(address, strips * 4 * x.cols);
  view.fill(0);
  for (let i = 0; i < x.rows; i++) {
    const at = (i >> 2) * 4 * x.cols + (i & 3);
    for (let q = 0; q < x.cols; q++) view[at + 4 * q] = x.data[i * x.cols + q];
  }
  return address;
}

/** Σ_i P(|N(0, ‖x_i‖²)| ≤ threshold_i), from above: the density at 0 times the width of the interval, at most 1; 0 below a threshold of 0. */
function expectedPairs(x: Matrix, thresholds: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.rows; i++) {
    let square = 0;
    for (let q = 0; q < x.cols; q++) square += x.data[i * x.cols + q] ** 2;
    sum += Math.min(1, Math.max(0, 2 * thresholds[i]) / Math.sqrt(2 * Math.PI * square + Number.MIN_VALUE));
  }
  return sum;
}

/** The layout of a shard's result (assembly/lazy-scan.ts) and the room for its lists, which grows to what was needed. */
class ResultShape {
  readonly #n: number;
  readonly #shardRows: number;
  readonly patternBytes: number;
  pairRoom: number;
  heldRoom: number;

  /** `pairs`: as many near products are expected of a row. */
  constructor(n: number, shardRows: number, pairs: number) {
    this.#n = n;
    this.#shardRows = shardRows;
    this.patternBytes = Math.ceil(n / 32) * 4;
    this.heldRoom = Math.min(shardRows, Math.ceil(1.25 * shardRows * Math.min(1, pairs)) + 256);
    this.pairRoom = Math.ceil(1.25 * shardRows * pairs) + 1024;
  }

  get #pairs(): number {
    return Math.ceil((16 + 8 * this.#n + this.heldRoom * (4 + this.patternBytes)) / 16) * 16;
  }

  get bytes(): number {
    return Math.ceil((this.#pairs + 16 * this.pairRoom) / 64) * 64;
  }

  /** Makes room where a shard of the batch needed more than there was; says whether one did. */
  grow(arena: Arena, results: number, shards: number): boolean {
    let [pairs, held] = [0, 0];
    for (let s = 0; s < shards; s++) {
      const header = arena.view32(results + s * this.bytes, 2);
      pairs = Math.max(pairs, header[0]);
      held = Math.max(held, header[1]);
    }
    if (pairs <= this.pairRoom && held <= this.heldRoom) return false;
    this.pairRoom = Math.max(this.pairRoom, Math.ceil(1.25 * pairs) + 256);
    this.heldRoom = Math.max(this.heldRoom, Math.min(this.#shardRows, Math.ceil(1.25 * held) + 64));
    return true;
  }

  read(arena: Arena, address: number, first: number): ScanShard {
    const { buffer } = arena.memory;
    const [pairs, held] = arena.view32(address, 2);
    const rows = new Float64Array(held);
    const signs = new Int8Array(held);
    const marked = new Uint32Array(buffer, address + 16 + 8 * this.#n, held);
    for (let k = 0; k < held; k++) {
      rows[k] = first + (marked[k] & 0x7fffffff);
      signs[k] = marked[k] >= 0x80000000 ? -1 : 1;
    }
    const patternAt = address + 16 + 8 * this.#n + 4 * this.heldRoom;
    const samples = new Uint32Array(pairs);
    const slots = new Uint32Array(pairs);
    const products = new Float64Array(pairs);
    const values = arena.view(address + this.#pairs, 2 * pairs);
    const indices = arena.view32(address + this.#pairs, 4 * pairs);
    for (let k = 0; k < pairs; k++) {
      products[k] = values[2 * k];
      samples[k] = indices[4 * k + 2];
      slots[k] = indices[4 * k + 3];
    }
    return {
      first,
      outputs: arena.view(address + 16, this.#n).slice(),
      rows,
      signs,
      patterns: new Uint8Array(buffer, patternAt, held * this.patternBytes).slice(),
      samples,
      slots,
      products,
    };
  }
}

/** Adds up what the threads have counted; the order does not matter, the numbers are whole. */
function totals(runtime: Runtime, arena: Arena, request: ScanRequest, space: number, stride: number): ScanTotals {
  const { x, shardRows } = request;
  const n = x.rows;
  const counts = matrix(n, n);
  const patterns = request.census ? 2 ** n : 0;
  const census = {
    counts: new Float64Array(patterns),
    first: new Float64Array(patterns).fill(Number.POSITIVE_INFINITY),
  };
  for (let thread = 0; thread < runtime.threads; thread++) {
    const at = space + thread * stride + runtime.kernels.scanCounts(n, x.cols, shardRows);
    const own = arena.view(at, n * n + 2 * patterns);
    for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) counts.data[i * n + j] += own[i * n + j];
    for (let code = 0; code < patterns; code++) {
      const count = own[n * n + 2 * code];
      if (count === 0) continue;
      census.counts[code] += count;
      census.first[code] = Math.min(census.first[code], own[n * n + 2 * code + 1]);
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) counts.data[j * n + i] = counts.data[i * n + j];
  return request.census ? { counts, census } : { counts };
}
