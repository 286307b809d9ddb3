/** A number for a sentence: three significant digits. */
export function short(x: number): string {
  return Number.isFinite(x) ? Number(x.toPrecision(3)).toString() : String(x);
}
