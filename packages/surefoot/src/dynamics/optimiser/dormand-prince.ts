import type { Weights } from "../../network/network.ts";

/** dθ/dt at a point, by trained tensor. */
export type Velocity = Weights;

/**
 * The pair of Dormand and Prince (1980), orders 5 and 4, with the fourth-order continuous extension of Hairer, Nørsett and Wanner
 * (Solving Ordinary Differential Equations I, section II.6). The last stage of one step is the first of the next.
 */
const STAGES: readonly (readonly number[])[] = [
  [1 / 5],
  [3 / 40, 9 / 40],
  [44 / 45, -56 / 15, 32 / 9],
  [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
  [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
  [35 / 384, 0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84],
];
/** Weights of the fourth-order solution. */
const LOWER = [5179 / 57600, 0, 7571 / 16695, 393 / 640, -92097 / 339200, 187 / 2100, 1 / 40];
const EXTENSION = [
  -12715105075 / 11282082432,
  0,
  87487479700 / 32700410799,
  -10690763975 / 1880347072,
  701980252875 / 199316789632,
  -1453857185 / 822651844,
  69997945 / 29380423,
];

/** A step that was tried: both ends and the stages between. */
export interface Attempt {
  readonly start: Weights;
  readonly end: Weights;
  /** The fourth-order solution at the end. */
  readonly lower: Weights;
  readonly stages: readonly Velocity[];
  readonly h: number;
}

/** Six evaluations of `field`, the last of them at the end; `first` is the field at the start. */
export async function attempt(
  start: Weights,
  first: Velocity,
  h: number,
  names: readonly string[],
  field: (at: Weights) => Promise<Velocity>,
): Promise<Attempt> {
  const stages = [first];
  let end = start;
  for (const row of STAGES) {
    end = combined(start, names, h, row, stages);
    stages.push(await field(end));
  }
  return { start, end, lower: combined(start, names, h, LOWER, stages), stages, h };
}

/** θ at the share s ∈ [0, 1] of an accepted step. */
export function between({ start, end, stages, h }: Attempt, names: readonly string[], s: number): Weights {
  const out: Record<string, Weights[string]> = { ...start };
  const r = 1 - s;
  for (const name of names) {
    const [from, to] = [start[name].data, end[name].data];
    const slopes = stages.map((stage) => stage[name].data);
    const data = new Float64Array(from.length);
    for (let i = 0; i < data.length; i++) {
      const whole = to[i] - from[i];
      const bend = h * slopes[0][i] - whole;
      const twist = whole - h * slopes[6][i] - bend;
      let fourth = 0;
      for (let k = 0; k < 7; k++) fourth += EXTENSION[k] * slopes[k][i];
      data[i] = from[i] + s * (whole + r * (bend + s * (twist + r * h * fourth)));
    }
    out[name] = { rows: start[name].rows, cols: start[name].cols, data };
  }
  return out;
}

/** start + h·Σ factor·stage on the trained tensors; the others are shared. */
function combined(
  start: Weights,
  names: readonly string[],
  h: number,
  factors: readonly number[],
  stages: readonly Velocity[],
): Weights {
  const out: Record<string, Weights[string]> = { ...start };
  for (const name of names) {
    const { rows, cols, data } = start[name];
    const moved = data.slice();
    factors.forEach((factor, k) => {
      if (factor === 0) return;
      const velocity = stages[k][name].data;
      for (let i = 0; i < moved.length; i++) moved[i] += h * factor * velocity[i];
    });
    out[name] = { rows, cols, data: moved };
  }
  return out;
}
