import type { Claim, Form } from "../study.ts";

/** Laws of the initial weights. */
export const LAWS = ["gaussian, ±1", "gaussian, uniform", "sphere, ±1", "sphere, uniform", "matched, ±1"] as const;
export type Law = (typeof LAWS)[number];

/** The setting of one form. */
export interface Setting {
  readonly width: number;
  readonly steps: number;
  readonly seeds: readonly number[];
  readonly digits: number;
  readonly sphere: { readonly n: number; readonly d: number };
}

export const SETTINGS: Readonly<Record<Form, Setting>> = {
  quick: { width: 2000, steps: 100, seeds: [0, 1], digits: 20, sphere: { n: 10, d: 100 } },
  full: { width: 4000, steps: 300, seeds: [0, 1, 2, 3, 4], digits: 30, sphere: { n: 10, d: 100 } },
};

export const CLAIMS: readonly Claim[] = [
  {
    id: "init-law-direction",
    source: "review of Du et al. 2018, § 3: H depends on the direction of w only",
    says: "w uniform on the sphere gives the same H(0) as Gaussian w, up to its fluctuation",
  },
  {
    id: "init-law-spread",
    source: "review of Du et al. 2018, § 3: Gaussian w spreads w·x, so that few patterns flip",
    says: "more patterns flip from the unit sphere than from Gaussian weights",
  },
  {
    id: "init-law-output",
    source: "review of Du et al. 2018, § 3: a_r = ±1 keeps a out of H",
    says: "with a uniform on [−1, 1] the kernel at initialisation is near H^∞/3 (E a² = 1/3): λ_min falls to about a third",
  },
  {
    id: "init-law-matched",
    source: "review of Du et al. 2018, § 4 (Xie et al.: w matched to the data)",
    says: "w with the covariance of the data raises λ_min of H(0) on real data",
  },
];

/** How far a ratio that should be 1 or 1/3 may be off, relatively. */
export const EXPECTED = { tolerance: 0.15 };
