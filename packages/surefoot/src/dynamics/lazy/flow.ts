import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import type { Dataset } from "../../data/dataset.ts";
import { type NeuronMotion, neuronMotion, OFF, ON, rowTimes, SLIDING, velocity } from "./flow-neuron.ts";
import { firstRoot, sumOfDecay } from "./flow-root.ts";
import { breathe, type Long } from "./long-work.ts";
import type { NeuronSource } from "./neuron-source.ts";
import { type LazyProblem, lazyProblem } from "./problem.ts";

/** Why the flow stopped. */
export type FlowOutcome =
  | { readonly status: "ok" }
  /** At this kink the differential inclusion has several solutions: one slope leads away from it, the other away or nowhere. */
  | { readonly status: "not-unique"; readonly time: number; readonly neuron: number; readonly sample: number }
  /** Samples that slide together are linearly dependent, or the pair rests on its kink with either slope: not followed. */
  | { readonly status: "degenerate"; readonly time: number; readonly neuron: number; readonly sample: number }
  | { readonly status: "no-convergence"; readonly time: number };

/** The flow from the source's weights; a step size has no part in it. Throws as `createLazyRun` does for unusable inputs. */
export async function createGradientFlow(
  dataset: Dataset,
  source: NeuronSource,
  backend: Backend,
): Promise<GradientFlow> {
  return GradientFlow.create(await lazyProblem(dataset, source, 1, backend));
}

/** What a flow remembers; arrays are current. */
export interface FlowState {
  time: number;
  /** e = u − y. */
  residual: Float64Array;
  /** Changes of state of a pair: crossings, and beginnings and ends of sliding. */
  events: number;
  /** c_rj, m × n: w_r(t) = w_r(0) − (a_r/√m) Σ_j c_rj x_j. */
  readonly coefficients: Matrix;
  /** m × n: 0 off, 1 on, 2 sliding along z = 0. */
  readonly states: Uint8Array;
  /** ζ_ri = √m z_ri/a_r, m × n. */
  readonly zeta: Matrix;
}

/** Velocities and shares this small, relative to their neighbours, have a sign that rounding decides. */
const SETTLED = 1e-12;

/** ζ this close to 0, relative to its largest value, counts as having arrived. */
const ARRIVED = 1e-14;

/**
 * Gradient flow dW/dt = −∇(½‖u − y‖²) as a differential inclusion in Filippov's sense (theory/06), for networks small enough that all
 * n·m pairs can be watched: between two events it is linear, e(t) = e^{−H̃t}e₀ in an eigenbasis of H̃, and every event time is a first
 * root that is never stepped over. Cost per event: an eigendecomposition, n²·m for the search.
 */
export class GradientFlow {
  readonly problem: LazyProblem;
  readonly state: FlowState;
  readonly #gram: Matrix;
  readonly #outputs: Float64Array;
  readonly #initial: Matrix;
  readonly #motions: (NeuronMotion | undefined)[];

  private constructor(problem: LazyProblem, outputs: Float64Array, initial: Matrix, state: FlowState) {
    const n = problem.x.rows;
    this.problem = problem;
    this.state = state;
    this.#gram = matrix(n, n, problem.gram);
    this.#outputs = outputs;
    this.#initial = initial;
    this.#motions = new Array(outputs.length);
  }

  static async create(problem: LazyProblem): Promise<GradientFlow> {
    const { x, y, source, backend } = problem;
    const n = x.rows;
    const m = source.width;
    const { w, a } = await source.block(0, m);
    const z = await backend.gemm(w, x, { transposeB: true });
    const residual = y.map((label) => -label);
    const states = new Uint8Array(m * n);
    const zeta = matrix(m, n);
    for (let r = 0; r < m; r++) {
      for (let i = 0; i < n; i++) {
        const value = z.data[r * n + i];
        states[r * n + i] = value >= 0 ? ON : OFF;
        zeta.data[r * n + i] = (value * Math.sqrt(m)) / a[r];
        if (value > 0) residual[i] += (a[r] * value) / Math.sqrt(m);
      }
    }
    const initial = matrix(m, n, zeta.data.slice());
    const state = { time: 0, residual, events: 0, coefficients: matrix(m, n), states, zeta };
    return new GradientFlow(problem, a, initial, state);
  }

