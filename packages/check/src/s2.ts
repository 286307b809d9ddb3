/** Theorem S2 (docs/certificates.md) with the certificate's own set U of pairs that may flip. */
import { type Ball, combine, dot, gram, norm, perron, rows } from "./balls.ts";
import { down, FLOOR, gamma, raise, sqrtUp, up } from "./directed.ts";
import { atMost, Rejection } from "./fields.ts";
import type { Problem } from "./problem.ts";
import { boundEigenvalue, gramOfData } from "./s1.ts";

const MIGHT = 1; // s_ri = 1 or (r, i) ∈ U
const MUST = 2; // s_ri = 1 and (r, i) ∉ U
const FLIPS = 4; // (r, i) ∈ U

export function checkS2(at: Problem): void {
  const { n, layers, constants, step } = at;
  const [hidden, output] = layers;
  if (layers.length !== 2 || at.activation !== "relu" || output.trainsWeight || output.trainsBias) {
    throw new Rejection("network", "S2 covers one hidden ReLU layer with a frozen output layer");
  }
  const m = hidden.rows;
  const size = output.weight.map(Math.abs);
  const { z, doubt, state } = pattern(at);
  const g = gramOfData(at);

  const counts = (flag: number) =>
    rows(
      n,
      m,
      Float64Array.from(state, (s, k) => (s & flag ? size[k % m] : 0)),
    );
  const high = gram(counts(MIGHT));
  const low = gram(counts(MUST));
  const factor = 0.5 * output.scale * output.scale;
  const both = combine(
    high,
    low,
    (a, b) => a + b,
    (_, ra, __, rb) => ra + rb,
  );
  const kernel = combine(
    g,
    both,
    (a, b) => factor * (a * b),
    (a, ra, b, rb) => factor * (a * rb + ra * b + ra * rb),
  );
  const open = high.mid.map((h, k) => {
    const share = Math.abs(h - low.mid[k]) + high.rad[k] + low.rad[k];
    return raise(factor * ((Math.abs(g.mid[k]) + g.rad[k]) * share), 12);
  });
  const lambda = constants.number("lambdaMin");
  const largest = constants.number("lambdaMax");
  const epsilon = constants.number("epsilon");
  const rate = down(lambda - epsilon);
  atMost(perron(open, n, epsilon), epsilon, "determined kernel", "½‖|G̃|∘Und‖₂/m ≤ ε");
  atMost(FLOOR, rate, "determined kernel", "ε < λ_min(M)");
  boundEigenvalue(kernel, lambda, 1, "determined kernel", "λ_min(M) ≥ its constant");
  boundEigenvalue(kernel, largest, -1, "determined kernel", "λ_max(M) ≤ its constant");
  atMost(up(step.upper * up(lambda + largest)), 2, "step size", "η(λ + λ_max(M)) ≤ 2");

  const { e, rad } = residuals(at, z, doubt);
  const residual = constants.number("residualNorm");
  atMost(norm(e.map((x, i) => raise(Math.abs(x) + rad[i], 2))), residual, "residual", "‖e₀‖ ≤ its constant");
  const path = constants.number("path");
  const full = at.form === "full";
  if (!full && at.form !== "midpoint") throw new Rejection("file", `S2 has no form "${at.form}"`);
  const sums = full ? linearSums(at, kernel, e, norm(rad)) : { path: residual, perSample: new Float64Array(n) };
  const total = full ? up(up(lambda * sums.path) / rate) : up(residual / rate);
  atMost(total, path, "stable patterns", "P ≤ its constant");
  const deviation = full ? constants.number("deviation") : path;
  if (full) atMost(up(up(up(epsilon / lambda) * path)), deviation, "stable patterns", "(ε/λ)P ≤ D");

  const least = checkStability({ at, z, doubt, state, g, perSample: sums.perSample, deviation, full });
  const margin = full ? down(lambda / epsilon) : least;
  atMost(constants.number("margin"), margin, "stable patterns", "margin ≤ what the pairs allow");
  atMost(up(sqrtUp(up(largest + epsilon)) * path), constants.number("radius"), "radius", "√(λ_max(M) + ε)·P ≤ radius");
  atMost(up(1 - down(step.lower * rate)), constants.number("contraction"), "rate", "1 − η(λ − ε) ≤ contraction");
}

/** z, a bound of its error for every pair, and what the certificate's U makes of each pair. */
function pattern({ n, d, x, layers, witness }: Problem) {
  const [{ rows: m, scale, weight, bias }, output] = layers;
  const z = new Float64Array(n * m);
  const doubt = new Float64Array(n * m);
  const state = new Uint8Array(n * m);
  for (const [i, flips] of witness.list("unstable").entries()) {
    if (!Array.isArray(flips) || i >= n) throw new Rejection("file", "witness.unstable: one list per sample is needed");
    for (const r of flips) {
      if (!(Number.isInteger(r) && r >= 0 && r < m))
        throw new Rejection("file", `witness.unstable: there is no neuron ${r}`);
      state[i * m + r] = MIGHT | FLIPS;
    }
  }
  const sizes = Float64Array.from({ length: m }, (_, r) => norm(weight, r * d, d));
  for (let i = 0; i < n; i++) {
    const reach = gamma(d + 4) * scale * norm(x, i * d, d);
    for (let r = 0; r < m; r++) {
      const k = i * m + r;
      const b = bias.length > 0 ? bias[r] : 0;
      z[k] = scale * dot(x, i * d, weight, r * d, d) + b;
      doubt[k] = raise(reach * sizes[r] + gamma(d + 4) * Math.abs(b), 8);
      if (output.weight[r] === 0 || state[k] !== 0) continue;
      if (!(Math.abs(z[k]) > doubt[k])) {
        throw new Rejection(
          "stable patterns",
          `the sign of neuron ${r} at sample ${i} is not decided`,
          doubt[k] - Math.abs(z[k]),
        );
      }
      if (z[k] > 0) state[k] = MIGHT | MUST;
    }
  }
  return { z, doubt, state };
}

