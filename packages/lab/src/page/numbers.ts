/** A number for reading; "–" where there is none. */
export function show(x: number | null | undefined, digits = 3): string {
  if (x === null || x === undefined || Number.isNaN(x)) return "–";
  if (x >= 1e300) return "∞";
  const size = Math.abs(x);
  if (size === 0) return "0";
  if (Number.isInteger(x) && size < 1e6) return String(x).replace("-", "−");
  if (size >= 1e-3 && size < 1e5) return String(Number(x.toPrecision(digits))).replace("-", "−");
  return x
    .toExponential(digits - 1)
    .replace("e+", "e")
    .replace(/-/g, "−");
}

/** A factor just below 1 as "1 − 3.4e−6". */
export function showFactor(x: number | null | undefined): string {
  return typeof x === "number" && x > 0.99 && x < 1 ? `1 − ${show(1 - x)}` : show(x);
}

/** The numbers of a sentence of the library, shortened for reading: at most four significant digits. */
export function shorten(sentence: string): string {
  return sentence.replace(/-?\d+\.\d{4,}(?:e[+-]?\d+)?/g, (text) => show(Number(text), 4));
}
