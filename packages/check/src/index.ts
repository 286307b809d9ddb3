export { type CheckData, type CheckVerdict, type CheckWeights, check } from "./check.ts";
export { readSafetensors } from "./safetensors.ts";