/** e₀ = u − y with a bound of the error of each entry. */
function residuals({ n, y, layers }: Problem, z: Float64Array, doubt: Float64Array) {
  const [{ rows: m }, { scale, weight, bias }] = layers;
  const b = bias.length > 0 ? bias[0] : 0;
  const e = new Float64Array(n);
  const rad = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    let [sum, size, error] = [0, 0, 0];
    for (let r = 0; r < m; r++) {
      const h = Math.max(0, z[i * m + r]);
      sum += weight[r] * h;
      size += Math.abs(weight[r]) * h;
      error += Math.abs(weight[r]) * doubt[i * m + r];
    }
    e[i] = scale * sum + b - y[i];
    rad[i] = raise(gamma(m + 6) * (scale * size + Math.abs(b) + Math.abs(y[i])) + scale * error, m + 8);
  }
  return { e, rad };
}

/**
 * P_lin and V_j over e_lin(k) = (I − ηM)ᵏe₀: the certificate's number of steps in floating point, then the tail. A step's error is at
 * most φ‖e‖, and as ‖I − ηM‖ ≤ 1 − ηλ, errors f_k change the η-sums over all k by at most Σ‖f_k‖/λ.
 */
function linearSums({ n, step, constants, witness }: Problem, kernel: Ball, start: Float64Array, doubt: number) {
  const steps = witness.count("steps");
  if (steps * n * n > 4e9)
    throw new Rejection("stable patterns", `${steps} steps are more than this program simulates`);
  const sumOfRow = (v: Float64Array, i: number) => v.subarray(i * n, i * n + n).reduce((a, b) => a + Math.abs(b), 0);
  let [size, radius] = [0, 0];
  for (let i = 0; i < n; i++) {
    size = Math.max(size, raise(sumOfRow(kernel.mid, i), n));
    radius = Math.max(radius, raise(sumOfRow(kernel.rad, i), n));
  }
  const eta = step.upper;
  const phi = gamma(n + 6) * (1 + eta * size) + eta * radius + up(step.upper - step.lower) * (size + radius);
  const sums = new Float64Array(n);
  let e = start;
  let [path, error] = [0, doubt];
  for (let k = 0; k < steps; k++) {
    const length = norm(e);
    path += length;
    error += phi * length + n * FLOOR;
    for (let i = 0; i < n; i++) sums[i] += Math.abs(e[i]);
    e = e.map((v, i) => v - eta * dot(kernel.mid, i * n, e, 0, n));
  }
  const tail = up(raise(norm(e) + error, steps + 20) / constants.number("lambdaMin"));
  const total = (sum: number) => raise(eta * sum + tail, steps + 4);
  return { path: total(path), perSample: sums.map(total) };
}

interface Movement {
  readonly at: Problem;
  readonly z: Float64Array;
  readonly doubt: Float64Array;
  readonly state: Uint8Array;
  readonly g: Ball;
  readonly perSample: Float64Array;
  readonly deviation: number;
  readonly full: boolean;
}

/** |z_ri| > δ_ri for every pair outside U; first with A_r = all samples, which is one sum per sample. The least |z|/δ met on the way. */
function checkStability({ at, z, doubt, state, g, perSample, deviation, full }: Movement): number {
  const { n, layers } = at;
  const [{ rows: m }, { scale, weight }] = layers;
  const entry = (i: number, j: number) => up(Math.abs(g.mid[i * n + j]) + g.rad[i * n + j]);
  let least = Number.MAX_VALUE;
  for (let i = 0; i < n; i++) {
    const reach = (among: (j: number) => boolean) => {
      let [linear, squares] = [0, 0];
      for (let j = 0; j < n; j++) {
        if (!among(j)) continue;
        linear += entry(i, j) * perSample[j];
        squares += entry(i, j) * entry(i, j);
      }
      return raise(linear + sqrtUp(raise(squares, n + 2)) * deviation, n + 8);
    };
    const wide = reach(() => true);
    for (let r = 0; r < m; r++) {
      const k = i * m + r;
      if (weight[r] === 0 || state[k] & FLIPS) continue;
      const size = down(Math.abs(z[k]) - doubt[k]);
      let delta = raise(scale * Math.abs(weight[r]) * wide, 4);
      if (full && !(size > delta)) {
        delta = raise(scale * Math.abs(weight[r]) * reach((j) => (state[j * m + r] & MIGHT) !== 0), 4);
      }
      if (!(size > delta)) {
        const reason = `neuron ${r} may flip at sample ${i}: it can move by ${delta}, |z| ≥ ${size}`;
        throw new Rejection("stable patterns", reason, delta - size);
      }
      least = Math.min(least, down(size / delta));
    }
  }
  return least;
}
