import { formatCount, formatNumber, superscript } from "./format.ts";

export interface Tick {
  readonly value: number;
  readonly label: string;
}

/** About `count` ticks at 1, 2 or 5 times a power of ten inside [low, high]; at whole numbers only if `whole`. */
export function linearTicks(low: number, high: number, count: number, whole = false): Tick[] {
  const rough = (high - low) / Math.max(1, count);
  const power = Math.floor(Math.log10(rough));
  const unit = 10 ** power;
  const factor = [1, 2, 5, 10].find((f) => f * unit >= rough * (1 - 1e-9)) ?? 10;
  // Above 10⁰ the spacing is a whole number, below it the reciprocal of one: either way no rounding error accumulates.
  const spacing = whole ? Math.max(1, factor * unit) : factor * unit;
  const inverse = spacing < 1 ? Math.round(1 / spacing) : 0;
  const at = (k: number) => (inverse > 0 ? k / inverse : k * spacing);
  const ticks: Tick[] = [];
  const last = Math.floor(high / spacing + 1e-9);
  for (let k = Math.ceil(low / spacing - 1e-9); k <= last; k++) {
    const value = k === 0 ? 0 : at(k);
    ticks.push({ value, label: whole ? formatCount(value) : formatNumber(value, significant(value, spacing)) });
  }
  return ticks;
}

/** Digits needed to tell `value` from its neighbours at distance `spacing`. */
function significant(value: number, spacing: number): number {
  if (value === 0) return 1;
  const digits = Math.floor(Math.log10(Math.abs(value)) + 1e-9) - Math.floor(Math.log10(spacing) + 1e-9) + 1;
  return Math.min(15, Math.max(1, digits));
}

/** Ticks inside [low, high], 0 < low < high: decades when there are many, 1-2-5 within a few, linear ones within a fraction of one. */
export function logTicks(low: number, high: number, count: number): Tick[] {
  const first = Math.ceil(Math.log10(low) - 1e-9);
  const last = Math.floor(Math.log10(high) + 1e-9);
  const decades = Math.log10(high) - Math.log10(low);
  if (decades < 0.9) return linearTicks(low, high, count);
  const mantissas = decades * 3 <= count + 2 ? [1, 2, 5] : [1];
  const stride = mantissas.length > 1 ? 1 : Math.max(1, Math.ceil(decades / count));
  const ticks: Tick[] = [];
  for (let e = first - 1; e <= last; e++) {
    if (e % stride !== 0) continue;
    for (const mantissa of mantissas) {
      const value = Number(`${mantissa}e${e}`);
      if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) ticks.push({ value, label: formatNumber(value, 1) });
    }
  }
  // Not 0.001 above 10⁻⁴: as soon as one label needs an exponent, all but those around 1 show theirs.
  const exponents = ticks.some((tick) => tick.label.includes("10") && /[⁰¹²³⁴-⁹]/.test(tick.label));
  return exponents ? ticks.map((tick) => ({ ...tick, label: powerLabel(tick.value) ?? tick.label })) : ticks;
}

function powerLabel(value: number): string | undefined {
  const exponent = Math.round(Math.log10(value));
  if (Math.abs(exponent) <= 1 || Number(`1e${exponent}`) !== value) return undefined;
  return `10${superscript(exponent)}`;
}
