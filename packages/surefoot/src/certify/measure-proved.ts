/** The measurer that proves: the same evidence as measure.ts, every number an enclosure for the exact reals of weights and data. */
import type { Backend, BitMasks, Matrix } from "@surefoot/linalg";
import { activationOf } from "../activation/registry.ts";
import { type Interval, point } from "../interval/arithmetic.ts";
import { addUp, mulUp, sqrtUp, subDown } from "../interval/directed.ts";
import { frobenius, gamma, LEAST_POSITIVE, norm, sumUpper } from "../interval/error-bounds.ts";
import { type EigenvalueBound, extremeEigenvalues, greatestEigenvalue } from "../interval/extreme-eigenvalues.ts";
import { outward } from "../interval/outward.ts";
import { selfTest } from "../interval/self-test.ts";
import { powersNorm, spectralNorm } from "../interval/spectral-norm.ts";
import { isFeedforward, type Network, positionsOf, type Weights } from "../network/network.ts";
import { signPattern } from "../network/sign-pattern.ts";
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
import { isShallow, shapeOf } from "./measure.ts";
import { withBends } from "./measure-bends.ts";
import { provedBends } from "./measure-bends-proved.ts";
import { withSteepNorms } from "./measure-steep.ts";
import { provedSteepNorms } from "./measure-steep-proved.ts";
import { hadamardNormOf, patchesNormOf, provedGram, provedKernel } from "./proved-kernel.ts";
import {
  ballNorm,
  ballOfColumn,
  exactNorms,
  exactRows,
  frobeniusError,
  gathered,
  type ProvedBackward,
  type ProvedForward,
  provedBackward,
  provedForward,
  provedRelu,
  type RowBall,
  residualRows,
  type WeightNorms,
} from "./proved-pass.ts";
import { signMargins } from "./proved-signs.ts";

const HOW = "proved: floating point with a-priori error bounds and outward rounding";

/**
 * Proves on `backend`, whose kernels pass the self-test first. Passes and kernels that a run has computed already are not used: a
 * proof rests only on weights and data.
 */
export function provedMeasurer(backend: Backend): Measurer {
  return {
    arithmetic: outward,
    backend: backend.info,
    smooth: (at) => tested(backend, () => smoothEvidence(at, backend)),
    steep: (at, evidence, effort) => tested(backend, () => steepEvidence(at, evidence, effort, backend)),
    relu: (at) => tested(backend, () => reluEvidence(at, backend)),
    gram: (at) => provedGram(at.network, at.dataset.x, backend),
    spectrum: (ball) => spectrum(ball, backend),
    weightedCounts: (masks, outputWeights) => weightedCounts(masks, outputWeights, backend),
  };
}

async function tested<T>(backend: Backend, measure: () => Promise<Measurement<T>>): Promise<Measurement<T>> {
  const outcome = await selfTest(backend);
  return outcome.status === "passed" ? measure() : failed(`nothing can be proved on this backend: ${outcome.reason}`);
}

function failed(reason: string) {
  return { status: "failed" as const, reason };
}

function provedValue(value: Interval, how: string): Measured {
  return { value, warrant: "proved", how };
}

function measuredBound(bound: EigenvalueBound): Measured | undefined {
  if (bound.status !== "proved") return undefined;
  return provedValue({ lower: bound.lower, upper: bound.upper }, `proved: ${bound.method}`);
}

async function spectrum({ mid, radius }: MatrixBall, backend: Backend): Promise<Measurement<Spectrum>> {
  const { smallest, largest } = await extremeEigenvalues(backend, mid, { radius });
  const lambdaMin = measuredBound(smallest);
  const lambdaMax = measuredBound(largest);
  if (lambdaMin && lambdaMax) return { status: "ok", evidence: { lambdaMin, lambdaMax } };
  const culprit = smallest.status === "undecided" ? smallest : largest;
  return failed(
    `no bound of the kernel's eigenvalues could be proved: ${culprit.status === "undecided" ? culprit.reason : ""}`,
  );
}

/** Norms of every layer's weights; the first layer's spectral norm is read by nothing and its Frobenius norm stands in. */
export async function weightNorms(network: Network, weights: Weights, backend: Backend): Promise<WeightNorms[]> {
  const norms: WeightNorms[] = [];
  for (const [l, layer] of network.layers.entries()) {
    const w = weights[layer.weight];
    const coarse = frobenius(w).upper;
    const fine = l === 0 ? undefined : await spectralNorm(backend, w);
    norms.push({ spectral: fine?.status === "proved" ? fine.upper : coarse, frobenius: coarse });
  }
  return norms;
}

