export { type CertifyMode, type CertifyOptions, certify } from "./certify.ts";
export { type Impossibility, impossibility } from "./impossible.ts";
export type { Obstacle } from "./obstacle.ts";
export type { CertifyOutcome, Hypothesis, TheoremName, TheoremOutcome, Verdict } from "./outcome.ts";
export { certifyLazyRun, type LazyCertificate } from "./s2-lazy.ts";
