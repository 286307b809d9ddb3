import { type Backend, type BitMasks, type Matrix, matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { point, rounded } from "../interval/arithmetic.ts";
import { backward, pull } from "../network/backward.ts";
import { forward } from "../network/forward.ts";
import {
  type ForwardPass,
  isFeedforward,
  type Layer,
  layerInput,
  type Network,
  positionsOf,
  type Weights,
} from "../network/network.ts";
import { signPattern } from "../network/sign-pattern.ts";
import { tangentKernel } from "../network/tangent-kernel.ts";
import { addTensor } from "../network/tangent-tensors.ts";
import type {
  LayerEvidence,
  MatrixBall,
  Measured,
  Measurement,
  Measurer,
  Point,
  ReluEvidence,
  SmoothEvidence,
  Spectrum,
  TwoLayerEvidence,
} from "./evidence.ts";
import { bendNorms, withBends } from "./measure-bends.ts";
import { steepNorms, withSteepNorms } from "./measure-steep.ts";
import { perronBound, upward } from "./upward.ts";

const HOW = "computed in floating point";

/** Measures in floating point on `backend`: quick, for probes inside a run; nothing is proved. */
export function floatMeasurer(backend: Backend): Measurer {
  return {
    arithmetic: rounded,
    backend: backend.info,
    smooth: (at) => smoothEvidence(at, backend),
    steep: async (at, evidence) => {
      const norms = await steepNorms(at, backend);
      if (norms.status === "failed") return norms;
      const bends = await bendNorms(at, backend);
      return measured(withBends(withSteepNorms(evidence, norms.evidence), bends, at.network));
    },
    relu: (at) => reluEvidence(at, backend),
    gram: async (at) => ({ mid: await trainedGram(at, backend), radius: 0 }),
    spectrum: ({ mid }) => spectrum(mid, backend),
    weightedCounts: (masks, outputWeights) => weightedCounts(masks, outputWeights, backend),
  };
}

function computed(value: number): Measured {
  return { value: point(value), warrant: "computed", how: HOW };
}

function measured<T>(evidence: T): Measurement<T> {
  return { status: "ok", evidence };
}

function failed(reason: string) {
  return { status: "failed" as const, reason };
}

async function spectrum(a: Matrix, backend: Backend): Promise<Measurement<Spectrum>> {
  const outcome = await backend.extremalEigenvalues(a);
  if (outcome.status === "not-finite") return failed("the kernel has entries that are not finite");
  if (outcome.status !== "ok" || !outcome.smallest || !outcome.largest) {
    return failed("the extreme eigenvalues of the kernel did not converge");
  }
  const evidence = { lambdaMin: computed(outcome.smallest.value), lambdaMax: computed(outcome.largest.value) };
  return { status: "ok", evidence };
}

async function smoothEvidence(at: Point, backend: Backend): Promise<Measurement<SmoothEvidence>> {
  const { network, weights, dataset } = at;
  const activation = activationOf(network.activation);
  const pass = at.pass ?? (await forward(network, weights, dataset.x, backend));
  const gradients = at.gradients ?? (await backward(network, weights, pass, backend));
  const kernel = at.kernel ?? (await tangentKernel(network, dataset.x, pass, gradients, backend, at.gram));
  const eigenvalues = at.spectrum ? measured(at.spectrum) : await spectrum(kernel, backend);
  if (eigenvalues.status === "failed") return eigenvalues;
  const residual = norm(pass.outputs.map((u, i) => u - dataset.y[i]));
  if (!Number.isFinite(residual)) return failed("the outputs are not finite");

  const passed = { network, weights, x: dataset.x, pass, gradients };
  const gram = await trainedGram(at, backend);
  const layers: LayerEvidence[] = [];
  let above: Matrix | undefined; // q of the layer above
  for (let l = network.layers.length - 1; l >= 0; l--) {
    const hidden = l < network.layers.length - 1;
    above = hidden ? await pull(network, weights, l, gradients[l + 1], above, backend) : undefined;
    const evidence = await layerEvidence(passed, l, above, backend);
    if (!evidence) return failed(`the norm of ${network.layers[l].weight} did not converge`);
    layers.unshift(evidence);
  }
  const shallow = isShallow(network);
  const twoLayer = shallow ? await twoLayerEvidence(passed, gram, backend) : undefined;
  if (shallow && !twoLayer) return failed("the norm of the inputs did not converge");
  return {
    status: "ok",
    evidence: {
      samples: dataset.x.rows,
      parameters: network.parameters,
      kernel: eigenvalues.evidence,
      residualNorm: computed(residual),
      slopeBound: point(activation.slopeBound),
      curvatureBound: point(activation.curvatureBound),
      layers,
      hadamardNorm: network.layers[0].patches ? await patchesNorm(passed, backend) : hadamardNorm(gram),
      ...(twoLayer ? { twoLayer } : {}),
      norms: { warrant: "computed", how: HOW },
    },
  };
}

interface Passed {
  readonly network: Network;
  readonly weights: Weights;
  readonly x: Matrix;
  readonly pass: ForwardPass;
  readonly gradients: readonly Matrix[];
}

/** Whether the bounds for two plain layers speak of this network. */
export function isShallow(network: Network): boolean {
  return network.layers.length === 2 && isFeedforward(network);
}

async function layerEvidence(
  at: Passed,
  l: number,
  q: Matrix | undefined,
  backend: Backend,
): Promise<LayerEvidence | undefined> {
  const { network, weights, x, pass, gradients } = at;
  const layer = network.layers[l];
  const input = layerInput(network, l, x, pass);
  const deep = !isShallow(network); // only then a bound reads the stacked norms: a cruder one does elsewhere
  const stacked = async (a: Matrix) => (deep ? spectralNormOf(a, backend) : norm(a.data));
  const weightNorm = l === 0 ? 0 : await spectralNormOf(weights[layer.weight], backend);
  const stackedInputNorm = await stacked(input);
  const stackedGradientNorm = await stacked(gradients[l]);
  if (weightNorm === undefined || stackedInputNorm === undefined || stackedGradientNorm === undefined) return undefined;
  return {
    scale: layer.scale,
    trainsWeight: layer.trainsWeight,
    trainsBias: layer.trainsBias,
    ...shapeOf(layer, Math.sqrt),
    weightNorm,
    inputBounds: rowNorms(bySample(input, x.rows)),
    gradientBounds: rowNorms(bySample(gradients[l], x.rows)),
    ...(q ? { backpropagatedBounds: rowMaxima(bySample(q, x.rows)) } : {}),
    stackedInputNorm,
    stackedGradientNorm,
    ...(l > 0 && deep && isFeedforward(network) ? { hadamardInput: hadamardNorm(await backend.syrk(input)) } : {}),
  };
}

/** What the formulas read of a layer's shape beside its norms; a pixel lies in at most min(filter, pixels) patches. */
export function shapeOf(
  { gain, skip, patches }: Layer,
  sqrt: (x: number) => number,
): Pick<LayerEvidence, "gain" | "skip" | "patchNorm"> {
  return {
    ...(gain === undefined ? {} : { gain }),
    ...(skip ? { skip } : {}),
    ...(patches ? { patchNorm: sqrt(Math.min(patches.filter, patches.pixels)) } : {}),
  };
}

/** All positions of a sample in one row. */
export function bySample(a: Matrix, samples: number): Matrix {
  return a.rows === samples ? a : { rows: samples, cols: a.data.length / samples, data: a.data };
}

function rowMaxima(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) => largestEntry(a.data.subarray(i * a.cols, (i + 1) * a.cols)));
}

