import { readFromDisk } from "../data/file-system.ts";
import { type NpyArray, parseNpy } from "../data/npy.ts";
import { baseName } from "../data/samples.ts";
import { openZip } from "../data/zip.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";
import { formatNpz } from "./npy-write.ts";
import { formatSafetensors, parseSafetensors, type Tensor } from "./safetensors.ts";
import { writeAtomically } from "./write-atomically.ts";

/**
 * Writes weights for other programs: `.safetensors` or, for NumPy, `.npz`, in float64 under their names W1, b1, W2, …; a bias, rows × 1 in
 * memory, is written with shape [rows] as frameworks hold it.
 */
export async function writeWeights(path: string, weights: Weights): Promise<void> {
  if (/\.npz$/i.test(path)) return writeAtomically(path, formatNpz(weightTensors(weights)));
  if (/\.safetensors$/i.test(path)) {
    return writeAtomically(path, formatSafetensors({ tensors: weightTensors(weights), metadata: {} }));
  }
  throw unknownKind(path);
}

/**
 * Reads weights from a `.safetensors` or `.npz` file by name, one-dimensional tensors as rows × 1. Whether they fit a network is for
 * the network to say. Throws `file` or `data` naming the file, the tensor and the entry.
 */
export async function readWeights(path: string): Promise<Weights> {
  const name = baseName(path);
  if (/\.npz$/i.test(path)) {
    const arrays = [...openZip(await readFromDisk(path), name)].map(([entry, unpack]): [string, NpyArray] => {
      const where = `${name}, array ${entry}`;
      return [entry.replace(/\.npy$/, ""), finite(parseNpy(unpack(), where), where)];
    });
    return fromTensors(Object.fromEntries(arrays), name);
  }
  if (/\.safetensors$/i.test(path)) return fromTensors(parseSafetensors(await readFromDisk(path), name).tensors, name);
  throw unknownKind(path);
}

function unknownKind(path: string): SurefootError {
  return new SurefootError("argument", `${path}: weights are kept in files named .safetensors or .npz; rename it`);
}

/** Weights as the tensors of a file, under their names W1, b1, W2, …; a bias, rows × 1 in memory, has shape [rows]. */
export function weightTensors(weights: Weights): Record<string, Tensor> {
  const tensors = Object.entries(weights).map(([name, { rows, cols, data }]): [string, Tensor] => [
    name,
    { shape: name.startsWith("b") && cols === 1 ? [rows] : [rows, cols], data },
  ]);
  return Object.fromEntries(tensors);
}

export function fromTensors(tensors: Readonly<Record<string, Tensor>>, file: string): Weights {
  const weights = Object.entries(tensors).map(([name, { shape, data }]) => {
    if (shape.length !== 1 && shape.length !== 2) {
      throw new SurefootError(
        "weights",
        `${file}, tensor ${name}: shape [${shape}]; a weight matrix has two dimensions and a bias one`,
      );
    }
    return [name, { rows: shape[0], cols: shape[1] ?? 1, data }] as const;
  });
  return Object.fromEntries(weights);
}

function finite(array: NpyArray, where: string): NpyArray {
  const bad = array.data.findIndex((value) => !Number.isFinite(value));
  if (bad < 0) return array;
  throw new SurefootError(
    "data",
    `${where}: entry ${bad} (counted from 0) is ${array.data[bad]}; weights must be finite`,
  );
}
