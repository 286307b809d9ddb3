export { csvSamples } from "./csv.ts";
export type { Dataset, Provenance } from "./dataset.ts";
export { MAX_FILE_BYTES, type ReadBytes, readFromDisk } from "./file-system.ts";
export { generate } from "./generate.ts";
export {
  formatGenerator,
  GENERATOR_KINDS,
  type GeneratorInput,
  type GeneratorSpec,
  generatorSpec,
  parseGenerator,
} from "./generator-spec.ts";
export { datasetHash } from "./hash.ts";
export { idxSamples } from "./idx.ts";
export { loadDataset, prepare } from "./load.ts";
export { appendConstant, normalize } from "./normalize.ts";
export { type NpyArray, parseNpy } from "./npy.ts";
export { npyPairSamples, npzSamples } from "./numpy.ts";
export {
  type DataOptions,
  type DataOptionsInput,
  dataOptions,
  NORMALIZATIONS,
  type Normalization,
  parseDataOptions,
} from "./options.ts";
export { parquetSamples } from "./parquet.ts";
export { datasetFrom, MAX_ENTRIES, type Samples, samplesFrom } from "./samples.ts";
export { randomizeLabels, selectClasses, subsample } from "./select.ts";
