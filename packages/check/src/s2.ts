/** Theorem S2 (docs/certificates.md) with the certificate's own set U of pairs that may flip. */
import { type Ball, ball, dot, gram, hadamard, infinityNorm, magnitudes, norm, perron, plus, zero } from "./balls.ts";
import { down, FLOOR, gamma, raise, sqrtUp, up } from "./directed.ts";
import { atMost, count, list, number, reject } from "./fields.ts";
import { boundEigenvalue, dense, errors, gramOf, type Problem } from "./problem.ts";

const MIGHT = 1; // s_ri = 1 or (r, i) ∈ U
const MUST = 2; // s_ri = 1 and (r, i) ∉ U
const FLIPS = 4; // (r, i) ∈ U

export function checkS2(at: Problem): void {
  const { n, d, x, layers, step, file } = at;
  const { constants } = file;
  const [hidden, output] = layers;
  const covered = layers.length === 2 && String(file.network.activation.kind) === "relu";
  if (!covered || output.trainsWeight || output.trainsBias) {
    reject("network", "S2 covers one hidden ReLU layer with a frozen output layer");
  }
  const data = ball(n, d, x);
  const z = dense(hidden, data);
  const state = pattern(at, z);
  const m = z.cols;
  const counts = (flag: number) =>
    gram(
      ball(
        n,
        m,
        z.mid.map((_, k) => (state[k] & flag ? Math.abs(output.weight.mid[k % m]) : 0)),
      ),
    );
  const [high, low, g] = [counts(MIGHT), counts(MUST), gramOf(hidden, data)];
  const factor = 0.5 * output.scale * output.scale; // two roundings, which `plus` counts
  const kernel = plus(factor, hadamard(g, plus(1, high, low)), zero(n));
  const open = magnitudes(g).map((most, k) => {
    const share = Math.abs(high.mid[k] - low.mid[k]) + high.rad[k] + low.rad[k];
    return raise(factor * (most * share), 12);
  });
  const [lambda, top, epsilon] = [constants.lambdaMin, constants.lambdaMax, constants.epsilon].map(number);
  const rate = down(lambda - epsilon);
  atMost(perron(open, n, epsilon), epsilon, "determined kernel", "½‖|G̃|∘Und‖₂/m ≤ ε");
  atMost(FLOOR, rate, "determined kernel", "ε < λ_min(M)");
  boundEigenvalue(kernel, lambda, 1, "determined kernel", "λ_min(M)");
  boundEigenvalue(kernel, top, -1, "determined kernel", "λ_max(M)");
  atMost(up(step.upper * up(lambda + top)), 2, "step size", "η(λ + λ_max(M)) ≤ 2");

  const e = errors(at, dense(output, { ...z, mid: z.mid.map((v) => Math.max(0, v)) }));
  const residual = number(constants.residualNorm);
  atMost(norm(magnitudes(e)), residual, "residual", "‖e₀‖ ≤ its constant");
  const full = String(file.form) === "full";
  const sums = full ? linearSums(at, kernel, e) : { path: residual, perSample: new Float64Array(n) };
  const path = number(constants.path);
  atMost(full ? up(up(lambda * sums.path) / rate) : up(residual / rate), path, "stable patterns", "P ≤ its constant");
  const deviation = full ? number(constants.deviation) : path;
  atMost(full ? up(up(epsilon / lambda) * path) : path, deviation, "stable patterns", "(ε/λ)P ≤ D");
  const least = checkStability(at, z, state, magnitudes(g), sums.perSample, deviation);
  const margin = full ? down(lambda / epsilon) : least;
  atMost(number(constants.margin), margin, "stable patterns", "margin ≤ what the pairs allow");
  atMost(up(sqrtUp(up(top + epsilon)) * path), number(constants.radius), "radius", "√(λ_max(M) + ε)·P ≤ radius");
  atMost(up(1 - down(step.lower * rate)), number(constants.contraction), "rate", "1 − η(λ − ε) ≤ contraction");
}

/** What U makes of each pair, n × m; rejects where a sign outside U is not certain. */
function pattern({ n, layers, file }: Problem, z: Ball): Uint8Array {
  const [m, state] = [z.cols, new Uint8Array(z.mid.length)];
  const unstable = list(file.witness.unstable);
  if (unstable.length !== n) reject("file", "witness.unstable: one list per sample is needed");
  for (const [i, flips] of unstable.entries()) {
    for (const r of list(flips)) state[i * m + Math.min(count(r), m - 1)] = MIGHT | FLIPS;
  }
  for (const [k, value] of z.mid.entries()) {
    if (layers[1].weight.mid[k % m] === 0 || state[k] !== 0) continue;
    const away = Math.abs(value) - z.rad[k];
    if (!(away > 0))
      reject("stable patterns", `the sign of neuron ${k % m} at sample ${Math.floor(k / m)} is open`, -away);
    if (value > 0) state[k] = MIGHT | MUST;
  }
  return state;
}

/**
 * P_lin and V_j over e_lin(k) = (I − ηM)ᵏe₀: the certificate's number of steps in floating point, then the tail. A step's error is at
 * most φ‖e‖, and as ‖I − ηM‖ ≤ 1 − ηλ, errors f_k change the η-sums over all k by at most Σ‖f_k‖/λ.
 */
function linearSums({ n, step, file }: Problem, { mid, rad }: Ball, start: Ball) {
  const steps = count(file.witness.steps);
  if (steps * n * n > 4e9) reject("stable patterns", `${steps} steps are more than this program simulates`);
  const [size, radius, eta] = [infinityNorm(mid, n), infinityNorm(rad, n), step.upper];
  const phi = gamma(n + 6) * (1 + eta * size) + eta * radius + up(eta - step.lower) * (size + radius);
  const sums = new Float64Array(n);
  let [e, path, error] = [start.mid, 0, norm(start.rad)];
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
function checkStability(at: Problem, z: Ball, state: Uint8Array, g: Float64Array, v: Float64Array, deviation: number) {
  const [n, m, { scale, weight }] = [at.n, z.cols, at.layers[1]];
  let least = Number.MAX_VALUE;
  for (let i = 0; i < n; i++) {
    const row = g.subarray(i * n, i * n + n);
    const reach = (among: Float64Array) => raise(dot(among, 0, v, 0, n) + norm(among) * deviation, n + 8);
    const wide = reach(row);
    for (let r = 0; r < m; r++) {
      const k = i * m + r;
      const a = Math.abs(weight.mid[r]);
      if (a === 0 || state[k] & FLIPS) continue;
      const away = down(Math.abs(z.mid[k]) - z.rad[k]);
      let delta = raise(scale * a * wide, 4);
      if (!(away > delta)) delta = raise(scale * a * reach(row.map((x, j) => (state[j * m + r] & MIGHT ? x : 0))), 4);
      atMost(delta, down(away), "stable patterns", `δ < |z| for neuron ${r} at sample ${i}`);
      least = Math.min(least, down(away / delta));
    }
  }
  return least;
}
