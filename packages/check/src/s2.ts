/** Theorem S2 (docs/certificates.md) with the certificate's own set U of pairs that may flip. */
import { type Ball, dot, gram, hadamard, largest, norm, perron, plus, rows, sum, zero } from "./balls.ts";
import { down, FLOOR, gamma, raise, sqrtUp, up } from "./directed.ts";
import { atMost, count, list, number, reject } from "./fields.ts";
import { boundEigenvalue, gramOfData, type Problem } from "./problem.ts";

const MIGHT = 1; // s_ri = 1 or (r, i) ∈ U
const MUST = 2; // s_ri = 1 and (r, i) ∉ U
const FLIPS = 4; // (r, i) ∈ U

export function checkS2(at: Problem): void {
  const { n, layers, step, file } = at;
  const { constants } = file;
  const [{ rows: m }, output] = layers;
  const covered = layers.length === 2 && String(file.network.activation.kind) === "relu";
  if (!covered || output.trainsWeight || output.trainsBias) {
    reject("network", "S2 covers one hidden ReLU layer with a frozen output layer");
  }
  const pairs = pattern(at);
  const counted = (flag: number) =>
    Float64Array.from(pairs.state, (s, k) => (s & flag ? Math.abs(output.weight[k % m]) : 0));
  const counts = (flag: number) => gram(rows(n, m, counted(flag)));
  const [high, low] = [counts(MIGHT), counts(MUST)];
  const g = gramOfData(at);
  const factor = 0.5 * output.scale * output.scale; // two roundings, counted below
  const kernel = plus(factor, hadamard(g, plus(1, high, low, 0)), zero(n), 0);
  const open = high.mid.map((h, k) => {
    const share = Math.abs(h - low.mid[k]) + high.rad[k] + low.rad[k];
    return raise(factor * ((Math.abs(g.mid[k]) + g.rad[k]) * share), 12);
  });
  const [lambda, top, epsilon] = [constants.lambdaMin, constants.lambdaMax, constants.epsilon].map(number);
  const rate = down(lambda - epsilon);
  atMost(perron(open, n, epsilon), epsilon, "determined kernel", "½‖|G̃|∘Und‖₂/m ≤ ε");
  atMost(FLOOR, rate, "determined kernel", "ε < λ_min(M)");
  boundEigenvalue(kernel, lambda, 1, "determined kernel", "λ_min(M)");
  boundEigenvalue(kernel, top, -1, "determined kernel", "λ_max(M)");
  atMost(up(step.upper * up(lambda + top)), 2, "step size", "η(λ + λ_max(M)) ≤ 2");

  const { e, rad } = residuals(at, pairs);
  const residual = number(constants.residualNorm);
  atMost(norm(e.map((x, i) => raise(Math.abs(x) + rad[i], 2))), residual, "residual", "‖e₀‖ ≤ its constant");
  const full = String(file.form) === "full";
  const sums = full ? linearSums(at, kernel, e, norm(rad)) : { path: residual, perSample: new Float64Array(n) };
  const path = number(constants.path);
  atMost(full ? up(up(lambda * sums.path) / rate) : up(residual / rate), path, "stable patterns", "P ≤ its constant");
  const deviation = full ? number(constants.deviation) : path;
  atMost(full ? up(up(epsilon / lambda) * path) : path, deviation, "stable patterns", "(ε/λ)P ≤ D");
  const least = checkStability(at, pairs, g, sums.perSample, deviation);
  const margin = full ? down(lambda / epsilon) : least;
  atMost(number(constants.margin), margin, "stable patterns", "margin ≤ what the pairs allow");
  atMost(up(sqrtUp(up(top + epsilon)) * path), number(constants.radius), "radius", "√(λ_max(M) + ε)·P ≤ radius");
  atMost(up(1 - down(step.lower * rate)), number(constants.contraction), "rate", "1 − η(λ − ε) ≤ contraction");
}

/** n × m, row by row: z with a bound of its error, and what U makes of the pair. */
type Pairs = { z: Float64Array; doubt: Float64Array; state: Uint8Array };

