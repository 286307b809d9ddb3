/**
 * Products of matrices in working precision whose error is that of a few roundings of the result, whatever the inner dimension: both factors are
 * cut into slices whose products are exact (Ozaki, Ogita, Oishi, Rump, Numerical Algorithms 59, 2012; docs/proof.md, section 9).
 */
import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { addUp, mulUp, powerOfTwo } from "./directed.ts";
import { frobenius, gamma, LEAST_POSITIVE, rowNorms, UNIT_ROUNDOFF } from "./error-bounds.ts";

/** A·B or A·Bᵀ and for each of its rows ≥ the 2-norm of the error. */
export interface PreciseProduct {
  readonly product: Matrix;
  readonly errors: Float64Array;
}

/** Exponents outside ±this leave room for no slices. */
const RANGE = 300;

/**
 * C = A·B (or A·Bᵀ) with A = A₁ + A₂ + A₃, B = B₁ + B₂ + B₃: the leading slices hold so few bits that A₁B₁, A₁B₂ and A₂B₁ are sums of
 * integers below 2⁵³ times a common unit, exact in any order of summation; the rest, A₁B₃ + A₂(B₂ + B₃) + A₃B, is about 2⁻⁴² of the whole and carries
 * the usual error. Undefined where the entries are so large or small that the slices would leave the range of doubles.
 */
export async function preciseProduct(
  a: Matrix,
  b: Matrix,
  transposeB: boolean,
  backend: Backend,
): Promise<PreciseProduct | undefined> {
  const k = a.cols;
  const spare = Math.ceil((53 + Math.ceil(Math.log2(Math.max(1, k))) + 1) / 2);
  const left = sliced(a, spare);
  const right = sliced(b, spare);
  if (!left || !right) return undefined;
  const times = (x: Matrix, y: Matrix) => backend.gemm(x, y, { transposeB });
  const exact = await times(left.first, right.first);
  const cross = await times(left.first, right.second);
  const other = await times(left.second, right.first);
  const rest = [await times(left.first, right.third), await times(left.second, right.tail), await times(left.third, b)];
  const product = matrix(exact.rows, exact.cols);
  const small = matrix(exact.rows, exact.cols);
  for (let i = 0; i < product.data.length; i++) {
    small.data[i] = cross.data[i] + other.data[i] + (rest[0].data[i] + rest[1].data[i] + rest[2].data[i]);
    product.data[i] = exact.data[i] + small.data[i];
  }
  const sizes = [cross, other, ...rest].map((part) => rowNorms(part).upper);
  const whole = rowNorms(product).upper;
  const factors = [
    { left: rowNorms(left.first).upper, right: frobenius(right.third).upper },
    { left: rowNorms(left.second).upper, right: frobenius(right.tail).upper },
    { left: rowNorms(left.third).upper, right: frobenius(b).upper },
  ];
  const own = gamma(k);
  const underflow = mulUp(mulUp(3 * (k + 4), product.cols), LEAST_POSITIVE);
  const errors = whole.map((size, i) => {
    // four sums before the last, each of at most the whole of the parts, and the last
    let parts = 0;
    for (const part of sizes) parts = addUp(parts, part[i]);
    let error = addUp(mulUp(UNIT_ROUNDOFF, size), mulUp(8 * UNIT_ROUNDOFF, parts));
    for (const factor of factors) error = addUp(error, mulUp(own, mulUp(factor.left[i], factor.right)));
    return addUp(error, underflow);
  });
  return { product, errors };
}

interface Slices {
  readonly first: Matrix;
  readonly second: Matrix;
  /** first + second + third is the matrix, exactly. */
  readonly third: Matrix;
  /** second + third, exactly. */
  readonly tail: Matrix;
}

/**
 * With |a| ≤ 2^x and σ = 2^{x + spare}: fl(fl(a + σ) − σ) is a multiple of 2^{x + spare − 53} of size at most 2^x, off from a by no more than
 * that unit, and the difference is exact (Rump, Ogita, Oishi, SIAM J. Sci. Comput. 31, 2008, lemma 3.2).
 */
function sliced(a: Matrix, spare: number): Slices | undefined {
  let largest = 0;
  for (const value of a.data) {
    const size = Math.abs(value);
    if (!(size <= largest)) largest = size;
  }
  const parts = [0, 1, 2, 3].map(() => matrix(a.rows, a.cols));
  const [first, second, third, tail] = parts;
  if (largest === 0) return { first, second, third, tail };
  const exponent = exponentAbove(largest);
  if (exponent === undefined) return undefined;
  const high = powerOfTwo(exponent + spare);
  const low = powerOfTwo(exponent + 2 * spare - 53);
  for (let i = 0; i < a.data.length; i++) {
    const value = a.data[i];
    const top = value + high - high;
    const below = value - top;
    const middle = below + low - low;
    first.data[i] = top;
    tail.data[i] = below;
    second.data[i] = middle;
    third.data[i] = below - middle;
  }
  return { first, second, third, tail };
}

/** x with size ≤ 2^x, |x| ≤ RANGE. */
function exponentAbove(size: number): number | undefined {
  for (let x = -RANGE; x <= RANGE; x++) if (size <= powerOfTwo(x)) return x === -RANGE ? undefined : x;
  return undefined;
}
