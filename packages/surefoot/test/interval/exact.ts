/** Exact numbers m·2ᵉ with BigInt m: the judge of the interval tests. Sums and products of doubles stay exact. */
export interface Dyadic {
  readonly m: bigint;
  readonly e: number;
}

const view = new DataView(new ArrayBuffer(8));

export function exact(x: number): Dyadic {
  if (!Number.isFinite(x)) throw new RangeError(`${x} is not a real number`);
  view.setFloat64(0, x);
  const bits = view.getBigUint64(0);
  const field = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  const m = field === 0 ? fraction : fraction | 0x10000000000000n;
  return { m: bits >> 63n ? -m : m, e: (field === 0 ? 1 : field) - 1075 };
}

export function plus(a: Dyadic, b: Dyadic): Dyadic {
  const e = Math.min(a.e, b.e);
  return { m: (a.m << BigInt(a.e - e)) + (b.m << BigInt(b.e - e)), e };
}

export function minus(a: Dyadic, b: Dyadic): Dyadic {
  return plus(a, { m: -b.m, e: b.e });
}

export function times(a: Dyadic, b: Dyadic): Dyadic {
  return { m: a.m * b.m, e: a.e + b.e };
}

/** −1, 0 or 1. */
export function sign(a: Dyadic): number {
  return a.m > 0n ? 1 : a.m < 0n ? -1 : 0;
}

/** Whether a ≤ b. An infinite double compares as such. */
export function atMost(a: Dyadic | number, b: Dyadic | number): boolean {
  if (a === Number.NEGATIVE_INFINITY || b === Number.POSITIVE_INFINITY) return true;
  if (a === Number.POSITIVE_INFINITY || b === Number.NEGATIVE_INFINITY) return false;
  return sign(minus(typeof a === "number" ? exact(a) : a, typeof b === "number" ? exact(b) : b)) <= 0;
}

/** The place of x among all doubles: neighbours differ by 1. */
export function ordinal(x: number): bigint {
  view.setFloat64(0, x);
  const bits = view.getBigInt64(0);
  return bits < 0n ? -(bits & 0x7fffffffffffffffn) : bits;
}

/**
 * Whether a symmetric matrix is positive definite, decided exactly by
 * fraction-free elimination (Bareiss): all leading principal minors must be positive.
 */
export function isPositiveDefinite(rows: readonly (readonly Dyadic[])[]): boolean {
  const e = Math.min(...rows.flat().map((x) => x.e));
  const a = rows.map((row) => row.map((x) => x.m << BigInt(x.e - e)));
  let previous = 1n;
  for (let k = 0; k < a.length; k++) {
    if (a[k][k] <= 0n) return false;
    for (let i = k + 1; i < a.length; i++) {
      for (let j = k + 1; j < a.length; j++) a[i][j] = (a[i][j] * a[k][k] - a[i][k] * a[k][j]) / previous;
    }
    previous = a[k][k];
  }
  return true;
}
