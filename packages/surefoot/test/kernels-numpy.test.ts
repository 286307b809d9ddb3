import { readFileSync } from "node:fs";
import { chooseBackend, createReferenceBackend, matrix } from "@surefoot/linalg";
import { afterAll, describe, expect, it } from "vitest";
import { hInfinity } from "../src/kernel/h-infinity.ts";
import { backward } from "../src/network/backward.ts";
import { forward } from "../src/network/forward.ts";
import { resolveNetwork } from "../src/network/resolve.ts";
import { reluKernelByCounts, tangentKernel } from "../src/network/tangent-kernel.ts";
import { networkSpec } from "../src/spec/network.ts";

interface Golden {
  n: number;
  d: number;
  m: number;
  x: number[];
  w: number[];
  a: number[];
  hInfinity: number[];
  relu: number[];
  tanh: number[];
}

const golden = JSON.parse(readFileSync(new URL("golden/kernels-numpy.json", import.meta.url), "utf8")) as Golden;
const { n, d, m } = golden;
const x = matrix(n, d, Float64Array.from(golden.x));
const weights = { W1: matrix(m, d, Float64Array.from(golden.w)), W2: matrix(1, m, Float64Array.from(golden.a)) };
const backends = [createReferenceBackend(), (await chooseBackend("wasm")).backend];
afterAll(() => Promise.all(backends.map((backend) => backend.close())));

/** Relative to √(K_ii K_jj), the scale of the sums behind an entry: 1e-12 is what is asked for. */
function expectKernel(found: Float64Array, expected: readonly number[]): void {
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const scale = Math.sqrt(expected[i * n + i] * expected[j * n + j]);
      expect(Math.abs(found[i * n + j] - expected[i * n + j])).toBeLessThanOrEqual(1e-12 * scale);
    }
  }
}

describe.each(backends.map((backend) => [backend.info.name, backend] as const))(
  "kernels on %s agree with NumPy",
  (_, backend) => {
    it("H^∞", async () => expectKernel((await hInfinity(x, backend)).data, golden.hInfinity));

    it("the two-layer ReLU kernel, by Hadamard products and by counts", async () => {
      const network = resolveNetwork({ kind: "two-layer-relu", width: m }, d);
      const pass = await forward(network, weights, x, backend);
      const g = await backward(network, weights, pass, backend);
      expectKernel((await tangentKernel(network, x, pass, g, backend)).data, golden.relu);
      expectKernel((await reluKernelByCounts(network, weights, x, pass, backend)).data, golden.relu);
    });

    it("the tanh kernel with both layers trained", async () => {
      const network = resolveNetwork(
        networkSpec.parse({ kind: "fully-connected", widths: [m], activation: "tanh" }),
        d,
      );
      const pass = await forward(network, weights, x, backend);
      const g = await backward(network, weights, pass, backend);
      expectKernel((await tangentKernel(network, x, pass, g, backend)).data, golden.tanh);
    });
  },
);
