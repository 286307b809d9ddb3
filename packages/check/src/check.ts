import { ball } from "./balls.ts";
import { down, up } from "./directed.ts";
import { atMost, count, isTrue, type Json, list, number, reject } from "./fields.ts";
import type { CheckData, Layer, Problem } from "./problem.ts";
import { checkS1 } from "./s1.ts";
import { checkS2 } from "./s2.ts";
import { checkS3 } from "./s3.ts";

/** Tensors by name, W1, b1, W2, …, row by row; a bias of shape [rows] or [rows, 1]. */
export type CheckWeights = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

/** Accepted, or the hypothesis that fails and by how much. */
export type CheckVerdict =
  | { readonly verdict: "accepted"; readonly statement: string }
  | { readonly verdict: "rejected"; readonly hypothesis: string; readonly reason: string; readonly by?: number };

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
  const seal = await sha256(new TextEncoder().encode(JSON.stringify(rest)));
  if (String(digest) !== seal)
    reject("file", "the digest is not that of the file: it was changed after it was written");
  const [outer, rate, contraction] = [constants.stepSize, constants.ratePerStep, constants.contraction].map(number);
  const problem = await open(file, data, weights, outer);
  if (!(number(constants.margin) > 1)) reject("residual", "a margin of at most 1 proves nothing");
  const proof = `${theorem}, ${form}`;
  if (proof === "S1, standard" || proof === "S1, larger step") checkS1(problem);
  else if (proof === "S2, full" || proof === "S2, midpoint") checkS2(problem);
  else if (proof === "S3, positive initialisation") checkS3(problem);
  else reject("file", `there is no theorem "${proof}"`);
  atMost(up(contraction * contraction), rate, "rate", "contraction² ≤ rate per step");
  const statement =
    `Gradient descent on the ${loss} loss from these weights on these data with step size ${outer} reaches zero training loss: after k steps ` +
    `the loss is at most ${rate}^k times the loss now, and the weights stay within ${number(constants.radius)} of where they are.`;
  return String(file.statement) === statement ? statement : reject("statement", `what is proved reads: ${statement}`);
}

async function open(file: Json, { x, n, d, y }: CheckData, weights: CheckWeights, outer: number): Promise<Problem> {
  const shaped = n * d === x.length && n === y.length && n * d > 0;
  if (!shaped || count(file.data.n) !== n || count(file.data.d) !== d || !allFinite(x) || !allFinite(y)) {
    reject("data", `${file.data.n} samples of ${file.data.d} finite numbers are needed, not ${n} of ${d}`);
  }
  const hash = await sha256(pack([n, d, x, y]));
  if (String(file.data.sha256) !== hash) reject("data", "SHA-256: these are other data");

  const [names, parts, tensors] = [new Set<string>(), [] as (number | Float64Array)[], { ...weights }];
  let inputs = d;
  const layers = list(file.network.layers).map((layer, l, all): Layer => {
    const [rows, cols, scale] = [count(layer.rows), count(layer.cols), number(layer.scale)];
    const fits = cols === inputs && rows > 0 && (l < all.length - 1 || rows === 1) && scale > 0 && all.length > 1;
    if (!fits) reject("network", `layer ${l + 1}: ${rows} × ${cols}, scale ${scale} does not fit`);
    inputs = rows;
    const tensor = (name: string, columns: number): Float64Array => {
      const { shape, data } = tensors[name] ?? reject("weights", `${name} is missing`);
      const fitting = shape[0] === rows && (shape[1] ?? 1) === columns && data.length === rows * columns;
      if (!fitting || !allFinite(data)) reject("weights", `${name} is not ${rows} × ${columns} finite numbers`);
      names.add(name);
      parts.push(rows, columns, data);
      return data;
    };
    const weight = ball(rows, cols, tensor(`W${l + 1}`, cols));
    const bias = isTrue(layer.bias) ? tensor(`b${l + 1}`, 1) : new Float64Array(0);
    const trainsBias = isTrue(layer.trainsBias) && bias.length > 0;
    return { scale, weight, bias, trainsWeight: isTrue(layer.trainsWeight), trainsBias };
  });
  const strange = Object.keys(tensors).filter((name) => !names.has(name));
  if (strange.length > 0) reject("weights", `the network has no tensor ${strange.join(", ")}`);
  const others = String(file.weights.sha256) !== (await sha256(pack(parts)));
  if (others) reject("weights", "SHA-256: these are other weights");

  const losses = new Map([
    ["sum", n],
    ["half-mean", 1],
    ["mean", 2],
  ]);
  const times = losses.get(String(file.loss)) ?? reject("file", `no loss is called ${file.loss}`);
  if (!(outer > 0)) reject("step size", `the step size is ${outer}`);
  const inner = (round: (v: number) => number) => (times === n ? outer : round(round(times * outer) / n)); // times/n·½‖e‖²
  return { n, d, x, y, layers, file, step: { lower: inner(down), upper: inner(up) } };
}

const allFinite = (v: Float64Array): boolean => v.every(Number.isFinite);

/** Counts as 64-bit whole numbers and arrays as float64, little-endian, one after the other. */
function pack(parts: readonly (number | Float64Array)[]): Uint8Array<ArrayBuffer> {
  const size = parts.reduce((total: number, part) => total + (typeof part === "number" ? 1 : part.length), 0);
  const view = new DataView(new ArrayBuffer(8 * size));
  let at = 0;
  for (const part of parts) {
    if (typeof part === "number") view.setBigUint64(at++ * 8, BigInt(part), true);
    else for (const value of part) view.setFloat64(at++ * 8, value, true);
  }
  return new Uint8Array(view.buffer);
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const hash = new Uint8Array(await globalThis.crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
