import type { OptimiserSpec } from "../../spec/optimiser.ts";
import { wholePower } from "./schedule.ts";

/** An optimiser that moves every entry of θ by its gradient and what it remembers of earlier ones. */
export interface UpdateRule {
  /** Names of the numbers it keeps for every entry of θ; 0 at the start. */
  readonly memory: readonly string[];
  /** Changes θ and the memory in place; `k` is the number of steps before this one, `eta` η_k. */
  update(theta: Float64Array, g: Float64Array, memory: readonly Float64Array[], eta: number, k: number): void;
}

type Stepping = Exclude<OptimiserSpec, { readonly kind: "gradient-flow" }>;
type RuleOf<Kind extends Stepping["kind"]> = (spec: Extract<Stepping, { readonly kind: Kind }>) => UpdateRule;

/** A line for every optimiser. */
const RULES: { readonly [Kind in Stepping["kind"]]: RuleOf<Kind> } = {
  "gradient-descent": () => ({
    memory: [],
    update: (theta, g, _, eta) => {
      for (let i = 0; i < theta.length; i++) theta[i] -= eta * g[i];
    },
  }),
  momentum: ({ momentum }) => ({
    memory: ["velocity"],
    update: (theta, g, [v], eta) => {
      for (let i = 0; i < theta.length; i++) {
        v[i] = momentum * v[i] + g[i];
        theta[i] -= eta * v[i];
      }
    },
  }),
  nesterov: ({ momentum }) => ({
    memory: ["velocity"],
    update: (theta, g, [v], eta) => {
      for (let i = 0; i < theta.length; i++) {
        v[i] = momentum * v[i] + g[i];
        theta[i] -= eta * (g[i] + momentum * v[i]);
      }
    },
  }),
  rmsprop: ({ decay, epsilon }) => ({
    memory: ["square"],
    update: (theta, g, [s], eta) => {
      for (let i = 0; i < theta.length; i++) {
        s[i] = decay * s[i] + (1 - decay) * g[i] * g[i];
        if (g[i] !== 0) theta[i] -= (eta * g[i]) / (Math.sqrt(s[i]) + epsilon);
      }
    },
  }),
  adam: ({ beta1, beta2, epsilon }) => ({
    memory: ["mean", "square"],
    update: (theta, g, [m, s], eta, k) => {
      const rate = eta / (1 - wholePower(beta1, k + 1));
      const spread = Math.sqrt(1 - wholePower(beta2, k + 1));
      for (let i = 0; i < theta.length; i++) {
        m[i] = beta1 * m[i] + (1 - beta1) * g[i];
        s[i] = beta2 * s[i] + (1 - beta2) * g[i] * g[i];
        if (m[i] !== 0) theta[i] -= (rate * m[i]) / (Math.sqrt(s[i]) / spread + epsilon);
      }
    },
  }),
};

/** The rule of an optimiser that makes steps. */
export function ruleOf(spec: Stepping): UpdateRule {
  return (RULES[spec.kind] as (spec: Stepping) => UpdateRule)(spec);
}