/** s₁²√λ_max of the n × n matrix of Σ_{l,r} (p_il·p_jr)² over the patches p of the first layer. */
async function patchesNorm({ network, x, pass }: Passed, backend: Backend): Promise<number> {
  const input = layerInput(network, 0, x, pass);
  const features = { name: "", positions: positionsOf(network.layers[0]), h: input, g: input };
  const squares = matrix(x.rows, x.rows);
  await addTensor(features, features, { i0: 0, i1: x.rows, j0: 0, j1: x.rows }, squares, backend);
  const up = upward(rounded);
  return network.layers[0].scale ** 2 * up.sqrt(perronBound(squares, up));
}

/** G̃ of evidence.ts: [W1]·s₁²XXᵀ + [b1]·11ᵀ. */
async function trainedGram({ network, dataset, gram }: Point, backend: Backend): Promise<Matrix> {
  const { scale, trainsWeight, trainsBias } = network.layers[0];
  const n = dataset.x.rows;
  const products = trainsWeight ? (gram ?? (await backend.syrk(dataset.x))) : matrix(n, n);
  const constant = trainsBias ? 1 : 0;
  return matrix(
    n,
    n,
    products.data.map((g) => scale * scale * g + constant),
  );
}

/** √λ_max(G∘G), G in units of its largest entry, whose squares may under- or overflow. */
function hadamardNorm(gram: Matrix): number {
  const up = upward(rounded);
  const largest = largestEntry(gram.data);
  if (largest === 0) return 0;
  const squares = gram.data.map((g) => (g / largest) * (g / largest));
  return largest * up.sqrt(perronBound(matrix(gram.rows, gram.cols, squares), up));
}

