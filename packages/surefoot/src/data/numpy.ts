/** Datasets from NumPy files: an `.npz` with arrays `x` and `y`, or two `.npy` files. */
import { type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import { type NpyArray, parseNpy } from "./npy.ts";
import { baseName, type Samples, samplesFrom } from "./samples.ts";
import { openZip } from "./zip.ts";

/** Samples from an archive's arrays `x` (n × d, or n × … flattened to n × d) and `y` (n or n × 1); other arrays are ignored. */
export function npzSamples(bytes: Uint8Array<ArrayBuffer>, path: string): Samples {
  const name = baseName(path);
  const archive = openZip(bytes, name);
  const array = (key: "x" | "y"): NpyArray => {
    const unpack = archive.get(`${key}.npy`);
    if (unpack === undefined) {
      const keys = [...archive.keys()].map((entry) => entry.replace(/\.npy$/, ""));
      throw new SurefootError(
        "data",
        `${name}: no array "${key}"; the file has ${keys.length === 0 ? "no arrays" : keys.join(", ")}; ` +
          `save it with numpy.savez("${name}", x=…, y=…)`,
      );
    }
    return parseNpy(unpack(), `${name}, array ${key}`);
  };
  return samplesFrom(inputs(array("x"), `${name}, array x`), labels(array("y"), `${name}, array y`), name);
}

/** Samples from a file of inputs and a file of labels. */
export function npyPairSamples(
  x: { readonly bytes: Uint8Array<ArrayBuffer>; readonly path: string },
  y: { readonly bytes: Uint8Array<ArrayBuffer>; readonly path: string },
): Samples {
  const [xName, yName] = [baseName(x.path), baseName(y.path)];
  return samplesFrom(
    inputs(parseNpy(x.bytes, xName), xName),
    labels(parseNpy(y.bytes, yName), yName),
    `${xName},${yName}`,
  );
}

function inputs({ shape, data }: NpyArray, where: string): Matrix {
  if (shape.length < 2) {
    throw new SurefootError(
      "data",
      `${where}: shape (${shape.join(", ")}) is not n × d; give one row per sample, e.g. x.reshape(n, d)`,
    );
  }
  return matrix(
    shape[0],
    shape.slice(1).reduce((product, length) => product * length, 1),
    data,
  );
}

function labels({ shape, data }: NpyArray, where: string): Float64Array {
  if (shape.length === 1 || (shape.length === 2 && shape[1] === 1)) return data;
  throw new SurefootError(
    "data",
    `${where}: shape (${shape.join(", ")}) is not n or n × 1; give one number per sample, e.g. y.argmax(axis=1)`,
  );
}
