import { copy, type Matrix } from "@surefoot/linalg";
import { type Network, tensorShapes, type Weights } from "surefoot";

/** Columns that the path meter adds to a run's record. */
export const PATH_COLUMNS = ["pathLength", "ballDistance", "ballAlong"] as const;

/**
 * The way of the trained weights: its length so far, Σ‖θ_{k+1} − θ_k‖; and from the certified step c on the distance ‖θ_k − θ_c‖ with its
 * part along the first step from θ_c, so that the way can be drawn in a half-plane in which distances from θ_c are true.
 */
export class PathMeter {
  readonly #names: readonly string[];
  #previous: Tensors;
  #length = 0;
  #centre: Tensors | undefined;
  #direction: Tensors | undefined;

  constructor(network: Network, weights: Weights) {
    this.#names = tensorShapes(network).flatMap(({ name, trained }) => (trained ? [name] : []));
    this.#previous = this.#copy(weights);
  }

  /** The certificate is about these weights. */
  certified(weights: Weights): void {
    this.#centre = this.#copy(weights);
  }

  /** [length, distance, along] at these weights; NaN before the certificate. */
  measure(weights: Weights): readonly [number, number, number] {
    this.#length += Math.sqrt(squaredDistance(this.#names, weights, this.#previous));
    for (const name of this.#names) this.#previous[name].data.set(weights[name].data);
    if (!this.#centre) return [this.#length, Number.NaN, Number.NaN];
    const distance = Math.sqrt(squaredDistance(this.#names, weights, this.#centre));
    if (distance === 0) return [this.#length, 0, 0];
    if (!this.#direction) {
      this.#direction = this.#copy(weights);
      for (const name of this.#names) {
        const [to, from] = [this.#direction[name].data, this.#centre[name].data];
        for (let i = 0; i < to.length; i++) to[i] = (to[i] - from[i]) / distance;
      }
      return [this.#length, distance, distance];
    }
    let along = 0;
    for (const name of this.#names) {
      const [at, from, unit] = [weights[name].data, this.#centre[name].data, this.#direction[name].data];
      for (let i = 0; i < at.length; i++) along += (at[i] - from[i]) * unit[i];
    }
    return [this.#length, distance, along];
  }

  #copy(weights: Weights): Tensors {
    return Object.fromEntries(this.#names.map((name) => [name, copy(weights[name])]));
  }
}

type Tensors = Record<string, Matrix>;

function squaredDistance(names: readonly string[], a: Weights, b: Weights): number {
  let sum = 0;
  for (const name of names) {
    const [left, right] = [a[name].data, b[name].data];
    for (let i = 0; i < left.length; i++) sum += (left[i] - right[i]) * (left[i] - right[i]);
  }
  return sum;
}
