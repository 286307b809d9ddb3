import { readFileSync } from "node:fs";
import { createReferenceBackend, type Matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { type ArchitectureInput, infiniteKernel, kernelMatrix } from "../../src/kernel/index.ts";

interface Setting {
  architecture: ArchitectureInput;
  nngp: number[];
  ntk: number[];
  nngpTest: number[];
  ntkTest: number[];
}

const golden = JSON.parse(readFileSync(new URL("../golden/kernels-neural-tangents.json", import.meta.url), "utf8"));
const { n, m, d } = golden as { n: number; m: number; d: number };
const x: Matrix = { rows: n, cols: d, data: Float64Array.from(golden.x) };
const z: Matrix = { rows: m, cols: d, data: Float64Array.from(golden.z) };
const settings: Setting[] = golden.settings;
const backend = createReferenceBackend();

describe("kernels at infinite width", () => {
  it("are compared in at least 40 settings over architecture, depth, activation and variances", () => {
    expect(settings.length).toBeGreaterThanOrEqual(40);
  });

  it.each(settings.map((setting) => [JSON.stringify(setting.architecture), setting] as const))(
    "agree with neural-tangents to 1e-10: %s",
    async (_, { architecture, ...expected }) => {
      for (const [kind, name, test] of [
        ["nngp", "nngp", undefined],
        ["ntk", "ntk", undefined],
        ["nngp", "nngpTest", z],
        ["ntk", "ntkTest", z],
      ] as const) {
        const found = await kernelMatrix(infiniteKernel(architecture, kind, x, backend, test));
        expect(found.data.length).toBe(expected[name].length);
        const scale = Math.max(...expected[name].map(Math.abs));
        found.data.forEach((value, k) => {
          expect(Math.abs(value - expected[name][k])).toBeLessThanOrEqual(
            1e-10 * Math.max(Math.abs(expected[name][k]), 1e-3 * scale),
          );
        });
      }
    },
  );
});
