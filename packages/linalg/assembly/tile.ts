/**
 * Register tiles: the innermost loops of every product. C ← α·Σ_p a_p·b_pᵀ + β·C for one tile of C, with operands packed by
 * pack.ts: `a` holds mr values per p, `b` four, `ldc` is the distance of C's rows in bytes, k ≥ 1. β = 0 does not read C.
 *
 * Every entry is summed over p = 0 … k − 1 in this order in one accumulator, whatever the tile: shapes differ in speed only.
 *
 * What the shapes are made for. Optimising compilers of V8 up to version 12 (Node 22) move the arithmetic of a basic block
 * behind all its loads, so a block may use 15 registers for accumulators *and* loaded values: 4 × 4 with one step a block; the
 * way out for odd k in the middle of the loop also ends the first block. Later versions keep the order, and 6 × 4 uses
 * the registers better. tile.ts in src/wasm times both. Exported, so that they stay functions of their own: an engine
 * optimises a function at a call, never in the middle of one.
 */

/** x·y + z with one rounding where the variant has fused instructions, two otherwise. */
// @ts-ignore: decorator
@inline
export function multiplyAdd(x: v128, y: v128, z: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(x, y, z);
  return f64x2.add(z, f64x2.mul(x, y));
}

// @ts-ignore: decorator
@inline
function finish(c: usize, alpha: f64, beta: f64, s0: v128, s1: v128): void {
  s0 = f64x2.mul(f64x2.splat(alpha), s0);
  s1 = f64x2.mul(f64x2.splat(alpha), s1);
  if (beta != 0) {
    s0 = f64x2.add(s0, f64x2.mul(f64x2.splat(beta), v128.load(c)));
    s1 = f64x2.add(s1, f64x2.mul(f64x2.splat(beta), v128.load(c, 16)));
  }
  v128.store(c, s0);
  v128.store(c, s1, 16);
}

export function tile4x4(k: i32, a: usize, b: usize, c: usize, ldc: isize, alpha: f64, beta: f64): void {
  const last = a + 32 * <usize>(k - 1);
  let c00 = f64x2.splat(0);
  let c01 = f64x2.splat(0);
  let c10 = f64x2.splat(0);
  let c11 = f64x2.splat(0);
  let c20 = f64x2.splat(0);
  let c21 = f64x2.splat(0);
  let c30 = f64x2.splat(0);
  let c31 = f64x2.splat(0);
  let b0: v128;
  let b1: v128;
  let x: v128;
  do {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load_splat<f64>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load_splat<f64>(a, 8);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load_splat<f64>(a, 16);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load_splat<f64>(a, 24);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    if (a == last) break;
    b0 = v128.load(b, 32);
    b1 = v128.load(b, 48);
    x = v128.load_splat<f64>(a, 32);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load_splat<f64>(a, 40);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load_splat<f64>(a, 48);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load_splat<f64>(a, 56);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    a += 64;
    b += 64;
  } while (a <= last);
  finish(c, alpha, beta, c00, c01);
  c += ldc;
  finish(c, alpha, beta, c10, c11);
  c += ldc;
  finish(c, alpha, beta, c20, c21);
  c += ldc;
  finish(c, alpha, beta, c30, c31);
}

export function tile6x4(k: i32, a: usize, b: usize, c: usize, ldc: isize, alpha: f64, beta: f64): void {
  const last = a + 48 * <usize>(k - 1);
  let c00 = f64x2.splat(0);
  let c01 = f64x2.splat(0);
  let c10 = f64x2.splat(0);
  let c11 = f64x2.splat(0);
  let c20 = f64x2.splat(0);
  let c21 = f64x2.splat(0);
  let c30 = f64x2.splat(0);
  let c31 = f64x2.splat(0);
  let c40 = f64x2.splat(0);
  let c41 = f64x2.splat(0);
  let c50 = f64x2.splat(0);
  let c51 = f64x2.splat(0);
  let b0: v128;
  let b1: v128;
  let x: v128;
  do {
    b0 = v128.load(b);
    b1 = v128.load(b, 16);
    x = v128.load_splat<f64>(a);
    c00 = multiplyAdd(x, b0, c00);
    c01 = multiplyAdd(x, b1, c01);
    x = v128.load_splat<f64>(a, 8);
    c10 = multiplyAdd(x, b0, c10);
    c11 = multiplyAdd(x, b1, c11);
    x = v128.load_splat<f64>(a, 16);
    c20 = multiplyAdd(x, b0, c20);
    c21 = multiplyAdd(x, b1, c21);
    x = v128.load_splat<f64>(a, 24);
    c30 = multiplyAdd(x, b0, c30);
    c31 = multiplyAdd(x, b1, c31);
    x = v128.load_splat<f64>(a, 32);
    c40 = multiplyAdd(x, b0, c40);
    c41 = multiplyAdd(x, b1, c41);
    x = v128.load_splat<f64>(a, 40);
    c50 = multiplyAdd(x, b0, c50);
    c51 = multiplyAdd(x, b1, c51);
    a += 48;
    b += 32;
  } while (a <= last);
  finish(c, alpha, beta, c00, c01);
  c += ldc;
  finish(c, alpha, beta, c10, c11);
  c += ldc;
  finish(c, alpha, beta, c20, c21);
  c += ldc;
  finish(c, alpha, beta, c30, c31);
  c += ldc;
  finish(c, alpha, beta, c40, c41);
  c += ldc;
  finish(c, alpha, beta, c50, c51);
}
