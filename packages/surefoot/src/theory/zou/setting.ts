import type { Backend, Matrix } from "@surefoot/linalg";
import type { MarginLoss } from "../../dynamics/margin-loss.ts";
import type { ForwardPass, Network, Weights } from "../../network/network.ts";
import type { Separation } from "./separation.ts";

/** What the claims of Zou et al. are about: one network on one data set, and its pass at the initial weights. */
export interface ZouSetting {
  readonly network: Network;
  readonly x: Matrix;
  readonly y: Float64Array;
  readonly backend: Backend;
  readonly weights: Weights;
  /** At `weights`; not to be overwritten. */
  readonly pass: ForwardPass;
  readonly separation: Separation;
  /** L: hidden layers. */
  readonly depth: number;
  /** m_1 … m_L. */
  readonly widths: readonly number[];
  /** M and m of the paper. */
  readonly widest: number;
  readonly narrowest: number;
  readonly delta: number;
  /** The losses that are looked at: the run's own, or all that have a name. */
  readonly losses: readonly MarginLoss[];
  /** Says what is being done, gives signals their turn and throws where the work was interrupted: call it between pieces of work. */
  readonly pace: Pace;
}

/** See `ZouSetting.pace`. */
export type Pace = (line: string) => Promise<void>;

/** Multiply-adds that the claims about one family of products may take; beyond it only the first samples are looked at. */
const BUDGET = 8e10;

/** How many samples the budget allows for work of so many multiply-adds each; at least one. */
export function affordable(n: number, each: number): number {
  return Math.max(1, Math.min(n, Math.floor(BUDGET / each)));
}

/** "first 3 of 100 samples", or nothing where all were looked at. */
export function ofSamples(looked: number, n: number): string {
  return looked === n ? "" : `; the first ${looked} of ${n} samples`;
}

/** The pairs 1 ≤ l1 < l2 ≤ L. */
export function layerPairs(depth: number): readonly (readonly [number, number])[] {
  return Array.from({ length: depth }, (_, k) => k + 1).flatMap((l2) =>
    Array.from({ length: l2 - 1 }, (_, k) => [k + 1, l2] as const),
  );
}

/** Multiply-adds of all products W_{l2} ⋯ W_{l1}, l1 < l2, on one vector each. */
export function allChainsWork(s: ZouSetting): number {
  return layerPairs(s.depth).reduce((sum, [l1, l2]) => sum + chainWork(s, l1, l2), 0);
}

/** Multiply-adds of W_{l2} ⋯ W_{l1} on one vector. */
export function chainWork({ network }: ZouSetting, l1: number, l2: number): number {
  return network.layers.slice(l1 - 1, l2).reduce((sum, layer) => sum + layer.rows * layer.cols, 0);
}
