import { type Ball, ball, definite, gram, largest, plus, product, zero } from "./balls.ts";
import { type Json, reject } from "./fields.ts";

/** x: n × d, row by row. */
export type CheckData = { readonly x: Float64Array; readonly n: number; readonly d: number; readonly y: Float64Array };
/** z = scale·W h + b; `bias` is empty without biases. */
export type Layer = { scale: number; weight: Ball; bias: Float64Array; trainsWeight: boolean; trainsBias: boolean };
/** A certificate with the data and weights that it is about; `step` is the step size for the loss ½‖e‖². */
export type Problem = CheckData & { layers: Layer[]; file: Json; step: { lower: number; upper: number } };

/** The layer on every row of h. */
export function dense({ scale, weight, bias }: Layer, h: Ball): Ball {
  const each = new Float64Array(h.rows * weight.rows).map((_, k) => (bias.length > 0 ? bias[k % weight.rows] : 0));
  return plus(scale, product(h, weight), ball(h.rows, weight.rows, each));
}

/** u − y for outputs u. */
export const errors = ({ n, y }: Problem, u: Ball): Ball =>
  plus(
    1,
    u,
    ball(
      n,
      1,
      y.map((label) => -label),
    ),
  );

const ones = (n: number) => ball(n, n, new Float64Array(n * n).fill(1));

/** scale²·HHᵀ if the layer's W is trained, plus 11ᵀ if its b is; of the data this is G̃. */
export function gramOf({ scale, trainsWeight, trainsBias }: Layer, h: Ball): Ball {
  const products = trainsWeight ? plus(scale * scale, gram(h), zero(h.rows)) : zero(h.rows);
  return trainsBias ? plus(1, products, ones(h.rows)) : products;
}

/** Rejects unless λ_min ≥ bound (sign 1) or λ_max ≤ bound (sign −1) is proved; says what can be. */
export function boundEigenvalue(a: Ball, bound: number, sign: 1 | -1, hypothesis: string, name: string): void {
  if (definite(a, bound, sign)) return;
  let [good, bad] = [-2 * sign * a.rows * largest(a.mid), 2 * sign * a.rows * largest(a.mid)];
  for (let step = 0; step < 24; step++) {
    const middle = (good + bad) / 2;
    if (definite(a, middle, sign)) good = middle;
    else bad = middle;
  }
  const relation = sign > 0 ? "≥" : "≤";
  const provable = definite(a, good, sign) ? `only ${relation} ${good}` : "nor any other bound";
  reject(hypothesis, `${name} ${relation} ${bound} is not proved, ${provable}`, sign * (bound - good));
}
