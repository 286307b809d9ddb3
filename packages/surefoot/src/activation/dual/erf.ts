import { type Dual, inBulk } from "./dual.ts";

/** σ = erf (Williams 1997); an odd function. */
export const erfDual: Dual = inBulk("erf", "erf", "erf-slope", () => 0);
