import type { Matrix } from "@surefoot/linalg";
import type { LazyProblem } from "../dynamics/lazy/problem.ts";
import type { LazyRun } from "../dynamics/lazy/run.ts";
import type { Start, WatchSet } from "../dynamics/lazy/start.ts";
import type { Warrant } from "../warrant.ts";
import type { MatrixBall, VectorBall } from "./evidence.ts";

/**
 * What S2 must know of a two-layer ReLU network with a_r = ±1 whose neurons are drawn again whenever they are needed: the pairs
 * near their kinks one by one, all others through exact counts. Distances are of ζ_ri = √m·z_ri/a_r, as in dynamics/lazy.
 */
export interface NearPairs {
  readonly samples: number;
  /** m. */
  readonly width: number;
  /** m·d. */
  readonly parameters: number;
  readonly outputScale: number;
  readonly gram: MatrixBall;
  /** e = u − y. */
  readonly residual: VectorBall;
  /** C_ij = Σ_r s_ri s_rj over all neurons, exact, for the patterns below. */
  readonly counts: Float64Array;
  /** The near pairs and the patterns of their neurons. */
  readonly watch: Pick<WatchSet, "patterns" | "bytes" | "offsets" | "slots" | "neurons">;
  /** By near pair: |ζ_ri| from below; negative where the arithmetic does not decide its sign. */
  readonly distances: Float64Array;
  /** |ζ_ri| of every other pair of sample i is greater than this, and its sign certain. */
  readonly reach: Float64Array;
  readonly pairsOnKink: number;
  readonly warrant: Warrant;
  readonly how: string;
}

/** A moment of a lazy run, or the start of one that is never made. */
export interface LazyMoment {
  readonly problem: LazyProblem;
  readonly initialOutputs: Float64Array;
  /** Counts and watch set at this moment, and how far the watch set reached at step 0. */
  readonly counts: Float64Array;
  readonly watch: WatchSet;
  readonly initialReach: Float64Array;
  /** What has happened since step 0; absent at the start. */
  readonly since?: Pick<LazyRun["stepper"], "state" | "ledger" | "currentZeta" | "unwatchedDistance">;
}

export function momentOfStart(problem: LazyProblem, start: Start, reach: Float64Array): LazyMoment {
  return {
    problem,
    initialOutputs: start.outputs,
    counts: start.counts,
    watch: start.watch,
    initialReach: reach,
  };
}

export function momentOfRun(run: LazyRun): LazyMoment {
  const { stepper, problem, initialOutputs } = run;
  const { tangent, watch, reach } = stepper;
  return { problem, initialOutputs, counts: tangent.counts, watch, initialReach: reach, since: stepper };
}

/** In floating point: every number as the run computed it. */
export function computedPairs(moment: LazyMoment): NearPairs {
  const { problem, initialOutputs, watch, initialReach, since } = moment;
  const n = problem.x.rows;
  const distances = new Float64Array(watch.slots.length);
  for (let i = 0; i < n; i++) {
    const first = watch.offsets[i];
    const zeta = since ? since.currentZeta(i) : watch.zeta.subarray(first, watch.offsets[i + 1]);
    for (let k = 0; k < zeta.length; k++) distances[first + k] = Math.abs(zeta[k]);
  }
  const gram: Matrix = { rows: n, cols: n, data: problem.gram };
  return {
    ...commonTo(moment),
    gram: { mid: gram, radius: 0 },
    residual: {
      mid: since ? since.state.residual.slice() : initialOutputs.map((u, i) => u - problem.y[i]),
      radius: 0,
    },
    distances,
    reach: everyPairWatched(moment) ? initialReach.map(() => Number.POSITIVE_INFINITY) : settledBeyond(),
    pairsOnKink: pairsOnKink(moment, distances),
    warrant: "computed",
    how: "computed in floating point; neurons far from their kinks as exact counts",
  };

  function settledBeyond(): Float64Array {
    return since ? since.unwatchedDistance() : initialReach;
  }
}

export function commonTo({ problem, counts, watch }: LazyMoment) {
  const { width } = problem.source;
  return {
    samples: problem.x.rows,
    width,
    parameters: width * problem.x.cols,
    outputScale: 1 / Math.sqrt(width),
    counts,
    watch,
  };
}

export function everyPairWatched({ problem, watch }: LazyMoment): boolean {
  return watch.slots.length === problem.x.rows * problem.source.width;
}

/** |z| below 10⁻⁹ of ‖x_i‖, the size of a typical |z_ri|. */
export function pairsOnKink({ problem, watch }: LazyMoment, distances: Float64Array): number {
  const rootWidth = Math.sqrt(problem.source.width);
  let count = 0;
  for (let i = 0; i < problem.x.rows; i++) {
    const limit = 1e-9 * rootWidth * problem.norms[i];
    for (let k = watch.offsets[i]; k < watch.offsets[i + 1]; k++) if (distances[k] <= limit) count++;
  }
  return count;
}
