import { SurefootError } from "../error.ts";
import { csvSamples } from "./csv.ts";
import type { Dataset } from "./dataset.ts";
import { type ReadBytes, readFromDisk } from "./file-system.ts";
import { generate } from "./generate.ts";
import { GENERATOR_KINDS, isGeneratorText, parseGenerator } from "./generator-spec.ts";
import { idxSamples } from "./idx.ts";
import { appendConstant, normalize } from "./normalize.ts";
import { npyPairSamples, npzSamples } from "./numpy.ts";
import { type DataOptions, type DataOptionsInput, parseDataOptions } from "./options.ts";
import { parquetSamples } from "./parquet.ts";
import { baseName, numericLabels, type Samples } from "./samples.ts";
import { randomizeLabels, selectClasses, subsample } from "./select.ts";

interface Loader {
  readonly matches: RegExp;
  readonly files: "one" | "inputs-and-labels";
  readonly takesLabelColumn: boolean;
  readonly load: (files: readonly NamedBytes[], options: DataOptions) => Promise<Samples> | Samples;
}

interface NamedBytes {
  readonly path: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** One line per format, by the name of the file. */
const LOADERS: readonly Loader[] = [
  { matches: /\.npz$/i, files: "one", takesLabelColumn: false, load: ([{ bytes, path }]) => npzSamples(bytes, path) },
  { matches: /\.npy$/i, files: "inputs-and-labels", takesLabelColumn: false, load: ([x, y]) => npyPairSamples(x, y) },
  {
    matches: /\.csv$/i,
    files: "one",
    takesLabelColumn: true,
    load: ([{ bytes, path }], { label }) => csvSamples(bytes, path, label),
  },
  {
    matches: /\.parquet$/i,
    files: "one",
    takesLabelColumn: true,
    load: ([{ bytes, path }], { label }) => parquetSamples(bytes, path, label),
  },
  {
    matches: /[-.]idx\d-ubyte(\.gz)?$/i,
    files: "inputs-and-labels",
    takesLabelColumn: false,
    load: ([x, y]) => idxSamples(x, y),
  },
];

const SOURCES =
  '"data.npz", "x.npy,y.npy", "data.csv", "data.parquet", "images-idx3-ubyte,labels-idx1-ubyte", or a generator such as "sphere:n=10,d=20"';

/**
 * Data from a file or a generator, ready for a network: loaded, then selected, subsampled, relabelled and normalised as the options say.
 *
 * @param source ".npz" with arrays x and y · "x.npy,y.npy" · ".csv" · ".parquet" · "images-idx3-ubyte,labels-idx1-ubyte" (optionally .gz) ·
 *   a generator, "sphere:n=10,d=20,seed=0,labels=sign" (generator-spec.ts). `.npy` and IDX inputs alone need `options.labels`.
 * @param read where bytes come from: the disk, or in a browser the files that the user chose
 * @throws SurefootError `file`, `data` or `argument`, naming the file, the row and column, and what to do
 */
export async function loadDataset(
  source: string,
  options: DataOptionsInput = {},
  read: ReadBytes = readFromDisk,
): Promise<Dataset> {
  const resolved = parseDataOptions(options);
  return prepare(await loadSamples(source, resolved, read), resolved);
}

/** The steps of the options on samples in memory, in the order classes, samples, randomLabels, normalize, mu. */
export function prepare(samples: Samples, options: DataOptionsInput): Dataset {
  const { classes, samples: size, seed, randomLabels, normalize: how, mu } = parseDataOptions(options);
  const selected = classes === undefined ? numericLabels(samples) : selectClasses(samples, classes);
  const chosen = size === undefined ? selected : numericLabels(subsample(selected, size, seed));
  const labelled = randomLabels === undefined ? chosen : randomizeLabels(chosen, randomLabels.kind, randomLabels.seed);
  const normalized = normalize(labelled, how);
  return mu === undefined ? normalized : appendConstant(normalized, mu);
}

async function loadSamples(source: string, options: DataOptions, read: ReadBytes): Promise<Samples> {
  const paths = split(source);
  const loader = LOADERS.find(({ matches }) => paths.every((path) => matches.test(path)));
  if (loader === undefined) {
    if (isGeneratorText(source)) {
      refuse(options, ["label", "labels"], "a generator");
      return generate(parseGenerator(source));
    }
    throw new SurefootError(
      "argument",
      `${source}: cannot tell what this is from its name; a source is ${SOURCES} (generators: ${GENERATOR_KINDS.join(", ")})`,
    );
  }
  if (!loader.takesLabelColumn) refuse(options, ["label"], baseName(source));
  const files = loader.files === "one" ? one(paths, options) : pair(paths, options);
  const named = await Promise.all(files.map(async (path) => ({ path, bytes: await read(path) })));
  return loader.load(named, options);
}

/** The paths of a source: two when both halves around one of its commas are files of a known kind, else one. */
function split(source: string): string[] {
  for (let comma = source.indexOf(","); comma >= 0; comma = source.indexOf(",", comma + 1)) {
    const halves = [source.slice(0, comma).trim(), source.slice(comma + 1).trim()];
    if (halves.every((half) => LOADERS.some(({ matches }) => matches.test(half)))) return halves;
  }
  return [source];
}

function one(paths: readonly string[], options: DataOptions): readonly string[] {
  if (paths.length > 1) {
    throw new SurefootError("argument", `${paths.join(",")}: name one file; it holds the inputs and the labels`);
  }
  refuse(options, ["labels"], baseName(paths[0]));
  return paths;
}

function pair(paths: readonly string[], options: DataOptions): readonly string[] {
  if (paths.length === 2) {
    refuse(options, ["labels"], paths.join(","));
    return paths;
  }
  if (options.labels !== undefined) return [paths[0], options.labels];
  throw new SurefootError(
    "argument",
    `${paths[0]}: the labels are missing; write "${paths[0]},LABELS" or give --labels FILE`,
  );
}

const MEANING = {
  label: "names a column of a CSV or Parquet file",
  labels: "names the file of labels of .npy or IDX inputs",
};

function refuse(options: DataOptions, names: readonly ("label" | "labels")[], source: string): void {
  for (const name of names) {
    if (options[name] !== undefined) {
      throw new SurefootError(
        "argument",
        `--${name} ${options[name]} ${MEANING[name]} and does not apply to ${source}; leave it out`,
      );
    }
  }
}
