/**
 * Exact arithmetic on doubles, for comparisons that must not depend on rounding. Every finite double is a whole multiple of 2⁻¹⁰⁷⁴, so
 * sums and products of doubles are whole numbers in a suitable unit; only quantities in the same unit are compared.
 */

const bits = new DataView(new ArrayBuffer(8));

/** x·2¹⁰⁷⁴ as a whole number; x finite. */
export function toUnits(x: number): bigint {
  bits.setFloat64(0, x);
  const word = bits.getBigUint64(0);
  const exponent = Number((word >> 52n) & 0x7ffn);
  const fraction = word & 0xfffffffffffffn;
  const magnitude = exponent === 0 ? fraction : (fraction | 0x10000000000000n) << BigInt(exponent - 1);
  return word >> 63n === 1n ? -magnitude : magnitude;
}

/** a·b = c·d exactly. Decided in floating point where the products are clearly apart. */
export function equalProducts(a: number, b: number, c: number, d: number): boolean {
  const left = a * b;
  const right = c * d;
  const largest = Math.max(Math.abs(left), Math.abs(right));
  if (Math.abs(left - right) > 2 ** -50 * largest && largest > 2 ** -960 && largest < Number.MAX_VALUE) return false;
  return toUnits(a) * toUnits(b) === toUnits(c) * toUnits(d);
}
