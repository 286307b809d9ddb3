import type { Network } from "../network/network.ts";

/**
 * Every how many steps to probe when the user does not say: as often as measuring K, its eigenvalues and the margin costs no
 * more than the steps between. From counts of operations, not from the clock, so that a run is the same on every machine.
 */
export function probeInterval(network: Network, samples: number): number {
  const weights = network.layers.reduce((sum, layer) => sum + layer.rows * layer.cols, 0);
  const widths = network.layers.reduce((sum, layer) => sum + layer.rows + layer.cols, 0);
  const step = 6 * samples * weights;
  const probe = 2 * samples * weights + samples * samples * widths + 10 * samples ** 3;
  return Math.max(1, Math.ceil(probe / step));
}
