import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import { SurefootError } from "../error.ts";
import { sign, uniform } from "../random/draw.ts";
import { layerStream, seedWords } from "../random/streams.ts";
import { boxedNormal } from "../random/truncated-normal.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import { architectureOf } from "./architectures.ts";
import type { Layer, Network, Weights } from "./network.ts";

type OutputLaw = "sign" | "uniform" | "gaussian";
type Seed = readonly [number, number];

/**
 * Draws the weights of a network; biases are 0. Every entry depends on (seed, layer, neuron, index) alone, so the first m neurons of
 * two widths agree, and any neuron can be made again: W_ℓ row r is row r of stream ℓ; the output weight of neuron r is row r of stream L. `x` is what
 * `matched` needs, the data. Throws `spec` for an initialiser that is not for this network.
 */
export async function initialise(
  network: Network,
  initialiser: InitialiserSpec,
  seed: number,
  backend: Backend,
  x?: Matrix,
): Promise<Weights> {
  const refused = architectureOf(network.spec).refuses?.(initialiser);
  if (refused) {
    throw new SurefootError("spec", `the initialiser ${initialiser.kind} is not for ${network.spec.kind}: ${refused}`);
  }
  const words = seedWords(seed);
  const weights: Record<string, Matrix> = {};
  const last = network.layers.length - 1;
  for (const [i, layer] of network.layers.entries()) {
    weights[layer.weight] =
      i < last
        ? await hiddenWeights(network, i, initialiser, words, backend, x)
        : await outputWeights(network, initialiser, words, backend);
    if (layer.bias) weights[layer.bias] = matrix(layer.rows, 1);
  }
  return weights;
}

async function hiddenWeights(
  network: Network,
  index: number,
  initialiser: InitialiserSpec,
  seed: Seed,
  backend: Backend,
  x: Matrix | undefined,
): Promise<Matrix> {
  const layer = network.layers[index];
  const draw = () => gaussianRows(layer, index + 1, 0, layer.rows, seed, backend);
  switch (initialiser.kind) {
    case "gaussian":
      return draw();
    case "lecun":
      return scaled(await draw(), Math.sqrt(1 / layer.cols));
    case "he":
      return scaled(await draw(), Math.sqrt(2 / layer.rows));
    case "sphere":
      return index === 0 ? unitRows(await draw()) : draw();
    case "matched":
      return index === 0 ? matchedRows(layer, seed, backend, x) : draw();
    case "antisymmetric":
      // below a skip all neurons need a twin, for the skip brings down what lies there
      return network.layers[index].skip || network.layers[index + 1].skip || index === network.layers.length - 2
        ? twinRows(layer, index + 1, seed, backend)
        : draw();
    case "positive":
      return filled(layer, index === 0 ? 0 : 1 / layer.cols);
    case "absolute-lecun":
      return absolute(scaled(await draw(), Math.sqrt(1 / layer.cols)));
    case "boxed-lecun":
      return index === 0
        ? scaled(await draw(), Math.sqrt(1 / layer.cols))
        : boxed(layer, index + 1, initialiser.box, seed);
  }
}

async function outputWeights(
  network: Network,
  initialiser: InitialiserSpec,
  seed: Seed,
  backend: Backend,
): Promise<Matrix> {
  const number = network.layers.length;
  const layer = network.layers[number - 1];
  const width = layer.cols;
  const law = (fallback: OutputLaw): OutputLaw => ("output" in initialiser && initialiser.output) || fallback;
  const usual = architectureOf(network.spec).outputs;
  switch (initialiser.kind) {
    case "gaussian":
    case "sphere":
    case "matched":
      return outputDraws(law(usual), number, width, seed, backend);
    case "lecun":
      return scaled(await outputDraws("gaussian", number, width, seed, backend), Math.sqrt(1 / width));
    case "absolute-lecun":
      return absolute(scaled(await outputDraws("gaussian", number, width, seed, backend), Math.sqrt(1 / width)));
    case "he":
      return balancedSigns(width, number, seed);
    case "antisymmetric": {
      const half = await outputDraws(law("sign"), number, width / 2, seed, backend);
      return row(
        Float64Array.from({ length: width }, (_, r) => (r % 2 === 0 ? half.data[r >> 1] : -half.data[r >> 1])),
      );
    }
    case "positive":
      return filled(layer, initialiser.scale);
    case "boxed-lecun":
      return boxed(layer, number, initialiser.box, seed);
  }
}

