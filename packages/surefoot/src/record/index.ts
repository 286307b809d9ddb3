export { type Checkpoint, loadCheckpoint, saveCheckpoint } from "./checkpoint.ts";
export { type KernelFile, type KernelFileShape, kernelFileTimes, openKernelFile } from "./kernel-file.ts";
export { type ArrayToWrite, formatNpy, formatNpz } from "./npy-write.ts";
export {
  type ColumnType,
  createRecord,
  formatRecord,
  formatTable,
  type RecordColumns,
  type RecordRow,
  type RunRecord,
  readRecord,
  resumeRecord,
} from "./parquet-record.ts";
export { createRunFolder, openRunFolder, RUN_FILES, type RunFolder } from "./run-folder.ts";
export { formatSafetensors, parseSafetensors, type Tensor, type TensorFile } from "./safetensors.ts";
export { readWeights, weightTensors, writeWeights } from "./weights-file.ts";
export { writeAtomically } from "./write-atomically.ts";
