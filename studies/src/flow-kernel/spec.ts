import type { Claim, Form } from "../study.ts";

/** The setting of one form. */
export interface Setting {
  readonly n: number;
  readonly d: number;
  /** Widths of the descent runs (lazy simulator). */
  readonly widths: readonly number[];
  readonly seeds: readonly number[];
  readonly stepSize: number;
  readonly steps: number;
  /** Widths of the gradient flow, which watches all pairs. */
  readonly flowWidths: readonly number[];
  readonly flowTime: number;
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    n: 10,
    d: 10,
    widths: [100, 1000, 10_000, 100_000],
    seeds: [0, 1],
    stepSize: 0.2,
    steps: 100,
    flowWidths: [200],
    flowTime: 10,
  },
  full: {
    n: 10,
    d: 10,
    widths: [100, 1000, 10_000, 100_000, 1_000_000, 10_000_000],
    seeds: [0, 1, 2, 3, 4],
    stepSize: 0.2,
    steps: 200,
    flowWidths: [100, 400, 1600],
    flowTime: 30,
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "flow-kernel-start",
    source: "slides on gradient flow: H(0) → H* as m → ∞",
    says: "‖H(0) − H^∞‖₂ falls like m^(−1/2)",
  },
  {
    id: "flow-kernel-drift",
    source: "slides on gradient flow: H(t) → H(0) as m → ∞",
    says: "‖H(k) − H(0)‖_F after training falls like m^(−1/2)",
  },
  {
    id: "flow-kernel-rate",
    source: "slides on gradient flow: du/dt = −H(u − y)",
    says: "‖u(t) − y‖² ≤ exp(−λ₀t)‖u(0) − y‖² along gradient flow once the width is large",
  },
];

/** Tolerance of the slopes; the smallest width at which the rate is asked for. */
export const EXPECTED = { slope: -0.5, tolerance: 0.08, rateFrom: 200 };