  get loss(): number {
    return 0.5 * this.state.residual.reduce((sum, value) => sum + value * value, 0);
  }

  /** Follows the flow up to `time`. Aborting throws the signal's reason at an event; the state stays valid. */
  async advance(time: number, long: Long = {}): Promise<FlowOutcome> {
    const { state } = this;
    const from = state.time;
    if (state.events === 0 && from === 0) {
      const stuck = await this.#settleTies();
      if (stuck) return stuck;
    }
    while (state.time < time) {
      await breathe(long, "steps", state.time - from, time - from);
      const kernel = await this.#kernel();
      if (!kernel) return { status: "no-convergence", time: state.time };
      const next = this.#nextEvent(kernel, time - state.time);
      this.#move(kernel, next?.after ?? time - state.time);
      if (!next) {
        state.time = time;
        break;
      }
      const stuck = await this.#change(next.neuron, next.sample, "arrives");
      if (stuck) return stuck;
    }
    return { status: "ok" };
  }

  /** Pairs that start on their kink. */
  async #settleTies(): Promise<FlowOutcome | undefined> {
    const n = this.problem.x.rows;
    for (let k = 0; k < this.state.zeta.data.length; k++) {
      if (this.state.zeta.data[k] !== 0 || this.#gram.data[(k % n) * n + (k % n)] === 0) continue;
      const stuck = await this.#change(Math.floor(k / n), k % n, "starts");
      if (stuck) return stuck;
    }
    return undefined;
  }

  /** Eigenvalues and eigenvectors of H̃ = Σ_r (a_r²/m)·(rows of the response of pairs that are on). */
  async #kernel(): Promise<{ rates: Float64Array; vectors: Matrix; initial: Float64Array } | undefined> {
    const { backend } = this.problem;
    const { states, residual } = this.state;
    const n = residual.length;
    const m = this.#outputs.length;
    const h = matrix(n, n);
    for (let r = 0; r < m; r++) {
      this.#motions[r] ??= await neuronMotion(this.#gram, states.subarray(r * n, (r + 1) * n), backend);
      const { response } = this.#motions[r]!;
      const weight = (this.#outputs[r] * this.#outputs[r]) / m;
      for (let i = 0; i < n; i++) {
        if (states[r * n + i] !== ON) continue;
        for (let j = 0; j < n; j++) h.data[i * n + j] += weight * response.data[i * n + j];
      }
    }
    const found = await backend.eigenvalues(h, { vectors: true });
    if (found.status !== "ok" || !found.vectors) return undefined;
    const vectors = found.vectors;
    const floor = n * Number.EPSILON * Math.max(...found.values.map(Math.abs));
    return {
      // H̃ is positive semidefinite: what rounding leaves below 0, or within it of 0, does not move.
      rates: found.values.map((value) => (value <= floor ? 0 : value)),
      vectors,
      initial: Float64Array.from({ length: n }, (_, q) => rowTimes(vectors, q, residual)),
    };
  }

