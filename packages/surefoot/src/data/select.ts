import { SurefootError } from "../error.ts";
import { uniform } from "../random/draw.ts";
import { seedWords } from "../random/streams.ts";
import type { Dataset } from "./dataset.ts";
import { checkCount, count, isNumeral, numericLabels, pick, type Samples } from "./samples.ts";
import { STREAMS } from "./streams.ts";

/**
 * Keeps the samples whose label is one of `classes`. Exactly two classes become −1 and +1 in this order, and may be text; three or more
 * must be numbers and stay. "1" and "1.0" are the same numeric class. Throws `data` for a class without samples.
 */
export function selectClasses(samples: Samples, classes: readonly string[]): Dataset {
  const { y, provenance } = samples;
  if (classes.length < 2) throw new SurefootError("argument", "classes: name at least two classes");
  const numeric = y instanceof Float64Array;
  const wanted = classes.map((name) => (numeric && isNumeral(name) ? Number(name) : name));
  const labels: Iterable<string | number> = y;
  const found = Array.from(labels, (label) => wanted.indexOf(label));
  classes.forEach((name, k) => {
    if (wanted.indexOf(wanted[k]) !== k) throw new SurefootError("argument", `classes: ${name} is named twice`);
    if (!found.includes(k)) {
      throw new SurefootError("data", `${provenance.source}: class ${name} has no samples; the labels are ${list(y)}`);
    }
  });
  const indices = found.flatMap((k, i) => (k >= 0 ? [i] : []));
  const names = classes.join(",");
  if (classes.length === 2) {
    const signs = Float64Array.from(indices, (i) => (found[i] === 0 ? -1 : 1));
    return pick(samples, indices, signs, `classes ${names} → −1,+1`);
  }
  const numbers = numericLabels(samples).y;
  return pick(
    samples,
    indices,
    Float64Array.from(indices, (i) => numbers[i]),
    `classes ${names}`,
  );
}

function list(y: Float64Array | readonly string[]): string {
  const values = [...new Set<string | number>(y)];
  const shown = values.slice(0, 12).join(", ");
  return values.length > 12 ? `${shown}, … (${values.length} in all)` : shown;
}

/**
 * `size` of the samples, every subset equally likely up to the 2⁻⁵³ grain of the keys, in the order of the source: those with the smallest
 * keys, sample i's key being a function of (seed, i) alone. The same choice on every platform; the choice for k is part of that for k + 1.
 */
export function subsample(samples: Samples, size: number, seed: number): Samples {
  const n = samples.x.rows;
  if (!Number.isInteger(size) || size < 2) {
    throw new SurefootError("argument", `samples: ${size} is not a whole number of at least 2`);
  }
  if (size > n) {
    throw new SurefootError(
      "data",
      `${samples.provenance.source}: ${size} samples asked for, but there are only ${n}${
        samples.provenance.steps.length > 0 ? ` after ${samples.provenance.steps.join(", ")}` : ""
      }; ask for at most ${n}`,
    );
  }
  const key = keys(n, seed, STREAMS.subsample);
  const order = Array.from({ length: n }, (_, i) => i).sort((i, j) => key[i] - key[j] || i - j);
  const indices = order.slice(0, size).sort((i, j) => i - j);
  const step = `${count(size, "sample")}, seed ${seed}`;
  const { y } = samples;
  if (y instanceof Float64Array) {
    return pick(
      samples,
      indices,
      Float64Array.from(indices, (i) => y[i]),
      step,
    );
  }
  return { ...pick(samples, indices, new Float64Array(size), step), y: indices.map((i) => y[i]) };
}

/** The same inputs with random labels: `shuffle` permutes the labels, `sign` draws ±1 (Zhang et al. 2017, fitting random labels). */
export function randomizeLabels(dataset: Dataset, kind: "shuffle" | "sign", seed: number): Dataset {
  const { x, y, provenance } = dataset;
  checkCount(x.rows, provenance.source);
  const key = keys(x.rows, seed, STREAMS.randomLabels);
  const order = Array.from(key, (_, i) => i).sort((i, j) => key[i] - key[j] || i - j);
  const labels = kind === "sign" ? key.map((u) => (u < 0.5 ? -1 : 1)) : Float64Array.from(order, (i) => y[i]);
  const step = kind === "sign" ? `random labels ±1, seed ${seed}` : `labels shuffled, seed ${seed}`;
  return { x, y: labels, provenance: { ...provenance, steps: [...provenance.steps, step] } };
}

/** n independent uniform numbers in [0, 1), number i a function of (seed, stream, i). */
function keys(n: number, seed: number, stream: number): Float64Array {
  const words = seedWords(seed);
  return Float64Array.from({ length: n }, (_, row) => uniform({ seed: words, stream, row }, 0));
}
