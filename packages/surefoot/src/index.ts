export * from "./certify/index.ts";
export * from "./data/index.ts";
export * from "./dynamics/lazy/index.ts";
export { SurefootError, type SurefootErrorCode } from "./error.ts";
export * from "./record/index.ts";
