export { type Dynamics, diesOut, type Mode, modeOf, stepSizeLimit } from "./modes.ts";
export { type EnsembleRequest, type MeanRequest, type Prediction, predictEnsemble, predictMean } from "./predict.ts";
export {
  type Ridge,
  type SpectrumReport,
  spectrumOf,
  type TrainKernel,
  type TrainKernelOutcome,
  trainKernel,
} from "./train-kernel.ts";