async function twoLayerEvidence(
  { network, weights, pass }: Passed,
  gram: Matrix,
  backend: Backend,
): Promise<TwoLayerEvidence | undefined> {
  const largest = await backend.extremalEigenvalues(gram, { which: "largest", tolerance: 1e-3 });
  if (largest.status !== "ok" || !largest.largest) return undefined;
  return {
    hadamardNorm: hadamardNorm(gram),
    inputNorm: Math.sqrt(Math.max(0, largest.largest.value + largest.largest.residual)),
    outputWeights: weights[network.layers[1].weight].data.map(Math.abs),
    featureBounds: columnNorms(pass.h[0]),
  };
}

async function reluEvidence(at: Point, backend: Backend): Promise<Measurement<ReluEvidence>> {
  const { network, weights, dataset } = at;
  const pass = at.pass ?? (await forward(network, weights, dataset.x, backend));
  const residual = pass.outputs.map((u, i) => u - dataset.y[i]);
  if (!Number.isFinite(norm(residual))) return failed("the outputs are not finite");
  const pattern = signPattern(pass.z[0]);
  const [hidden, output] = network.layers;
  return {
    status: "ok",
    evidence: {
      samples: dataset.x.rows,
      width: hidden.rows,
      parameters: network.parameters,
      gram: { mid: await trainedGram(at, backend), radius: 0 },
      residual: { mid: residual, radius: 0 },
      outputWeights: weights[output.weight].data,
      outputScale: output.scale,
      magnitudes: matrix(dataset.x.rows, hidden.rows, pass.z[0].data.map(Math.abs)),
      pattern,
      uncertain: { ...pattern, words: new Uint32Array(pattern.words.length) },
      warrant: "computed",
      how: HOW,
    },
  };
}

async function weightedCounts(masks: BitMasks, outputWeights: Float64Array, backend: Backend): Promise<MatrixBall> {
  const first = Math.abs(outputWeights[0]);
  if (outputWeights.every((a) => Math.abs(a) === first)) {
    const counts = await backend.maskCounts(masks); // exact counts, times one square
    for (let k = 0; k < counts.data.length; k++) counts.data[k] *= first * first;
    return { mid: counts, radius: 0 };
  }
  return { mid: await backend.maskCounts(masks, { weights: outputWeights.map((a) => a * a) }), radius: 0 };
}

/** ‖A‖₂ from the largest eigenvalue of the smaller of AAᵀ and AᵀA, its residual added (so a loose one will do); undefined without convergence. */
export async function spectralNormOf(a: Matrix, backend: Backend): Promise<number | undefined> {
  if (a.rows === 1 || a.cols === 1) return norm(a.data);
  const gram = await backend.syrk(a, { transpose: a.cols < a.rows });
  const outcome = await backend.extremalEigenvalues(gram, { which: "largest", tolerance: 1e-3 });
  if (outcome.status !== "ok" || !outcome.largest) return undefined;
  return Math.sqrt(Math.max(0, outcome.largest.value + outcome.largest.residual));
}

/** ‖v‖₂, in units of the largest entry where squares underflow. */
function norm(v: Float64Array): number {
  let sum = 0;
  for (const x of v) sum += x * x;
  if (!underflowed(sum)) return Math.sqrt(sum);
  const largest = largestEntry(v);
  return largest === 0 ? 0 : largest * norm(v.map((x) => x / largest));
}

/** Whether squares with this sum can have lost to underflow what shows. */
function underflowed(sum: number): boolean {
  return sum < 2 ** -900;
}

function largestEntry(v: Float64Array): number {
  let largest = 0;
  for (const x of v) largest = Math.max(largest, Math.abs(x));
  return largest;
}

function rowNorms(a: Matrix): Float64Array {
  return Float64Array.from({ length: a.rows }, (_, i) => norm(a.data.subarray(i * a.cols, (i + 1) * a.cols)));
}

function columnNorms(a: Matrix): Float64Array {
  const sums = new Float64Array(a.cols);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < a.cols; j++) sums[j] += a.data[i * a.cols + j] * a.data[i * a.cols + j];
  const column = (j: number) => Float64Array.from({ length: a.rows }, (_, i) => a.data[i * a.cols + j]);
  return sums.map((sum, j) => (underflowed(sum) ? norm(column(j)) : Math.sqrt(sum)));
}
