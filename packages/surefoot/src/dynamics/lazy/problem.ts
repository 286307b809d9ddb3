import type { Backend, Matrix } from "@surefoot/linalg";
import type { Dataset } from "../../data/dataset.ts";
import { SurefootError } from "../../error.ts";
import { digest, type NeuronSource } from "./neuron-source.ts";

/** Everything that decides the iterates: gradient descent on ½‖u(W) − y‖² over W from the source's weights, with one step size. */
export interface LazyProblem {
  readonly x: Matrix;
  readonly y: Float64Array;
  /** X Xᵀ, n × n, row-major. */
  readonly gram: Float64Array;
  /** ‖x_i‖. */
  readonly norms: Float64Array;
  readonly source: NeuronSource;
  readonly stepSize: number;
  readonly backend: Backend;
  /** Says whether a checkpoint belongs to this problem. */
  readonly fingerprint: string;
}

/** What a problem is made from, beside its neurons. */
export interface LazyProblemOptions {
  readonly dataset: Dataset;
  /** η of w ← w − η∇(½‖u − y‖²). */
  readonly stepSize: number;
  readonly backend: Backend;
}

/** Throws `data`, `weights` or `argument` for inputs that no run can start from. */
export async function lazyProblem(
  dataset: Dataset,
  source: NeuronSource,
  stepSize: number,
  backend: Backend,
): Promise<LazyProblem> {
  const { x, y } = dataset;
  if (x.rows < 1 || y.length !== x.rows) {
    throw new SurefootError(
      "data",
      `${x.rows} samples and ${y.length} labels: one label per sample, at least one sample`,
    );
  }
  for (let i = 0; i < x.rows; i++) {
    const row = x.data.subarray(i * x.cols, (i + 1) * x.cols);
    if (!row.every(Number.isFinite) || !Number.isFinite(y[i])) {
      throw new SurefootError("data", `sample ${i} (row ${dataset.provenance.sourceRows[i] ?? i}) is not finite`);
    }
  }
  if (source.inputs !== x.cols) {
    throw new SurefootError("weights", `neurons with ${source.inputs} inputs do not fit samples of ${x.cols} features`);
  }
  if (!(stepSize > 0) || !Number.isFinite(stepSize)) {
    throw new SurefootError("argument", `stepSize must be a positive number, not ${stepSize}`);
  }
  const gram = (await backend.syrk(x)).data;
  const norms = Float64Array.from({ length: x.rows }, (_, i) => Math.sqrt(gram[i * x.rows + i]));
  const fingerprint = `x=${digest(x.data)};y=${digest(y)};eta=${stepSize};${source.fingerprint}`;
  return { x, y, gram, norms, source, stepSize, backend, fingerprint };
}
