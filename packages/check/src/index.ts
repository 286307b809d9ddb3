export { type CheckVerdict, check } from "./check.ts";
export type { CheckData } from "./network.ts";
export { type CheckWeights, readSafetensors } from "./reading.ts";
