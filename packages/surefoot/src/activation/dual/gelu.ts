import { type Dual, inBulk } from "./dual.ts";

/** σ(x) = xΦ(x); E[σ(u)] = E[aφ(u)] by Stein's identity. */
export const geluDual: Dual = inBulk("gelu", "gelu", "gelu-slope", (a) => a / Math.sqrt(2 * Math.PI * (1 + a)));
