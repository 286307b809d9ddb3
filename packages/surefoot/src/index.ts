export { SurefootError, type SurefootErrorCode } from "./error.ts";
