export { type CertifyMode, type CertifyOptions, certify } from "./certify.ts";
export { certifyFollowing, type FollowingOptions } from "./certify-following.ts";
export { certifyLazyRun, type LazyCertificate, type LazyCertifyOptions } from "./certify-lazy.ts";
export { certifyLazyStart, type LazyStartCertificate, type LazyStartOptions } from "./certify-lazy-start.ts";
export type { FollowProgress } from "./follow.ts";
export { type Impossibility, impossibility } from "./impossible.ts";
export type { Obstacle } from "./obstacle.ts";
export type { CertifyOutcome, FollowedRun, Hypothesis, TheoremName, TheoremOutcome, Verdict } from "./outcome.ts";
