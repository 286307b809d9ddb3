import { readFileSync } from "node:fs";
import { createReferenceBackend, matrix } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { snippets } from "../src/cli/init.ts";
import { forward, initialise, initialiserFromText, networkFromText, resolveNetwork } from "../src/index.ts";

interface Case {
  readonly network: string;
  readonly init: string;
  readonly seed: number;
  readonly file: string;
  readonly snippet: string;
  readonly outputs: readonly number[];
}
interface Golden {
  readonly x: readonly number[][];
  readonly cases: readonly Case[];
}
const goldenOf = (framework: string): Golden =>
  JSON.parse(readFileSync(new URL(`./golden/init-${framework}.json`, import.meta.url), "utf8"));
const cases = [
  { framework: "PyTorch", ...goldenOf("torch") },
  { framework: "JAX", ...goldenOf("jax") },
].flatMap(({ framework, x, cases }) => cases.map((one) => ({ ...one, framework, x })));
const backend = createReferenceBackend();

describe("weights for other frameworks", () => {
  it.each(cases)("$file of $network: $framework, by the snippet that is printed, has our outputs", async (one) => {
    const x = matrix(one.x.length, one.x[0].length, Float64Array.from(one.x.flat()));
    const network = resolveNetwork(networkFromText(one.network), x.cols);
    // the text that the framework ran is the text that is printed now
    expect(snippets(network, one.file)).toContain(one.snippet);
    const weights = await initialise(network, initialiserFromText(one.init), one.seed, backend);
    const { outputs } = await forward(network, weights, x, backend);
    const size = Math.max(...one.outputs.map(Math.abs));
    expect(size).toBeGreaterThan(1e-3);
    for (const [i, wanted] of one.outputs.entries()) expect(Math.abs(outputs[i] - wanted)).toBeLessThan(1e-12 * size);
  });
});