async function smoothEvidence(at: Point, backend: Backend): Promise<Measurement<SmoothEvidence>> {
  const { network, weights, dataset } = at;
  const { slopeBound, curvatureBound } = activationOf(network.activation);
  const norms = await weightNorms(network, weights, backend);
  const pass = await provedForward(network, weights, norms, dataset.x, backend);
  if (!pass) return failed("the derivative of this activation is not Lipschitz");
  const residual = ballOfColumn(residualRows(pass.z[network.layers.length - 1], dataset.y));
  const residualNorm = ballNorm(residual);
  if (!Number.isFinite(residualNorm.upper)) return failed("the outputs are not finite");
  const back = await provedBackward(network, weights, norms, pass, backend);
  const kernel = await provedKernel(network, dataset.x, pass, back, backend);
  const eigenvalues = await spectrum(kernel, backend);
  if (eigenvalues.status === "failed") return eigenvalues;
  const layers: LayerEvidence[] = [];
  for (let l = 0; l < network.layers.length; l++) {
    layers.push(await layerEvidence(network, norms[l], pass.inputs[l], back, l, dataset.x.rows, backend));
  }
  const gram = await provedGram(network, dataset.x, backend);
  const [first] = network.layers;
  const hadamardNorm = first.patches
    ? mulUp(mulUp(first.scale, first.scale), await patchesNormOf(pass.inputs[0], positionsOf(first), backend))
    : await hadamardNormOf(gram, backend);
  const twoLayer = isShallow(network)
    ? await twoLayerEvidence(network, weights, gram, hadamardNorm, pass, backend)
    : undefined;
  if (isShallow(network) && !twoLayer) return failed("no bound of the norm of the inputs could be proved");
  return {
    status: "ok",
    evidence: {
      samples: dataset.x.rows,
      parameters: network.parameters,
      kernel: eigenvalues.evidence,
      residualNorm: provedValue(residualNorm, HOW),
      slopeBound: point(slopeBound),
      curvatureBound: point(curvatureBound),
      layers,
      hadamardNorm,
      ...(twoLayer ? { twoLayer } : {}),
      norms: { warrant: "proved", how: HOW },
    },
  };
}

async function steepEvidence(
  { network, weights, dataset }: Point,
  evidence: SmoothEvidence,
  effort: "quick" | undefined,
  backend: Backend,
): Promise<Measurement<SmoothEvidence>> {
  const norms = await weightNorms(network, weights, backend);
  const pass = await provedForward(network, weights, norms, dataset.x, backend);
  if (!pass) return failed("the derivative of this activation is not Lipschitz");
  const normOf = effort === "quick" ? quickNorm(backend) : fineNorm(backend);
  const found = await provedSteepNorms(network, weights, norms, pass, normOf);
  if (found.status === "failed") return found;
  const back = await provedBackward(network, weights, norms, pass, backend);
  const bends = await provedBends(network, weights, norms, pass, back, normOf, backend);
  return { status: "ok", evidence: withBends(withSteepNorms(evidence, found.evidence), bends, network) };
}

const quickNorm = (backend: Backend) => (a: Matrix) => powersNorm(backend, a);

const fineNorm = (backend: Backend) => async (a: Matrix) => {
  const bound = await spectralNorm(backend, a);
  return bound.status === "proved" ? bound.upper : Number.POSITIVE_INFINITY;
};

async function layerEvidence(
  network: Network,
  norms: WeightNorms,
  input: RowBall,
  back: ProvedBackward,
  l: number,
  samples: number,
  backend: Backend,
): Promise<LayerEvidence> {
  const layer = network.layers[l];
  const deep = !isShallow(network); // only then a bound reads the stacked norms: a cruder one does elsewhere
  const g = back.g[l];
  return {
    scale: layer.scale,
    trainsWeight: layer.trainsWeight,
    trainsBias: layer.trainsBias,
    ...shapeOf(layer, sqrtUp),
    weightNorm: l === 0 ? 0 : norms.spectral,
    inputBounds: exactNorms(gathered(input, samples)),
    gradientBounds: exactNorms(gathered(g, samples)),
    ...(back.backpropagated[l] ? { backpropagatedBounds: back.backpropagated[l] } : {}),
    stackedInputNorm: await stackedNorm(input, deep, backend),
    stackedGradientNorm: await stackedNorm(g, deep, backend),
    ...(l > 0 && deep && isFeedforward(network) ? { hadamardInput: await patchesNormOf(input, 1, backend) } : {}),
  };
}

