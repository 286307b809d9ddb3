import { SurefootError } from "../error.ts";
import type { Dataset } from "./dataset.ts";
import type { Normalization } from "./options.ts";

/** The dataset with its inputs normalised as named; "none" returns it as it is. Throws `data` for a zero row under `unit-rows`. */
export function normalize(dataset: Dataset, how: Normalization): Dataset {
  if (how === "none") return dataset;
  const centred = how === "unit-rows" ? dataset : center(dataset);
  return how === "center" ? centred : unitRows(centred);
}

/** x_ij ← x_ij − (1/n) Σ_k x_kj: the columns' means over these samples become 0 up to rounding. Throws `data` on overflow. */
function center(dataset: Dataset): Dataset {
  const { rows, cols, data } = dataset.x;
  const mean = new Float64Array(cols);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) mean[j] += data[i * cols + j];
  for (let j = 0; j < cols; j++) mean[j] /= rows;
  const out = new Float64Array(data.length);
  for (let i = 0; i < rows; i++) for (let j = 0; j < cols; j++) out[i * cols + j] = data[i * cols + j] - mean[j];
  const bad = out.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0) {
    throw new SurefootError(
      "data",
      `${dataset.provenance.source}: column ${bad % cols} (counted from 0) is too large to be centred in float64; scale it down`,
    );
  }
  return withInputs(dataset, out, cols, "center");
}

/** x_i ← x_i/‖x_i‖. */
function unitRows(dataset: Dataset): Dataset {
  const { rows, cols, data } = dataset.x;
  const out = data.slice();
  for (let i = 0; i < rows; i++) {
    const row = out.subarray(i * cols, (i + 1) * cols);
    if (!scaleToUnit(row)) throw zeroRow(dataset, i, "unit-rows");
  }
  return withInputs(dataset, out, cols, "unit-rows");
}

/** x ← (√(1 − μ²)·x/‖x‖, μ), 0 < μ < 1: unit rows in one dimension more (Zou et al. 2019; theory/03). Throws `data` for a zero row. */
export function appendConstant(dataset: Dataset, mu: number): Dataset {
  if (!(mu > 0 && mu < 1)) throw new SurefootError("argument", `mu: ${mu} does not lie strictly between 0 and 1`);
  const { rows, cols, data } = dataset.x;
  const scale = Math.sqrt((1 - mu) * (1 + mu));
  const out = new Float64Array(rows * (cols + 1));
  for (let i = 0; i < rows; i++) {
    const row = data.slice(i * cols, (i + 1) * cols);
    if (!scaleToUnit(row)) throw zeroRow(dataset, i, "the constant coordinate μ");
    out.set(
      row.map((value) => scale * value),
      i * (cols + 1),
    );
    out[i * (cols + 1) + cols] = mu;
  }
  return withInputs(dataset, out, cols + 1, `constant coordinate μ = ${mu}`);
}

/** v ← v/‖v‖ in place; false, and v unchanged, when v = 0. Squares that would leave the range of doubles are avoided by scaling first. */
export function scaleToUnit(v: Float64Array): boolean {
  let square = 0;
  for (const value of v) square += value * value;
  if (!(square > 1e-200 && square < 1e300)) {
    let largest = 0;
    for (const value of v) largest = Math.max(largest, Math.abs(value));
    if (largest === 0) return false;
    square = 0;
    for (let j = 0; j < v.length; j++) {
      v[j] /= largest;
      square += v[j] * v[j];
    }
  }
  const norm = Math.sqrt(square);
  for (let j = 0; j < v.length; j++) v[j] /= norm;
  return true;
}

function zeroRow({ provenance }: Dataset, i: number, step: string): SurefootError {
  const after = provenance.steps.includes("center") ? " after centring" : "";
  return new SurefootError(
    "data",
    `${provenance.source}: sample ${i} (row ${provenance.sourceRows[i]} of the source, counted from 0) is zero${after} and has no ` +
      `direction, so ${step} cannot be applied; remove it or use --normalize none without μ`,
  );
}

function withInputs({ y, provenance }: Dataset, data: Float64Array, cols: number, step: string): Dataset {
  const x = { rows: y.length, cols, data };
  return { x, y, provenance: { ...provenance, steps: [...provenance.steps, step] } };
}
