const SUPERSCRIPT: Record<string, string> = {
  "-": "⁻",
  "0": "⁰",
  "1": "¹",
  "2": "²",
  "3": "³",
  "4": "⁴",
  "5": "⁵",
  "6": "⁶",
  "7": "⁷",
  "8": "⁸",
  "9": "⁹",
};

const THIN_SPACE = "\u202f";

/** A whole exponent in raised digits: -4 → "⁻⁴". */
export const superscript = (exponent: number) => [...String(exponent)].map((c) => SUPERSCRIPT[c]).join("");

const signed = (text: string) => text.replace("-", "−");

function grouped(digits: string): string {
  const [whole, fraction] = digits.split(".");
  const parts = whole.replace(/\B(?=(\d{3})+$)/g, THIN_SPACE);
  return fraction === undefined ? parts : `${parts}.${fraction}`;
}

/** A whole number with its thousands apart: 3012 → "3 012" (narrow no-break space). Other numbers as formatNumber writes them. */
export function formatCount(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) >= 1e15) return formatNumber(value);
  return signed(value < 0 ? `-${grouped(String(-value))}` : grouped(String(value)));
}

/**
 * A number for readers: `digits` significant digits, plain between 10⁻³ and 10⁵ and as "3.1×10⁻⁴" outside; trailing zeros of the
 * fraction are dropped. ±∞ and NaN in words.
 */
export function formatNumber(value: number, digits = 3): string {
  if (Number.isNaN(value)) return "not a number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  if (value === 0) return "0";
  const [mantissa, exponent] = value.toExponential(digits - 1).split("e");
  const e = Number(exponent);
  const trimmed = mantissa.includes(".") ? mantissa.replace(/\.?0+$/, "") : mantissa;
  if (e >= -3 && e < 5) {
    const plain =
      e + 1 >= digits ? String(Number(value.toPrecision(digits))) : value.toFixed(digits - 1 - e).replace(/\.?0+$/, "");
    const text = plain.startsWith("-") ? `-${grouped(plain.slice(1))}` : grouped(plain);
    return signed(text);
  }
  if (trimmed === "1") return `10${superscript(e)}`;
  return signed(`${trimmed}×10${superscript(e)}`);
}