async function stackedNorm(rows: RowBall, fine: boolean, backend: Backend): Promise<number> {
  const bound = fine ? await spectralNorm(backend, rows.mid) : undefined;
  const size = bound?.status === "proved" ? bound.upper : frobenius(rows.mid).upper;
  return addUp(size, frobeniusError(rows));
}

async function twoLayerEvidence(
  network: Network,
  weights: Weights,
  gram: MatrixBall,
  hadamardNorm: number,
  pass: ProvedForward,
  backend: Backend,
): Promise<TwoLayerEvidence | undefined> {
  const largest = await greatestEigenvalue(backend, gram.mid, { radius: gram.radius });
  if (largest.status !== "proved") return undefined;
  const { mid, errors } = pass.h[0];
  const columns = transposedNorms(mid);
  const spread = norm(errors).upper; // each entry of row i is off by at most the row's error
  return {
    hadamardNorm,
    inputNorm: sqrtUp(Math.max(0, largest.upper)),
    outputWeights: weights[network.layers[1].weight].data.map(Math.abs),
    featureBounds: columns.map((size) => addUp(size, spread)),
  };
}

/** Upper bounds of the columns' norms: sums of `rows` squares each. */
function transposedNorms(a: Matrix): Float64Array {
  const sums = new Float64Array(a.cols);
  for (let i = 0; i < a.rows; i++) {
    for (let j = 0; j < a.cols; j++) sums[j] += a.data[i * a.cols + j] * a.data[i * a.cols + j];
  }
  const shrink = subDown(1, gamma(a.rows + 1));
  const underflow = a.rows * LEAST_POSITIVE;
  return sums.map((s) => sqrtUp(outward.div(point(addUp(s, underflow)), point(shrink)).upper));
}

async function reluEvidence(at: Point, backend: Backend): Promise<Measurement<ReluEvidence>> {
  const { network, weights, dataset } = at;
  const [hidden, output] = network.layers;
  const inputs = exactRows(dataset.x);
  const { z, outputs } = await provedRelu(network, weights, inputs, backend);
  const residual = ballOfColumn(residualRows(outputs, dataset.y));
  if (!Number.isFinite(ballNorm(residual).upper)) return failed("the outputs are not finite");
  const pattern = signPattern(z.mid);
  const { magnitudes, uncertain } = signMargins(
    z.mid,
    pattern,
    inputs,
    weights[hidden.weight],
    hidden.scale,
    hidden.bias !== undefined,
  );
  return {
    status: "ok",
    evidence: {
      samples: dataset.x.rows,
      width: hidden.rows,
      parameters: network.parameters,
      gram: await provedGram(network, dataset.x, backend),
      residual,
      outputWeights: weights[output.weight].data,
      outputScale: output.scale,
      magnitudes,
      pattern,
      uncertain,
      warrant: "proved",
      how: HOW,
    },
  };
}

/**
 * C_ij = Σ_r a_r² mask_ir mask_jr. Unit weights are counted exactly; otherwise entry (i, j) is off by at most γ_{m+2}√(C_iiC_jj), a
 * rank-one matrix of norm γ_{m+2}ΣC_ii.
 */
async function weightedCounts(masks: BitMasks, outputWeights: Float64Array, backend: Backend): Promise<MatrixBall> {
  if (outputWeights.every((a) => Math.abs(a) === 1)) return { mid: await backend.maskCounts(masks), radius: 0 };
  const mid = await backend.maskCounts(masks, { weights: outputWeights.map((a) => a * a) });
  const g = gamma(masks.bits + 2);
  const diagonal = Float64Array.from({ length: mid.rows }, (_, i) => mid.data[i * mid.cols + i]);
  const scale = outward.div(point(g), point(subDown(1, g))).upper;
  const underflow = mulUp(mulUp(mid.rows, masks.bits + 2), LEAST_POSITIVE);
  return { mid, radius: addUp(mulUp(scale, sumUpper(diagonal)), mulUp(2, underflow)) };
}
