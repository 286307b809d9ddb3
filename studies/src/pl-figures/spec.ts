import type { Claim, Form } from "../study.ts";

/** The four initialisations of the source. */
export const INITIALISATIONS = ["positive", "lecun", "absolute-lecun", "boxed-lecun"] as const;
export type Initialisation = (typeof INITIALISATIONS)[number];

/** The setting of one form. */
export interface Setting {
  readonly n: number;
  readonly d: number;
  readonly slope: number;
  /** Hidden widths of figures 1 and 2 (and beyond). */
  readonly widths: readonly number[];
  readonly seeds: readonly number[];
  readonly steps: number;
  /** Output scale of the positive initialisation in figures 1 and 2. */
  readonly scale: number;
  /** Entries of the positive box lie in [box, 2·box]/√(fan-in). */
  readonly box: number;
  /** Output scales of figure 3. */
  readonly scales: readonly number[];
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: {
    n: 20,
    d: 50,
    slope: 0.3,
    widths: [5, 50],
    seeds: [0, 1],
    steps: 3000,
    scale: 10,
    box: 1,
    scales: [0.1, 1, 10, 100],
  },
  full: {
    n: 20,
    d: 50,
    slope: 0.3,
    widths: [5, 50, 500],
    seeds: [0, 1, 2, 3, 4],
    steps: 6000,
    scale: 10,
    box: 1,
    scales: [0.1, 0.3, 1, 3, 10, 30, 100, 1000, 10_000],
  },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "pl-positive",
    source: "figures 1 and 2",
    says: "(i) positive initialisation shows a clean linear rate at every width",
  },
  {
    id: "pl-lecun",
    source: "figures 1 and 2",
    says: "(ii) LeCun initialisation does not reliably reach zero at small width and improves with the width",
  },
  {
    id: "pl-boxed",
    source: "figures 1 and 2",
    says: "(iv) LeCun conditioned on the positive box behaves much like (i)",
  },
  {
    id: "pl-scale",
    source: "figure 3",
    says: "a larger output scale A is faster until the step size limits it: ever faster per unit of flow time, not per step at η = 1/λ_max",
  },
];

/** Least R² of the log-loss for "clean"; a run has reached zero when its loss is this share of its start. */
export const EXPECTED = { linearity: 0.98, zero: 1e-6 };