/** Rows first … first + count − 1 of stream `number`. */
function gaussianRows(layer: Layer, number: number, first: number, count: number, seed: Seed, backend: Backend) {
  return backend.normals({ seed, stream: layerStream(number), firstRow: first, rows: count, cols: layer.cols });
}

/** Output weights as a 1 × width matrix; entry r is a function of (seed, layer, r). */
async function outputDraws(
  law: OutputLaw,
  number: number,
  width: number,
  seed: Seed,
  backend: Backend,
): Promise<Matrix> {
  const stream = layerStream(number);
  if (law === "gaussian") return row((await backend.normals({ seed, stream, firstRow: 0, rows: width, cols: 1 })).data);
  const draw = law === "sign" ? sign : (at: Parameters<typeof sign>[0]) => 2 * uniform(at, 0) - 1;
  return row(Float64Array.from({ length: width }, (_, r) => draw({ seed, stream, row: r })));
}

/** Rows √(d/n)·Xᵀg, g ∼ N(0, I_n): second moments d·XᵀX/n, and ‖w‖² = d in the mean where the samples are unit vectors. */
async function matchedRows(layer: Layer, seed: Seed, backend: Backend, x: Matrix | undefined): Promise<Matrix> {
  if (layer.patches) throw new SurefootError("spec", "matched: the neurons of a convolution see patches, not samples");
  if (!x) throw new SurefootError("spec", "matched: the first layer is drawn from the data: name them, not --inputs");
  const { rows } = layer;
  const g = await backend.normals({ seed, stream: layerStream(1), firstRow: 0, rows, cols: x.rows });
  return backend.gemm(g, x, { alpha: Math.sqrt(x.cols / x.rows) });
}

/** Every neuron twice, next to its twin. */
async function twinRows(layer: Layer, number: number, seed: Seed, backend: Backend): Promise<Matrix> {
  if (layer.rows % 2 === 1) {
    throw new SurefootError("spec", `antisymmetric: the last hidden layer needs an even width, not ${layer.rows}`);
  }
  const half = await gaussianRows(layer, number, 0, layer.rows / 2, seed, backend);
  const out = matrix(layer.rows, layer.cols);
  for (let r = 0; r < layer.rows; r++) {
    out.data.set(half.data.subarray((r >> 1) * layer.cols, ((r >> 1) + 1) * layer.cols), r * layer.cols);
  }
  return out;
}

/** As many +1 as −1 (one more +1 when the width is odd), in a seeded order (Fisher–Yates). */
function balancedSigns(width: number, number: number, seed: Seed): Matrix {
  const out = Float64Array.from({ length: width }, (_, r) => (2 * r < width ? 1 : -1));
  for (let r = width - 1; r > 0; r--) {
    const other = Math.floor(uniform({ seed, stream: layerStream(number), row: r }, 0) * (r + 1));
    [out[r], out[other]] = [out[other], out[r]];
  }
  return row(out);
}

/** Draws in [box, 2·box] from N(0, 1/cols): one address row to each neuron, 256 indices to each entry (rejection uses a few). */
function boxed(layer: Layer, number: number, box: number, seed: Seed): Matrix {
  const deviation = Math.sqrt(1 / layer.cols);
  const out = matrix(layer.rows, layer.cols);
  for (let r = 0; r < layer.rows; r++) {
    const address = { seed, stream: layerStream(number), row: r };
    for (let c = 0; c < layer.cols; c++) {
      const t = boxedNormal(box / deviation, address, c * 256) * deviation;
      out.data[r * layer.cols + c] = Math.min(Math.max(t, box), 2 * box);
    }
  }
  return out;
}

function row(data: Float64Array): Matrix {
  return { rows: 1, cols: data.length, data };
}

function filled(layer: Layer, value: number): Matrix {
  const out = matrix(layer.rows, layer.cols);
  out.data.fill(value);
  return out;
}

function scaled(a: Matrix, factor: number): Matrix {
  for (let i = 0; i < a.data.length; i++) a.data[i] *= factor;
  return a;
}

function absolute(a: Matrix): Matrix {
  for (let i = 0; i < a.data.length; i++) a.data[i] = Math.abs(a.data[i]);
  return a;
}

function unitRows(a: Matrix): Matrix {
  for (let i = 0; i < a.rows; i++) {
    const line = a.data.subarray(i * a.cols, (i + 1) * a.cols);
    let sum = 0;
    for (const value of line) sum += value * value;
    const length = Math.sqrt(sum);
    for (let j = 0; j < line.length; j++) line[j] /= length;
  }
  return a;
}
