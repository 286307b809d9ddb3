const value = new Float64Array(1);
const pattern = new BigInt64Array(value.buffer);

/** The place of x among the doubles: neighbours differ by 1, ±0 coincide. */
function rank(x: number): bigint {
  value[0] = x;
  return pattern[0] < 0n ? -(pattern[0] & 0x7fffffffffffffffn) : pattern[0];
}

/** How many doubles apart a and b are; NaN if one of them is. */
export function ulpDistance(a: number, b: number): number {
  if (Number.isNaN(a) || Number.isNaN(b)) return Number.NaN;
  const distance = rank(a) - rank(b);
  return Number(distance < 0n ? -distance : distance);
}
