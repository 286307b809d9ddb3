/** What S1 and S3 need of a network with a smooth activation, all from the data and weights themselves. */
import { activationOf } from "./activation.ts";
import {
  type Ball,
  ball,
  gram,
  hadamard,
  largest,
  magnitudes,
  norm,
  plus,
  product,
  sizes,
  transpose,
  zero,
} from "./balls.ts";
import { down, raise } from "./directed.ts";
import { atMost, type Json, number, numbers, reject } from "./fields.ts";
import { boundEigenvalue, dense, errors, gramOf, type Problem } from "./problem.ts";

/**
 * Forward and backward pass, kernel, residual, and the norms that κ needs: for each layer the largest ‖h_{ℓ−1}‖, ‖g_ℓ‖ and ‖q_ℓ‖_∞ (q = ∂f/∂h) of a
 * sample, ‖H_{ℓ−1}‖₂ and ‖G_ℓ‖₂ over all samples, ‖W_ℓ‖₂; √λ_max(G̃∘G̃), ‖X̃‖₂, and ‖σ(z_·r)‖ of the first layer's neurons.
 */
export function measure(at: Problem) {
  const { n, layers, file } = at;
  const { constants, witness, network } = file;
  const { kind, slope: parameter } = network.activation;
  const activation = activationOf(String(kind), parameter === undefined ? 0 : number(parameter));
  if (!activation) return reject("smooth activation", `S1 and S3 do not cover ${kind}`);
  const depth = layers.length;
  const around = (z: Ball, side: 0 | 1, lipschitz: number): Ball => ({
    ...z,
    mid: z.mid.map((v) => activation.at(v)[side]),
    rad: z.rad.map((r, k) => raise(lipschitz * r + activation.error * (1 + Math.abs(z.mid[k])), 6)),
  });
  const [inputs, slopes] = [[ball(n, at.d, at.x)], [] as Ball[]];
  for (const [l, layer] of layers.entries()) {
    const z = dense(layer, inputs[l]);
    slopes.push(around(z, 1, activation.curvature));
    inputs.push(l < depth - 1 ? around(z, 0, activation.slope) : z);
  }
  const residual = number(constants.residualNorm);
  atMost(norm(magnitudes(errors(at, inputs[depth]))), residual, "residual", "‖e₀‖ ≤ its constant");

  const gradients = [ball(n, 1, new Float64Array(n).fill(1))]; // from the last layer to the first
  const back = [0];
  for (let l = depth - 1; l > 0; l--) {
    const q = plus(layers[l].scale, product(gradients[0], transpose(layers[l].weight)), zero(n, layers[l].weight.cols));
    back.unshift(largest(magnitudes(q)));
    gradients.unshift(hadamard(q, slopes[l - 1]));
  }
  let kernel = zero(n); // Σ_ℓ (s_ℓ²·HHᵀ [W_ℓ trained] + 11ᵀ [b_ℓ trained]) ∘ GGᵀ
  for (const [l, layer] of layers.entries()) {
    kernel = plus(1, hadamard(gramOf(layer, inputs[l]), gram(gradients[l])), kernel);
  }
  boundEigenvalue(kernel, number(constants.lambdaMax), -1, "kernel", "λ_max(K)");

  const claimed = witness.norms;
  const bounded = (a: Ball, bound: number, name: string) => {
    boundEigenvalue(a, down(bound * bound), -1, "norms", name);
    return bound;
  };
  const spectral = numbers(claimed.weights, depth).map((bound, l) => {
    const { weight } = layers[l];
    const small = weight.rows < weight.cols ? weight : transpose(weight);
    return l > 0 ? bounded(gram(small), bound, `‖W${l + 1}‖₂²`) : 0;
  });
  const stacked = (all: Ball[], stated: Json, name: string) =>
    depth === 2 // where only products that are not the least need them
      ? all.map((a) => norm(magnitudes(a)))
      : Array.from(numbers(stated, depth), (bound, l) => bounded(gram(all[l]), bound, `‖${name}${l}‖₂²`));
  const samples = gramOf(layers[0], inputs[0]);
  const longest = (all: Ball[]) => all.map((a) => largest(sizes(a)));
  return {
    ...{ n, layers, kernel, residual, activation, samples, spectral, back },
    one: { inputs: longest(inputs), gradients: longest(gradients) },
    all: {
      inputs: stacked(inputs, claimed.stackedInputs, "H"),
      gradients: stacked(gradients, claimed.stackedGradients, "G"),
    },
    hadamard: bounded(hadamard(samples, samples), number(claimed.hadamard), "λ_max(G̃∘G̃)"),
    data: bounded(samples, number(claimed.data), "‖X̃‖₂²"),
    features: sizes(transpose(inputs[1])),
  };
}
export type Norms = ReturnType<typeof measure>;
