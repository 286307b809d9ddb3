export { type CertifyMode, type CertifyOptions, certify } from "./certify.ts";
export { certifyLazyRun, type LazyCertificate, type LazyCertifyOptions } from "./certify-lazy.ts";
export { certifyLazyStart, type LazyStartCertificate, type LazyStartOptions } from "./certify-lazy-start.ts";
export { type Impossibility, impossibility } from "./impossible.ts";
export type { Obstacle } from "./obstacle.ts";
export type { CertifyOutcome, Hypothesis, TheoremName, TheoremOutcome, Verdict } from "./outcome.ts";
