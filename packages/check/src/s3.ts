/** Theorem S3, the positive initialisation (docs/certificates.md): on the ball of the certificate's radius, μ(r) summed over its cells. */
import { largest } from "./balls.ts";
import { down, sqrtDown, sqrtUp, up } from "./directed.ts";
import { atMost, count, number, reject } from "./fields.ts";
import { kappaBound } from "./kappa.ts";
import { boundEigenvalue, type Problem } from "./problem.ts";
import { measure } from "./smooth.ts";

export function checkS3(at: Problem): void {
  const { constants, network, witness } = at.file;
  const [first, ...above] = at.layers;
  const positive =
    first.weight.mid.every((w) => w === 0) && above.every(({ weight }) => weight.mid.every((w) => w > 0));
  if (!positive || at.layers.some(({ bias }) => bias.some((b) => b !== 0))) {
    reject("positive initialisation", "W1 and the biases must be 0, all other weights positive");
  }
  const increasing = ["tanh", "sigmoid", "softplus", "smooth-leaky-relu", "erf"].includes(
    String(network.activation.kind),
  );
  if (!increasing || !first.trainsWeight) reject("network", "S3 needs σ' > 0 and a trained first layer");
  const norms = measure(at);
  const lambda = number(constants.inputs);
  boundEigenvalue(norms.samples, lambda, 1, "inputs", "λ_min(G̃)");

  const radius = number(constants.radius);
  const least = (of: Float64Array[]) => of.reduce((a, v) => v.reduce((b, w) => Math.min(b, w), a), Number.MAX_VALUE);
  const [output, hidden] = [
    least([above[above.length - 1].weight.mid]),
    above.slice(0, -1).map(({ weight }) => weight.mid),
  ];
  const [low, high] = [least(hidden), largest(hidden.map(largest))];
  if (!(radius > 0 && radius < output && radius < low)) reject("radius", `${radius} is not below all weights`);
  /** ≤ √λ_min(K) on the ball of radius r. */
  const rate = (r: number): number => {
    let mu = down(sqrtDown(lambda) * down(sqrtDown(first.weight.rows) * output));
    let excess = up(1 + up(r / down(output * sqrtDown(above[above.length - 1].weight.cols))));
    let [reach, value] = [0, 0]; // ≥ |z_ℓ| and |h_ℓ|
    for (const [l, { scale, weight, bias }] of at.layers.entries()) {
      if (l > 0) mu = down(mu * scale);
      if (l === above.length) break;
      const width = sqrtUp(weight.cols);
      const longest = up(scale * norms.one.inputs[0]);
      reach =
        l === 0
          ? up(r * sqrtUp(up(up(longest * longest) + Math.min(bias.length, 1))))
          : up(up(scale * up(up(high * width) + r)) * up(width * value));
      if (l > 0 && bias.length > 0) reach = up(reach + r);
      const { at: point, error } = norms.activation;
      const doubt = up(error * up(1 + reach));
      value = up(point(reach)[0] + doubt);
      mu = down(mu * down(point(-reach)[1] - doubt)); // σ' is least at −ρ
      if (l > 0) mu = down(mu * down(low * weight.rows));
      if (l > 0) excess = up(excess * up(1 + up(r / down(low * sqrtDown(weight.rows * weight.cols)))));
    }
    return down(Math.max(0, mu) * down(2 - excess));
  };
  const cells = Math.min(count(witness.cells), 10000);
  let [area, left, mu] = [0, 0, 0];
  for (let c = 1; c <= cells; c++) {
    const right = c < cells ? (radius / cells) * c : radius;
    mu = rate(right); // falls with r
    if (!(mu > 0)) reject("reach", `μ > 0 does not hold at ${right}`, -mu);
    area = down(area + down(down(right - left) * mu));
    left = right;
  }
  const kappa = kappaBound(norms, radius);
  const jacobian = up(sqrtUp(number(constants.lambdaMax)) + up(radius * kappa));
  const beta = up(up(jacobian * jacobian) + up(norms.residual * kappa));
  const nu = down(1 - up(0.5 * up(at.step.upper * beta)));
  const covered = down(nu * area);
  if (!(norms.residual < covered)) reject("reach", `‖y‖ < ν∫₀^r μ does not hold: ${norms.residual} against ${covered}`);
  atMost(number(constants.margin), down(covered / norms.residual), "reach", "margin ≤ ν∫₀^r μ/‖y‖");
  atMost(
    up(1 - down(at.step.lower * down(nu * down(mu * mu)))),
    number(constants.contraction),
    "rate",
    "1 − ηνμ² ≤ contraction",
  );
}
