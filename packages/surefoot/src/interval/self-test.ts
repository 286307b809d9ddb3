/**
 * What a proof trusts about the machine, tried out before any proof: gradual underflow in this engine and inside a backend's kernels, and
 * products that obey the componentwise bound of any-order summation (Strassen-like ones do not). Every matrix is chosen so that
 * a conforming kernel returns one exact result, whatever its order of summation; equality is the test. See docs/proof.md, section 5.
 */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { powerOfTwo } from "./directed.ts";

export type SelfTestOutcome =
  | {
      readonly status: "passed";
      /** No sign that the Cholesky kernel multiplies by inverted diagonal blocks instead of substituting. */
      readonly substitutes: boolean;
    }
  /** Nothing computed with this backend may be called proved. */
  | { readonly status: "failed"; readonly reason: string };

/** Rows, inner dimension, columns. */
type Shape = readonly [number, number, number];

/** Small, odd, beyond the kernels' tiles, beyond the thresholds for threads, thin. */
const SHAPES: readonly Shape[] = [
  [1, 1, 1],
  [3, 5, 2],
  [17, 33, 9],
  [64, 64, 64],
  [130, 70, 131],
];
const CHOLESKY_SIZES = [1, 5, 40, 131];
/** Beyond blocking, threading and recursion thresholds; the reference backend, plain loops, has none. */
const LARGE_SHAPES: readonly Shape[] = [
  [1, 600, 600],
  [600, 600, 1],
  [512, 512, 512],
];
const LARGE_CHOLESKY_SIZES = [300];

const passed = new WeakMap<Backend, Promise<SelfTestOutcome>>();

/** Runs once for each backend object; later calls get the same outcome. */
export function selfTest(backend: Backend): Promise<SelfTestOutcome> {
  const known = passed.get(backend);
  if (known) return known;
  const outcome = runSelfTest(backend);
  passed.set(backend, outcome);
  return outcome;
}

async function runSelfTest(backend: Backend): Promise<SelfTestOutcome> {
  if (!engineUnderflowsGradually()) return failed("this engine flushes subnormal numbers to zero");
  const plain = backend.info.name === "reference";
  for (const shape of plain ? SHAPES : [...SHAPES, ...LARGE_SHAPES]) {
    const [rows, inner, cols] = shape;
    const where = `${backend.info.name} gemm ${rows} × ${inner} × ${cols}`;
    const expected = wholeProduct(rows, inner, cols);
    if (!(await productUnderflowsGradually(backend, shape, expected))) {
      return failed(`${where} flushes subnormal numbers to zero`);
    }
    if (!(await productIsComponentwise(backend, shape, expected))) {
      return failed(`${where} exceeds the componentwise error bound, as Strassen-like products do`);
    }
  }
  let substitutes = true;
  for (const n of plain ? CHOLESKY_SIZES : [...CHOLESKY_SIZES, ...LARGE_CHOLESKY_SIZES]) {
    if (!(await gramIsExact(backend, n)))
      return failed(`${backend.info.name} syrk of order ${n} is not exact on small integers`);
    if (!(await choleskyIsExact(backend, n, band))) {
      return failed(`${backend.info.name} Cholesky of order ${n} flushes subnormal numbers to zero`);
    }
    if (substitutes) substitutes = await choleskyIsExact(backend, n, wild);
  }
  return { status: "passed", substitutes };
}

function failed(reason: string): SelfTestOutcome {
  return { status: "failed", reason };
}

/** The operands come from an array, so that no compiler evaluates them in advance. */
function engineUnderflowsGradually(): boolean {
  const x = new Float64Array([powerOfTwo(-1074), 1, powerOfTwo(-1022), 2]);
  return x[0] * x[1] === powerOfTwo(-1074) && x[2] / x[3] === powerOfTwo(-1023) && x[2] - x[2] * 0.75 !== 0;
}

/** A whole number −4 … 4, fixed by its place. */
function small(i: number, j: number): number {
  return ((i * 7919 + j * 104729 + i * j * 31) % 9) - 4;
}

