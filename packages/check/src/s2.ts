/** Theorem S2 (docs/certificates.md) with the certificate's own set U of pairs that may flip. */
import { type Ball, dot, each, exact, gram, hadamard, infinityNorm, magnitudes, norm, plus } from "./balls.ts";
import type { Proved } from "./check.ts";
import { add, down, FLOOR, gamma, least, mul, raise, sqrtUp, up } from "./directed.ts";
import { eigenvalue } from "./eigenvalues.ts";
import { dense, isPlain, own, type Problem, residualOf } from "./network.ts";
import { atMost, count, list, number, reject } from "./reading.ts";

const MIGHT = 1; // s_ri = 1 or (r, i) ∈ U
const MUST = 2; // s_ri = 1 and (r, i) ∉ U
const FLIPS = 4; // (r, i) ∈ U

export function checkS2(at: Problem): Proved {
  const { n, d, x, layers, step, file } = at;
  const [{ constants, form, network }, [hidden, output]] = [file, layers];
  const frozen = !output.trainsWeight && !output.trainsBias;
  if (layers.length !== 2 || !isPlain(layers) || String(network.activation.kind) !== "relu" || !frozen) {
    reject("network", "S2 covers one hidden ReLU layer with a frozen output layer");
  }
  const z = dense(hidden, exact(n, d, x));
  const state = pattern(at, z);
  const g = gram(own(hidden, exact(n, d, x))); // G̃
  const [m, square] = [z.cols, up(output.scale * output.scale)];
  const [might, must] = [MIGHT, MUST].map((flag) =>
    gram(each(n, m, (k) => [state[k] & flag ? Math.abs(output.weight.mid[k % m]) : 0, 0])),
  );
  const [kernel, open] = [1, -1].map((sign) => plus(square, hadamard(g, plus(0.5, plus(sign, must, might)))));
  const doubt = exact(n, n, magnitudes(open)); // ½s₂²|G̃|∘Und
  const epsilon = eigenvalue(doubt, number(constants.epsilon), -1, "determined kernel", "½s₂²‖|G̃|∘Und‖₂");
  const lambda = eigenvalue(kernel, number(constants.lambdaMin), 1, "determined kernel", "λ_min(M)");
  const top = eigenvalue(kernel, number(constants.lambdaMax), -1, "determined kernel", "λ_max(M)");
  const rate = down(lambda - epsilon);
  if (!(rate > 0)) reject("determined kernel", "ε < λ_min(M) does not hold", -rate);
  atMost(mul(step.upper, add(lambda, top)), 2, "step size", "η(λ + λ_max(M)) ≤ 2");

  const { e } = residualOf(at, dense(output, { ...z, mid: z.mid.map((v) => Math.max(0, v)) }));
  const sums = linearSums(at, kernel, e);
  const [path, deviation] = [number(constants.path), number(constants.deviation)];
  atMost(up(mul(lambda, sums.path) / rate), path, "stable patterns", "P ≤ its constant");
  atMost(mul(up(epsilon / lambda), path), deviation, "stable patterns", "(ε/λ)P ≤ D");
  const quotient = stability(at, z, state, magnitudes(g), (among) =>
    Math.min(raise(dot(among, 0, sums.perSample, 0, n) + norm(among) * deviation, n + 8), mul(norm(among), path)),
  );
  const margin = String(form) === "midpoint" ? quotient : down(lambda / epsilon);
  return { margin, radius: mul(sqrtUp(add(top, epsilon)), path), gain: least(step.lower, rate) };
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
    const name = `neuron ${k % m} at sample ${Math.floor(k / m)}`;
    if (!(away > 0)) reject("stable patterns", `the sign of ${name} is open`, -away);
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

/**
 * |z_ri| > δ_ri for every pair outside U, first with A_r = all samples. `reach`: ≥ ηΣ_k Σ_{j ∈ A_r}|G̃_ij e_j(k)|, by the sums of the linear prediction with
 * what they leave out, or by P. The least |z|/δ met on the way.
 */
function stability(
  { n, layers }: Problem,
  z: Ball,
  state: Uint8Array,
  g: Float64Array,
  reach: (v: Float64Array) => number,
) {
  const [m, { scale, weight }] = [z.cols, layers[1]];
  let closest = Number.MAX_VALUE;
  for (let i = 0; i < n; i++) {
    const row = g.subarray(i * n, i * n + n);
    const wide = reach(row);
    for (let r = 0; r < m; r++) {
      const [k, a] = [i * m + r, Math.abs(weight.mid[r])];
      if (a === 0 || state[k] & FLIPS) continue;
      const away = down(Math.abs(z.mid[k]) - z.rad[k]);
      let delta = mul(scale, a, wide);
      if (!(away > delta)) delta = mul(scale, a, reach(row.map((v, j) => (state[j * m + r] & MIGHT ? v : 0))));
      atMost(delta, down(away), "stable patterns", `δ < |z| for neuron ${r} at sample ${i}`);
      closest = Math.min(closest, down(away / delta));
    }
  }
  return closest;
}
