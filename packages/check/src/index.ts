export { type CheckVerdict, type CheckWeights, check } from "./check.ts";
export type { CheckData } from "./problem.ts";
export { readSafetensors } from "./safetensors.ts";