function filled(rows: number, cols: number, entry: (i: number, j: number) => number): Matrix {
  const out = matrix(rows, cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out.data[i * cols + j] = entry(i, j);
  return out;
}

/** Rows of a product that are compared: all of a small one, every eighth and the last of a large one (it reaches every thread's part). */
function comparedRows(m: number): number[] {
  const step = m > 200 ? 8 : 1;
  return Array.from({ length: m }, (_, i) => i).filter((i) => i % step === 0 || i === m - 1);
}

/** Σ_l small(i, l)·small(j, l) for the compared rows i and all j < n, by row. */
function wholeProduct(m: number, k: number, n: number): Map<number, Float64Array> {
  const right = filled(k, n, (l, j) => small(j, l)).data;
  const product = new Map<number, Float64Array>();
  for (const i of comparedRows(m)) {
    const row = new Float64Array(n);
    for (let l = 0; l < k; l++) {
      const value = small(i, l);
      for (let j = 0; j < n; j++) row[j] += value * right[l * n + j];
    }
    product.set(i, row);
  }
  return product;
}

/** Whether c_ij is exactly expected_ij·rowScale(i)·colScale(j) on the compared rows. */
function matches(
  c: Matrix,
  expected: ReadonlyMap<number, Float64Array>,
  rowScale: (i: number) => number,
  colScale: (j: number) => number,
): boolean {
  for (const [i, row] of expected) {
    const scale = rowScale(i);
    for (let j = 0; j < c.cols; j++) if (c.data[i * c.cols + j] !== row[j] * scale * colScale(j)) return false;
  }
  return true;
}

/** Powers of two for A and B: subnormal inputs; normal inputs with subnormal products, all of them representable. */
const UNDERFLOWS = [
  [-1074, 0],
  [-537, -537],
  [-1022, -40],
] as const;

async function productUnderflowsGradually(
  backend: Backend,
  [m, k, n]: Shape,
  expected: ReadonlyMap<number, Float64Array>,
): Promise<boolean> {
  for (const [left, right] of UNDERFLOWS) {
    const [p, q] = [powerOfTwo(left), powerOfTwo(right)];
    const a = filled(m, k, (i, l) => small(i, l) * p);
    const b = filled(k, n, (l, j) => small(j, l) * q);
    const c = await backend.gemm(a, b);
    const scale = powerOfTwo(left + right);
    if (
      !matches(
        c,
        expected,
        () => scale,
        () => 1,
      )
    )
      return false;
  }
  return true;
}

/** Rows and columns scaled by 1 or 2⁶⁰, scattered: a product that adds rows or columns to one another loses the small ones. */
async function productIsComponentwise(
  backend: Backend,
  [m, k, n]: Shape,
  expected: ReadonlyMap<number, Float64Array>,
): Promise<boolean> {
  const row = (i: number) => scatteredScale(i, 5);
  const col = (j: number) => scatteredScale(j, 11);
  const a = filled(m, k, (i, l) => small(i, l) * row(i));
  const b = filled(k, n, (l, j) => small(j, l) * col(j));
  return matches(await backend.gemm(a, b), expected, row, col);
}

const HUGE = powerOfTwo(60);

function scatteredScale(i: number, salt: number): number {
  return ((Math.imul(i, 0x9e3779b1) + salt * 40503) >>> 21) % 2 === 0 ? 1 : HUGE;
}

async function gramIsExact(backend: Backend, n: number): Promise<boolean> {
  const k = n + 3;
  const expected = wholeProduct(n, k, n);
  const half = powerOfTwo(-537);
  for (const scale of [(i: number) => scatteredScale(i, 3), () => half]) {
    const c = await backend.syrk(filled(n, k, (i, l) => small(i, l) * scale(i)));
    if (!matches(c, expected, scale, scale)) return false;
  }
  return true;
}

/** The last row and the diagonal: the factor is exact whether a kernel substitutes or inverts. */
function band(i: number, j: number, n: number): number {
  return i === n - 1 ? small(i, j) : 0;
}

/**
 * Whole numbers up to 2¹⁷: with a diagonal of powers of two substitution in any order stays within 53 bits and is exact, while
 * entries of an inverted block of order 3 or more reach 2³⁶ and multiply numbers of 2⁴⁰.
 */
function wild(i: number, j: number): number {
  return (Math.imul(i * 7919 + j * 104729 + i * j * 31, 0x9e3779b1) >>> 14) - powerOfTwo(17);
}

/** A = LLᵀ for L with powers of two on the diagonal and `entry` below it: is L returned exactly, also scaled by 2⁻⁵²⁰? */
async function choleskyIsExact(
  backend: Backend,
  n: number,
  entry: (i: number, j: number, n: number) => number,
): Promise<boolean> {
  const l = filled(n, n, (i, j) => (j > i ? 0 : j === i ? powerOfTwo(i % 3) : entry(i, j, n)));
  const a = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      let total = 0;
      for (let k = 0; k <= j; k++) total += l.data[i * n + k] * l.data[j * n + k];
      a.data[i * n + j] = total;
      a.data[j * n + i] = total;
    }
  }
  for (const scale of [1, powerOfTwo(-520)]) {
    const outcome = await backend.cholesky({ rows: n, cols: n, data: a.data.map((value) => value * scale * scale) });
    if (outcome.status !== "ok") return false;
    if (!outcome.factor.data.every((value, i) => value === l.data[i] * scale)) return false;
  }
  return true;
}
