import { exact } from "./balls.ts";
import { down, up } from "./directed.ts";
import type { CheckData, Layer, Problem } from "./network.ts";
import {
  allFinite,
  atMost,
  type CheckWeights,
  count,
  isTrue,
  type Json,
  list,
  number,
  reject,
  sha256,
} from "./reading.ts";
import { checkS1 } from "./s1.ts";
import { checkS2 } from "./s2.ts";
import { checkS3 } from "./s3.ts";

/** Accepted, or the hypothesis that fails and by how much. */
export type CheckVerdict =
  | { readonly verdict: "accepted"; readonly statement: string }
  | { readonly verdict: "rejected"; readonly hypothesis: string; readonly reason: string; readonly by?: number };

/** What a theorem proves of a file: all of them bounds; ‖e‖ falls by `gain`‖e‖ or more in a step. */
export type Proved = { margin: number; radius: number; gain: number };

const THEOREMS = new Map([
  ["S1, standard", checkS1],
  ["S1, larger step", checkS1],
  ["S2, full", checkS2],
  ["S2, midpoint", checkS2],
  ["S3, positive initialisation", checkS3],
]);
const LOSSES = ["sum", "half-mean", "mean"]; // ½‖u − y‖², 1/n times that, 2/n times that

/**
 * Checks a certificate, parsed from its JSON, against data and weights: recomputes both hashes from the numbers given and proves every
 * hypothesis of the theorem anew for exactly these numbers, taking from the certificate only what a search would have found. Accepts, or
 * names the hypothesis that fails (`by`: how far its two sides are on the wrong side). Never throws for what a certificate holds.
 */
export async function check(certificate: unknown, data: CheckData, weights: CheckWeights): Promise<CheckVerdict> {
  try {
    const plain: Json = JSON.parse(JSON.stringify(certificate)); // an object might answer differently when asked again
    return { verdict: "accepted", statement: await prove(plain, data, weights) };
  } catch (error) {
    const { message: reason, cause } = error as Error;
    const { hypothesis = "file", by = Number.NaN } = (cause ?? {}) as { hypothesis?: string; by?: number };
    return { verdict: "rejected", hypothesis, reason, ...(Number.isFinite(by) ? { by } : {}) };
  }
}

async function prove(file: Json, data: CheckData, weights: CheckWeights): Promise<string> {
  if (String(file.format) !== "surefoot-certificate/1") reject("file", "not a surefoot-certificate/1");
  const { digest, ...rest } = file;
  const { constants, loss, theorem, form } = rest;
  const seal = await sha256([JSON.stringify(rest)]);
  if (String(digest) !== seal)
    reject("file", "the digest is not that of the file: it was changed after it was written");
  const problem = await open(file, data, weights);
  const prover = THEOREMS.get(`${theorem}, ${form}`) ?? reject("file", `there is no theorem ${theorem}, ${form}`);
  const { margin, radius, gain } = prover(problem);
  const [claimed, rate, contraction] = [constants.margin, constants.ratePerStep, constants.contraction].map(number);
  if (!(claimed > 1)) reject("margin", "a margin of at most 1 proves nothing");
  atMost(claimed, margin, "margin", "the certificate's margin ≤ what is proved");
  atMost(radius, number(constants.radius), "radius", "how far the weights can move ≤ radius");
  atMost(up(1 - gain), contraction, "rate", "1 − what ‖e‖ loses in a step ≤ contraction");
  atMost(up(contraction * contraction), rate, "rate", "contraction² ≤ rate per step");
  const statement =
    `Gradient descent on the ${loss} loss from these weights on these data with step size ${number(constants.stepSize)} ` +
    `reaches zero training loss: after k steps the loss is at most ${rate}^k times the loss now, and the weights stay ` +
    `within ${number(constants.radius)} of where they are.`;
  return String(file.statement) === statement ? statement : reject("statement", `what is proved reads: ${statement}`);
}

async function open(file: Json, { x, n, d, y }: CheckData, weights: CheckWeights): Promise<Problem> {
  const shaped = n * d === x.length && n === y.length && n * d > 0;
  if (!shaped || count(file.data.n) !== n || count(file.data.d) !== d || !allFinite(x) || !allFinite(y)) {
    reject("data", `${file.data.n} samples of ${file.data.d} finite numbers are needed, not ${n} of ${d}`);
  }
  const other = String(file.data.sha256) !== (await sha256([n, d, x, y]));
  if (other) reject("data", "SHA-256: these are other data");

  const [tensors, parts] = [new Map(Object.entries(weights)), [] as (number | Float64Array)[]];
  const take = (name: string, rows: number, cols: number): Float64Array => {
    const { shape, data } = tensors.get(name) ?? reject("weights", `${name} is missing`);
    const fits = shape[0] === rows && (shape[1] ?? 1) === cols && data.length === rows * cols && allFinite(data);
    if (!fits || !tensors.delete(name)) reject("weights", `${name} is not ${rows} × ${cols} finite numbers`);
    parts.push(rows, cols, data);
    return data;
  };
  let below = { pixels: 1, channels: d }; // the shape of h_{ℓ−1} for one sample
  const layers = list(file.network.layers).map((layer, l, all): Layer => {
    const [rows, cols, scale, last] = [count(layer.rows), count(layer.cols), number(layer.scale), l + 1 === all.length];
    const gain = layer.gain === undefined ? 1 : number(layer.gain);
    const [skip, biased, trainsWeight] = [layer.skip, layer.bias, layer.trainsWeight].map(isTrue);
    const [pixels, filter] = layer.patches ? [count(layer.patches.pixels), count(layer.patches.filter)] : [1, 0];
    if (l === 0 && filter > 0) below = { pixels, channels: d / pixels };
    const inputs = below.channels * (filter > 0 ? filter : below.pixels);
    const fits = cols === inputs && rows > 0 && scale > 0 && gain > 0 && all.length > 1;
    const patched =
      layer.patches === undefined || (filter > 0 && pixels === below.pixels && d % pixels === 0 && !biased);
    const skips = !skip || (l > 0 && rows === below.channels && pixels === below.pixels);
    const ends = !last || (rows === 1 && filter === 0 && !skip && gain === 1);
    if (!fits || !patched || !skips || !ends) reject("network", `layer ${l + 1} (${rows} × ${cols}) does not fit`);
    below = { pixels, channels: rows };
    const weight = exact(rows, cols, take(`W${l + 1}`, rows, cols));
    const bias = biased ? take(`b${l + 1}`, rows, 1) : new Float64Array(0);
    return {
      scale,
      weight,
      bias,
      trainsWeight,
      trainsBias: isTrue(layer.trainsBias) && biased,
      gain,
      skip,
      pixels,
      filter,
    };
  });
  if (tensors.size > 0) reject("weights", `the network has no tensor ${[...tensors.keys()].join(", ")}`);
  if (String(file.weights.sha256) !== (await sha256(parts))) reject("weights", "SHA-256: these are other weights");

  const [outer, times] = [number(file.constants.stepSize), LOSSES.indexOf(String(file.loss))];
  if (times < 0) reject("file", `no loss is called ${file.loss}`);
  if (!(outer > 0)) reject("step size", `the step size is ${outer}`);
  const inner = (round: (v: number) => number) => (times === 0 ? outer : round(round(times * outer) / n)); // times/n·½‖e‖²
  return { n, d, x, y, layers, file, step: { lower: inner(down), upper: inner(up) } };
}
