/** Theorem S3, the positive initialisation (docs/certificates.md): on the ball of the certificate's radius, μ(r) summed over its cells. */
import { largest } from "./balls.ts";
import type { Proved } from "./check.ts";
import { add, down, least, mul, sqrtDown, sqrtUp, up } from "./directed.ts";
import { eigenvalue } from "./eigenvalues.ts";
import { blocks } from "./kappa.ts";
import { isPlain, measure, type Problem } from "./network.ts";
import { count, number, reject } from "./reading.ts";

const INCREASING = ["tanh", "sigmoid", "softplus", "smooth-leaky-relu", "erf"];

export function checkS3(at: Problem): Proved {
  const { constants, network, witness } = at.file;
  const [first, ...above] = at.layers;
  const zero = (v: Float64Array) => v.every((x) => x === 0);
  const positive = zero(first.weight.mid) && above.every(({ weight }) => weight.mid.every((w) => w > 0));
  if (!positive || !at.layers.every(({ bias }) => zero(bias))) {
    reject("positive initialisation", "W1 and the biases must be 0, all other weights positive");
  }
  const covered = INCREASING.includes(String(network.activation.kind)) && isPlain(at.layers);
  if (!covered || !first.trainsWeight) reject("network", "S3 needs plain layers, σ' > 0 and a trained first layer");
  const norms = measure(at);
  const lambda = eigenvalue(norms.samples, number(constants.inputs), 1, "inputs", "λ_min(G̃)");

  const radius = number(constants.radius);
  const lowest = (v: Float64Array) => v.reduce((a, b) => Math.min(a, b));
  const [last, hidden] = [above[above.length - 1].weight, above.slice(0, -1).map(({ weight }) => weight.mid)];
  const [output, low, high] = [lowest(last.mid), Math.min(...hidden.map(lowest)), largest(hidden.map(largest))];
  if (!(radius > 0 && radius < output && radius < low)) reject("radius", `${radius} is not below all weights`);
  /** ≤ √λ_min(K) on the ball of radius r. */
  const rate = (r: number): number => {
    let mu = least(sqrtDown(lambda), sqrtDown(first.weight.rows), output);
    let excess = add(1, up(r / least(output, sqrtDown(last.cols))));
    let [reach, value] = [0, 0]; // ≥ |z_ℓ| and |h_ℓ|
    for (const [l, { scale, weight, bias }] of at.layers.entries()) {
      if (l > 0) mu = least(mu, scale);
      if (l === above.length) break;
      const [width, biased, input] = [sqrtUp(weight.cols), Math.min(bias.length, 1), mul(scale, norms.one.inputs[0])];
      if (l === 0) reach = mul(r, sqrtUp(add(mul(input, input), biased)));
      else reach = add(mul(scale, add(mul(high, width), r), width, value), biased * r);
      const { at: point, error } = norms.activation;
      const doubt = mul(error, add(1, reach));
      value = add(point(reach)[0], doubt);
      mu = least(mu, Math.max(0, down(point(-reach)[1] - doubt))); // σ' is least at −ρ
      if (l > 0) mu = least(mu, low, weight.rows);
      if (l > 0) excess = mul(excess, add(1, up(r / least(low, sqrtDown(weight.rows * weight.cols)))));
    }
    return least(Math.max(0, mu), down(2 - excess));
  };
  const cells = Math.min(count(witness.cells), 10000);
  let [area, left, mu] = [0, 0, 0];
  for (let c = 1; c <= cells; c++) {
    const right = c < cells ? (radius / cells) * c : radius;
    mu = rate(right); // falls with r
    if (!(mu > 0)) reject("reach", `μ > 0 does not hold at ${right}`, -mu);
    area = down(area + least(down(right - left), mu));
    left = right;
  }
  const kappa = eigenvalue(blocks(norms, radius), number(constants.kappa), -1, "norms", "Lipschitz constant of J");
  const jacobian = add(sqrtUp(norms.lambdaMax), mul(radius, kappa));
  const beta = add(mul(jacobian, jacobian), mul(norms.residual, kappa));
  const nu = down(1 - mul(0.5, at.step.upper, beta));
  const covers = down(nu * area);
  if (!(norms.residual < covers)) reject("reach", `‖y‖ < ν∫₀^r μ does not hold: ${norms.residual} against ${covers}`);
  return { margin: down(covers / norms.residual), radius, gain: least(at.step.lower, nu, mu, mu) };
}
