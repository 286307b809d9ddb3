import { type Ball, definite, gram, type Layer, largest, plus, rows, zero } from "./balls.ts";
import { type Json, reject } from "./fields.ts";

/** x: n × d, row by row. */
export type CheckData = { readonly x: Float64Array; readonly n: number; readonly d: number; readonly y: Float64Array };
export type TrainedLayer = Layer & { trainsWeight: boolean; trainsBias: boolean };
/** A certificate with the data and weights that it is about; `step` is the step size for the loss ½‖e‖². */
export type Problem = CheckData & { layers: TrainedLayer[]; file: Json; step: { lower: number; upper: number } };

/** G̃ = X̃X̃ᵀ with the rows (s₁x_i if W1 is trained, 1 if b1 is). */
export function gramOfData({ n, d, x, layers: [{ scale, trainsWeight, trainsBias }] }: Problem): Ball {
  return plus(trainsWeight ? scale * scale : 0, gram(rows(n, d, x)), zero(n), Number(trainsBias));
}

/** Rejects unless λ_min ≥ bound (sign 1) or λ_max ≤ bound (sign −1) is proved; says what can be. */
export function boundEigenvalue(a: Ball, bound: number, sign: 1 | -1, hypothesis: string, name: string): void {
  if (definite(a, bound, sign)) return;
  let [good, bad] = [-2 * sign * a.n * largest(a.mid), 2 * sign * a.n * largest(a.mid)];
  for (let step = 0; step < 24; step++) {
    const middle = (good + bad) / 2;
    if (definite(a, middle, sign)) good = middle;
    else bad = middle;
  }
  const relation = sign > 0 ? "≥" : "≤";
  const provable = definite(a, good, sign) ? `only ${relation} ${good}` : "nor any other bound";
  reject(hypothesis, `${name} ${relation} ${bound} is not proved, ${provable}`, sign * (bound - good));
}
