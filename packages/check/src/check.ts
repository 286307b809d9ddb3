import { down, up } from "./directed.ts";
import { atMost, Fields, Rejection } from "./fields.ts";
import type { Problem, ProblemLayer } from "./problem.ts";
import { checkS1 } from "./s1.ts";
import { checkS2 } from "./s2.ts";
import { hashOfCertificate, hashOfData, hashOfWeights } from "./sha256.ts";

export interface CheckData {
  /** n × d, row by row. */
  readonly x: Float64Array;
  readonly n: number;
  readonly d: number;
  readonly y: Float64Array;
}

/** Tensors by name, W1, b1, W2, …, row by row; a bias of shape [rows] or [rows, 1]. */
export type CheckWeights = Readonly<Record<string, { readonly shape: readonly number[]; readonly data: Float64Array }>>;

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
    const file = new Fields(certificate, "");
    if (file.text("format") !== "surefoot-certificate/1") throw new Rejection("file", "not a surefoot-certificate/1");
    if (file.text("digest") !== (await hashOfCertificate(certificate as object))) {
      throw new Rejection("file", "the digest is not that of the file: it was changed after it was written");
    }
    const problem = await open(file, data, weights);
    const { constants } = problem;
    const [contraction, rate] = [constants.number("contraction"), constants.number("ratePerStep")];
    atMost(1, constants.number("margin"), "residual", "margin ≥ 1");
    const theorem = file.text("theorem");
    if (theorem === "S1") checkS1(problem);
    else if (theorem === "S2") checkS2(problem);
    else throw new Rejection("file", `no theorem is called ${theorem}`);
    atMost(up(contraction * contraction), rate, "rate", "contraction² ≤ rate per step");
    const statement = statementOf(file.text("loss"), constants);
    if (file.text("statement") !== statement) throw new Rejection("statement", `what is proved reads: ${statement}`);
    return { verdict: "accepted", statement };
  } catch (error) {
    if (!(error instanceof Rejection)) throw error;
    const { hypothesis, message: reason, by } = error;
    return { verdict: "rejected", hypothesis, reason, ...(by !== undefined && Number.isFinite(by) ? { by } : {}) };
  }
}

const statementOf = (loss: string, constants: Fields): string =>
  `Gradient descent on the ${loss} loss from these weights on these data with step size ${constants.number("stepSize")} reaches zero training loss: ` +
  `after k steps the loss is at most ${constants.number("ratePerStep")}^k times the loss now, and the weights stay within ${constants.number("radius")} of where they are.`;

async function open(file: Fields, data: CheckData, weights: CheckWeights): Promise<Problem> {
  const { n, d, x, y } = data;
  const about = file.object("data");
  const finite = (v: Float64Array) => v.every(Number.isFinite);
  if (about.count("n") !== n || about.count("d") !== d || n * d !== x.length || n !== y.length || n * d === 0) {
    throw new Rejection(
      "data",
      `the certificate is about ${about.count("n")} samples of ${about.count("d")} numbers, not ${n} of ${d}`,
    );
  }
  if (!finite(x) || !finite(y)) throw new Rejection("data", "the data hold a number that is not finite");
  if (about.text("sha256") !== (await hashOfData(data))) throw new Rejection("data", "SHA-256: these are other data");

  const network = file.object("network");
  const activation = network.object("activation");
  const names: string[] = [];
  let inputs = d;
  const layers = network.list("layers").map((value, l, all): ProblemLayer => {
    const layer = new Fields(value, `network.layers.${l}.`);
    const [rows, cols, scale] = [layer.count("rows"), layer.count("cols"), layer.number("scale")];
    const fits = cols === inputs && rows > 0 && (l < all.length - 1 || rows === 1) && scale > 0;
    if (!fits) throw new Rejection("network", `layer ${l + 1}: ${rows} × ${cols}, scale ${scale} does not fit`);
    inputs = rows;
    const tensor = (name: string, length: number) => {
      names.push(name);
      const found = Object.hasOwn(weights, name) ? weights[name] : undefined;
      const shaped = found && found.shape.reduce((a, b) => a * b, 1) === length && found.data.length === length;
      if (!shaped || (length === rows * cols && rows > 1 && found.shape[0] !== rows)) {
        throw new Rejection("weights", `${name}: ${length === rows ? rows : `${rows} × ${cols}`} numbers are needed`);
      }
      if (!finite(found.data)) throw new Rejection("weights", `${name} holds a number that is not finite`);
      return found.data;
    };
    const weight = tensor(`W${l + 1}`, rows * cols);
    const bias = layer.flag("bias") ? tensor(`b${l + 1}`, rows) : new Float64Array(0);
    const trainsBias = layer.flag("trainsBias");
    if (trainsBias && bias.length === 0) throw new Rejection("network", `layer ${l + 1} has no bias to train`);
    return { rows, cols, scale, trainsWeight: layer.flag("trainsWeight"), trainsBias, weight, bias };
  });
  if (layers.length === 0) throw new Rejection("network", "a network has at least one layer");
  const strange = Object.keys(weights).filter((name) => !names.includes(name));
  if (strange.length > 0) throw new Rejection("weights", `the network has no tensor ${strange.join(", ")}`);
  if (file.object("weights").text("sha256") !== (await hashOfWeights(layers))) {
    throw new Rejection("weights", "SHA-256: these are other weights");
  }

  const constants = file.object("constants");
  const outer = constants.number("stepSize");
  const loss = file.text("loss");
  const times = { sum: n, "half-mean": 1, mean: 2 }[loss]; // the loss is times/n · ½‖e‖²
  if (times === undefined || !(outer > 0)) throw new Rejection("step size", `step size ${outer} of the loss "${loss}"`);
  const step =
    times === n ? { lower: outer, upper: outer } : { lower: down((times * outer) / n), upper: up((times * outer) / n) };
  return {
    n,
    d,
    x,
    y,
    layers,
    activation: activation.text("kind"),
    activationSlope: activation.has("slope") ? activation.number("slope") : 0,
    form: file.text("form"),
    constants,
    witness: file.object("witness"),
    step,
  };
}
