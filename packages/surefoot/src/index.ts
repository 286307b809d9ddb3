export * from "./data/index.ts";
export { SurefootError, type SurefootErrorCode } from "./error.ts";
