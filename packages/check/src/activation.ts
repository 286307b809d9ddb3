/**
 * Smooth activations with proved errors: |computed − exact| ≤ error·(1 + |z|) for σ and σ'. Only + − × ÷ are used. `slope` = sup|σ'| and
 * `curvature` = sup|σ''| are rounded up. docs/certificate-file.md derives all of them.
 */
import { U, up } from "./directed.ts";

/** `at`: z ↦ [σ(z), σ'(z)]. */
export type Activation = { slope: number; curvature: number; error: number; at: (z: number) => [number, number] };

const LN2_HIGH = 0.6931471803691238; // 33 bits: its multiples by |k| < 2²⁰ are exact
const LN2_LOW = 1.9082149292705877e-10;
const POWERS = new Float64Array(1001).fill(1); // 2⁻ᵏ
for (let k = 1; k <= 1000; k++) POWERS[k] = POWERS[k - 1] / 2;

/** eˣ for x ≤ 0, relative error < 32u (absolute < 2⁻⁹⁹⁰ below −690): x = −k·ln 2 + r, |r| < 0.36, 16 terms of Taylor's series. */
function exp(x: number): number {
  if (!(x >= -690)) return x < 0 ? 0 : Number.NaN;
  const k = Math.round(-x / LN2_HIGH);
  const r = x + k * LN2_HIGH + k * LN2_LOW;
  let sum = 1;
  for (let i = 15; i > 0; i--) sum = 1 + (sum * r) / i;
  return sum * POWERS[k];
}

/** log(1 + t) for 0 ≤ t ≤ 1, absolute error < 8u: 2·artanh(w), w = t/(2 + t) ≤ 1/3, 18 terms. */
function log1p(t: number): number {
  const w = t / (2 + t);
  let sum = 0;
  for (let k = 17; k >= 0; k--) sum = sum * (w * w) + 1 / (2 * k + 1);
  return 2 * w * sum;
}

/** erf, absolute error < 1024u: (2/√π)·e^(−x²)·Σ 2ᵏx^(2k+1)/(2k+1)!!, positive terms; the rest is below the last one once they halve. */
function erf(x: number): number {
  if (!(Math.abs(x) < 6)) return Math.sign(x); // 1 − erf(6) < 2⁻⁵⁵
  let [term, sum] = [Math.abs(x), Math.abs(x)];
  for (let k = 1; term > sum * 1e-18 || 4 * x * x > 2 * k + 1; k++) {
    term *= (2 * x * x) / (2 * k + 1);
    sum += term;
  }
  return Math.sign(x) * 1.1283791670955126 * exp(-x * x) * sum;
}

/** 1/(1 + e⁻ˣ), and its slope. */
function logistic(x: number): [number, number] {
  const e = exp(-Math.abs(x));
  return [(x >= 0 ? 1 : e) / (1 + e), e / ((1 + e) * (1 + e))];
}
const softplus = (z: number): number => Math.max(z, 0) + log1p(exp(-Math.abs(z))) - Math.LN2;
const bell = (z: number): number => 0.3989422804014327 * exp(-0.5 * z * z);
const normal = (z: number): number => 0.5 * (1 + erf(Math.SQRT1_2 * z));
const mix = (a: number, x: number, y: number): number => a * x + (1 - a) * y;

/** The activation of that name with its parameter a; undefined for one without a continuous derivative, or unknown. */
export function activationOf(kind: string, a: number): Activation | undefined {
  const table: [name: string, slope: number, curvature: number, error: number, at: Activation["at"]][] = [
    ["tanh", 1, 0.7698003589195012, 256, (z) => [2 * logistic(2 * z)[0] - 1, 4 * logistic(2 * z)[1]]],
    ["sigmoid", 0.25, 0.09622504486493764, 128, (z) => [logistic(z)[0] - 0.5, logistic(z)[1]]],
    ["softplus", 1, 0.25, 128, (z) => [softplus(z), logistic(z)[0]]],
    ["swish", 1.0998393201288676, 0.5, 128, (z) => [z * logistic(z)[0], logistic(z)[0] + z * logistic(z)[1]]],
    ["gelu", 1.1289041451851554, 0.7978845608028656, 2048, (z) => [z * normal(z), normal(z) + z * bell(z)]],
    ["erf", 1.128379167095513, 0.9678828980765738, 2048, (z) => [erf(z), 1.1283791670955126 * exp(-z * z)]],
    ["smooth-leaky-relu", 1, up(up(1 - a) / 4), 128, (z) => [mix(a, z, softplus(z)), mix(a, 1, logistic(z)[0])]],
  ];
  const found = table.find(([name]) => name === kind && a >= 0 && a <= 1);
  return found && { slope: found[1], curvature: found[2], error: found[3] * U, at: found[4] };
}