  #nextEvent(
    { rates, vectors, initial }: { rates: Float64Array; vectors: Matrix; initial: Float64Array },
    horizon: number,
  ): { after: number; neuron: number; sample: number } | undefined {
    const { states, zeta, residual } = this.state;
    const n = rates.length;
    let best: { after: number; neuron: number; sample: number } | undefined;
    const along = (row: (j: number) => number) =>
      Float64Array.from({ length: n }, (_, q) => {
        let sum = 0;
        for (let j = 0; j < n; j++) sum += row(j) * vectors.data[q * n + j];
        return sum * initial[q];
      });
    const resolution = ARRIVED * this.#initial.data.reduce((most, value) => Math.max(most, Math.abs(value)), 1e-300);
    for (let k = 0; k < zeta.data.length; k++) {
      const [neuron, sample] = [Math.floor(k / n), k % n];
      const { response, coefficient } = this.#motions[neuron]!;
      const limit = best?.after ?? horizon;
      const candidates: (number | undefined)[] = [];
      if (states[k] === SLIDING) {
        // The share θ = μ/e of the slope must stay within [0, 1]: μ and μ − e keep their signs while e keeps its own.
        for (const shift of [0, 1]) {
          const value = rowTimes(coefficient, sample, residual) - shift * residual[sample];
          // At the beginning or end of sliding the sign of `value` is rounding: there it is the one that keeps the share within [0, 1].
          const inside = residual[sample] > 0 === (shift === 0);
          const side = (Math.abs(value) <= SETTLED * Math.abs(residual[sample]) ? inside : value > 0) ? 1 : -1;
          const weights = along((j) => coefficient.data[sample * n + j] - (shift === 1 && j === sample ? 1 : 0));
          for (let q = 0; q < n; q++) weights[q] *= rates[q];
          candidates.push(
            firstRoot({ constant: value, weights }, rates, side, limit, 1e-14 * Math.abs(residual[sample])),
          );
        }
      } else {
        const on = states[k] === ON;
        const side = this.#outputs[neuron] > 0 === on ? 1 : -1;
        const weights = along((j) => response.data[sample * n + j]);
        candidates.push(firstRoot({ constant: zeta.data[k], weights }, rates, side, limit, resolution));
      }
      for (const after of candidates) {
        if (after !== undefined && (!best || after < best.after)) best = { after, neuron, sample };
      }
    }
    return best;
  }

  #move(
    { rates, vectors, initial }: { rates: Float64Array; vectors: Matrix; initial: Float64Array },
    duration: number,
  ): void {
    const { state } = this;
    const n = rates.length;
    const sums = new Float64Array(n);
    const residual = new Float64Array(n);
    for (let q = 0; q < n; q++) {
      const sum = initial[q] * sumOfDecay(rates[q], duration);
      const now = initial[q] * Math.exp(-rates[q] * duration);
      for (let j = 0; j < n; j++) {
        sums[j] += sum * vectors.data[q * n + j];
        residual[j] += now * vectors.data[q * n + j];
      }
    }
    for (let r = 0; r < this.#outputs.length; r++) {
      const { coefficient } = this.#motions[r]!;
      const c = state.coefficients.data.subarray(r * n, (r + 1) * n);
      for (let j = 0; j < n; j++) {
        if (state.states[r * n + j] !== OFF) c[j] += rowTimes(coefficient, j, sums);
      }
      for (let i = 0; i < n; i++) {
        const k = r * n + i;
        state.zeta.data[k] = state.states[k] === SLIDING ? 0 : this.#initial.data[k] - rowTimes(this.#gram, i, c);
      }
    }
    state.residual = residual;
    state.time += duration;
  }

  /** The pair has reached its kink, or its sliding has come to an end: what it does next (theory/06). */
  async #change(neuron: number, sample: number, how: "starts" | "arrives"): Promise<FlowOutcome | undefined> {
    const { state } = this;
    const { backend } = this.problem;
    const n = state.residual.length;
    const k = neuron * n + sample;
    const own = state.states.subarray(neuron * n, (neuron + 1) * n);
    const place = { time: state.time, neuron, sample };
    const off = await velocity(this.#gram, own, sample, OFF, state.residual, backend);
    const on = await velocity(this.#gram, own, sample, ON, state.residual, backend);
    if (off === undefined || on === undefined) return { status: "degenerate", ...place };
    // Velocities of z: those of ζ with the sign of a.
    const sign = Math.sign(this.#outputs[neuron]);
    const [v0, v1] = [sign * off, sign * on];
    const was = state.states[k];
    const scale = SETTLED * (Math.abs(v0) + Math.abs(v1));
    // A pair that arrives from below moves up, one from above moves down, whatever rounding makes of a velocity near 0.
    const up = v0 > scale || (how === "arrives" && was === OFF && v0 > -scale);
    const down = v1 < -scale || (how === "arrives" && was === ON && v1 < scale);
    let now: number;
    if (was === SLIDING) now = Math.abs(v0) < Math.abs(v1) ? OFF : ON;
    else if (up) now = down ? SLIDING : ON;
    else if (down) now = OFF;
    else if (v0 < -scale || v1 > scale) return { status: "not-unique", ...place };
    else return { status: "degenerate", ...place };
    state.states[k] = now;
    state.zeta.data[k] = 0;
    const motion = await neuronMotion(this.#gram, own, backend);
    if (!motion) return { status: "degenerate", ...place };
    this.#motions[neuron] = motion;
    state.events += 1;
    return undefined;
  }
}