function pattern({ n, d, x, layers, file }: Problem): Pairs {
  const [{ rows: m, scale, weight, bias }, output] = layers;
  const z = new Float64Array(n * m);
  const doubt = new Float64Array(n * m);
  const state = new Uint8Array(n * m);
  const unstable = list(file.witness.unstable);
  if (unstable.length !== n) reject("file", "witness.unstable: one list per sample is needed");
  for (const [i, flips] of unstable.entries()) {
    for (const r of list(flips)) state[i * m + Math.min(count(r), m - 1)] = MIGHT | FLIPS;
  }
  const sizes = rows(m, d, weight).size;
  for (let i = 0; i < n; i++) {
    const reach = scale * norm(x, i * d, d);
    for (let r = 0; r < m; r++) {
      const [k, b] = [i * m + r, bias.length > 0 ? bias[r] : 0];
      z[k] = scale * dot(x, i * d, weight, r * d, d) + b;
      doubt[k] = raise(gamma(d + 4) * (reach * sizes[r] + Math.abs(b)) + d * FLOOR, 8);
      if (output.weight[r] === 0 || state[k] !== 0) continue;
      const away = Math.abs(z[k]) - doubt[k];
      if (!(away > 0)) reject("stable patterns", `the sign of neuron ${r} at sample ${i} is not decided`, -away);
      if (z[k] > 0) state[k] = MIGHT | MUST;
    }
  }
  return { z, doubt, state };
}

/** e₀ = u − y with a bound of the error of each entry. */
function residuals({ n, y, layers }: Problem, { z, doubt }: Pairs) {
  const [{ rows: m }, { scale, weight, bias }] = layers;
  const b = bias.length > 0 ? bias[0] : 0;
  const size = weight.map(Math.abs);
  const h = z.map((v) => Math.max(0, v));
  const e = y.map((label, i) => scale * dot(weight, 0, h, i * m, m) + b - label);
  const rad = y.map((label, i) => {
    const rounding = gamma(m + 6) * (scale * dot(size, 0, h, i * m, m) + Math.abs(b) + Math.abs(label));
    return raise(rounding + scale * dot(size, 0, doubt, i * m, m) + m * FLOOR, m + 8);
  });
  return { n, e, rad };
}

/**
 * P_lin and V_j over e_lin(k) = (I − ηM)ᵏe₀: the certificate's number of steps in floating point, then the tail. A step's error is at
 * most φ‖e‖, and as ‖I − ηM‖ ≤ 1 − ηλ, errors f_k change the η-sums over all k by at most Σ‖f_k‖/λ.
 */
function linearSums({ n, step, file }: Problem, { mid, rad }: Ball, start: Float64Array, doubt: number) {
  const steps = count(file.witness.steps);
  if (steps * n * n > 4e9) reject("stable patterns", `${steps} steps are more than this program simulates`);
  const worst = (v: Float64Array) => largest(Array.from({ length: n }, (_, i) => sum(v.subarray(i * n, i * n + n))));
  const [size, radius, eta] = [worst(mid), worst(rad), step.upper];
  const phi = gamma(n + 6) * (1 + eta * size) + eta * radius + up(eta - step.lower) * (size + radius);
  const sums = new Float64Array(n);
  let [e, path, error] = [start, 0, doubt];
  for (let k = 0; k < steps; k++) {
    const [now, length] = [e, norm(e)];
    path += length;
    error += phi * length + n * FLOOR;
    for (let i = 0; i < n; i++) sums[i] += Math.abs(now[i]);
    e = now.map((v, i) => v - eta * dot(mid, i * n, now, 0, n));
  }
  const tail = up(raise(norm(e) + error, steps + 20) / number(file.constants.lambdaMin));
  const total = (part: number) => raise(eta * part + tail, steps + 4);
  return { path: total(path), perSample: sums.map(total) };
}

/** |z_ri| > δ_ri for every pair outside U, first with A_r = all samples: one sum per sample. The least |z|/δ met on the way. */
function checkStability({ n, layers }: Problem, pairs: Pairs, g: Ball, v: Float64Array, deviation: number): number {
  const [{ rows: m }, { scale, weight }] = layers;
  const { z, doubt, state } = pairs;
  let least = Number.MAX_VALUE;
  for (let i = 0; i < n; i++) {
    const row = g.mid.subarray(i * n, i * n + n).map((x, j) => up(Math.abs(x) + g.rad[i * n + j]));
    const reach = (flag: number, r: number) => {
      const among = flag === 0 ? row : row.map((x, j) => (state[j * m + r] & flag ? x : 0));
      return raise(dot(among, 0, v, 0, n) + norm(among) * deviation, n + 8);
    };
    const wide = reach(0, 0);
    for (let r = 0; r < m; r++) {
      const k = i * m + r;
      if (weight[r] === 0 || state[k] & FLIPS) continue;
      const away = down(Math.abs(z[k]) - doubt[k]);
      let delta = raise(scale * Math.abs(weight[r]) * wide, 4);
      if (!(away > delta)) delta = raise(scale * Math.abs(weight[r]) * reach(MIGHT, r), 4);
      atMost(delta, down(away), "stable patterns", `δ < |z| for neuron ${r} at sample ${i}`);
      least = Math.min(least, down(away / delta));
    }
  }
  return least;
}
