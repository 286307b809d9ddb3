import { log10Sum } from "../rows.ts";

/** What the orders of Zou et al. depend on. */
export interface OrderOf {
  readonly n: number;
  /** L, the number of hidden layers. */
  readonly depth: number;
  readonly phi: number;
  /** p of −ℓ' ≥ min{α₀, α₁ℓ^p}, 0 ≤ p ≤ 1. */
  readonly p: number;
  /** ε, the loss to be reached. */
  readonly epsilon: number;
  /** B; n for gradient descent. */
  readonly batch: number;
}

/** log₁₀ of an order with every constant and logarithm in Ω̃, Õ taken as 1, and its formula. */
export interface Order {
  readonly formula: string;
  readonly log10: number;
}

/** The table of theory/03: the width for gradient descent, and the number of iterations. */
export function zouOrders({ n, depth, phi, p, epsilon, batch }: OrderOf): { width: Order; iterations: Order } {
  const [N, L, F] = [Math.log10(n), Math.log10(depth), Math.log10(phi)];
  const [E, B] = [Math.log10(epsilon), Math.log10(batch)];
  const width = 38 * L - 8 * F;
  const iterations = 9 * L - 2 * B - 2 * F;
  const logarithm = Math.log10(Math.max(Number.MIN_VALUE, Math.log(1 / epsilon)));
  if (p < 0.5) {
    return {
      width: { formula: "n²⁶L³⁸/φ⁸", log10: 26 * N + width },
      iterations: { formula: "n^(12−2p)B⁻²L⁹φ⁻²", log10: (12 - 2 * p) * N + iterations },
    };
  }
  if (p === 0.5) {
    return {
      width: {
        formula: "n²⁶L³⁸/φ⁸ + n²⁵L³⁸/φ⁸·log(1/ε)",
        log10: log10Sum(26 * N + width, 25 * N + width + logarithm),
      },
      iterations: {
        formula: "n¹¹B⁻²L⁹φ⁻² + n¹⁰B⁻²L⁹φ⁻²·log(1/ε)",
        log10: log10Sum(11 * N + iterations, 10 * N + iterations + logarithm),
      },
    };
  }
  return {
    width: {
      formula: "n^(26−2p)L³⁸/φ⁸ + n²⁶L³⁸/φ⁸·ε^(1−2p)",
      log10: log10Sum((26 - 2 * p) * N + width, 26 * N + width + (1 - 2 * p) * E),
    },
    iterations: {
      formula: "n^(12−2p)B⁻²L⁹φ⁻² + n^(12−4p)B⁻²L⁹φ⁻²·ε^(1−2p)",
      log10: log10Sum((12 - 2 * p) * N + iterations, (12 - 4 * p) * N + iterations + (1 - 2 * p) * E),
    },
  };
}

/** What remains of the width of SGD, poly(n, φ⁻¹, L)·this: log₁₀ of the factor in ε. */
export function sgdWidthFactor(p: number, epsilon: number): Order {
  if (p < 0.5) return { formula: "poly(n, φ⁻¹, L)", log10: 0 };
  if (p === 0.5) return { formula: "poly(n, φ⁻¹, L)·log²(1/ε)", log10: 2 * Math.log10(Math.log(1 / epsilon)) };
  return { formula: "poly(n, φ⁻¹, L)·ε^(2−4p)", log10: (2 - 4 * p) * Math.log10(epsilon) };
}
