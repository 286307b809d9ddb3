/** Reading a certificate: nothing is believed about its form either. A field that is not what it must be rejects the file. */

/** Ends a check; `check` turns it into its answer. */
export class Rejection extends Error {
  readonly hypothesis: string;
  readonly by: number | undefined;
  constructor(hypothesis: string, reason: string, by?: number) {
    super(reason);
    this.hypothesis = hypothesis;
    this.by = by;
  }
}

/** Rejects unless value ≤ bound, whatever NaN is in play. */
export function atMost(value: number, bound: number, hypothesis: string, statement: string): void {
  if (value <= bound) return;
  throw new Rejection(hypothesis, `${statement} does not hold: ${value} against ${bound}`, value - bound);
}

const bits = new DataView(new ArrayBuffer(8));

/** "0x1.8000000000000p+1" (13 digits after the point, as C's %a and Python's float.hex write it); NaN for anything else. */
export function parseHexFloat(text: unknown): number {
  const match = typeof text === "string" ? /^(-?)0x([01])\.([0-9a-f]{13})p([+-]\d{1,4})$/.exec(text) : null;
  if (!match) return Number.NaN;
  const [, sign, lead, fraction, power] = match;
  const exponent = lead === "1" ? Number(power) + 1023 : 0;
  const zero = fraction === "0000000000000";
  const fits = lead === "1" ? exponent >= 1 && exponent <= 2046 : Number(power) === (zero ? 0 : -1022);
  if (!fits) return Number.NaN;
  bits.setBigUint64(0, (BigInt(exponent) << 52n) | BigInt(`0x${fraction}`) | (sign ? 1n << 63n : 0n));
  return bits.getFloat64(0);
}

/** An object of the file; `path` names it in messages. */
export class Fields {
  readonly path: string;
  private readonly values: Readonly<Record<string, unknown>>;
  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) throw malformed(path, "an object");
    this.values = value as Readonly<Record<string, unknown>>;
    this.path = path;
  }
  get(name: string): unknown {
    return Object.hasOwn(this.values, name) ? this.values[name] : undefined;
  }
  has(name: string): boolean {
    return this.get(name) !== undefined;
  }
  object(name: string): Fields {
    return new Fields(this.get(name), `${this.path}${name}.`);
  }
  list(name: string): readonly unknown[] {
    const value = this.get(name);
    if (!Array.isArray(value)) throw malformed(`${this.path}${name}`, "a list");
    return value;
  }
  text(name: string): string {
    const value = this.get(name);
    if (typeof value !== "string") throw malformed(`${this.path}${name}`, "text");
    return value;
  }
  flag(name: string): boolean {
    const value = this.get(name);
    if (typeof value !== "boolean") throw malformed(`${this.path}${name}`, "true or false");
    return value;
  }
  count(name: string): number {
    const value = this.get(name);
    if (!Number.isSafeInteger(value) || !(Number(value) >= 0)) throw malformed(`${this.path}${name}`, "a count");
    return Number(value);
  }
  /** A finite number, given twice: { hex, decimal }. */
  number(name: string): number {
    const pair = this.object(name);
    return agree(pair.get("hex"), pair.get("decimal"), pair.path);
  }
  /** { hex: […], decimal: […] }. */
  numbers(name: string): Float64Array {
    const pair = this.object(name);
    const [hex, decimal] = [pair.list("hex"), pair.list("decimal")];
    if (hex.length !== decimal.length) throw malformed(pair.path, "two lists of one length");
    return Float64Array.from(hex, (text, i) => agree(text, decimal[i], `${pair.path}${i}`));
  }
}

function agree(hex: unknown, decimal: unknown, path: string): number {
  const value = parseHexFloat(hex);
  if (Number.isFinite(value) && Object.is(value, decimal)) return value;
  throw malformed(path, `one finite number in both copies, not ${hex} and ${decimal}`);
}

function malformed(path: string, wanted: string): Rejection {
  return new Rejection("file", `${path.replace(/\.$/, "")}: expected ${wanted}`);
}
