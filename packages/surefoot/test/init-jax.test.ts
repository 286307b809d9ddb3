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
const golden: { readonly x: readonly number[][]; readonly cases: readonly Case[] } = JSON.parse(
  readFileSync(new URL("./golden/init-jax.json", import.meta.url), "utf8"),
);
const backend = createReferenceBackend();

describe("weights for other frameworks", () => {
  it.each(golden.cases)("$file of $network: JAX, by the snippet that is printed, has our outputs", async (one) => {
    const x = matrix(golden.x.length, golden.x[0].length, Float64Array.from(golden.x.flat()));
    const network = resolveNetwork(networkFromText(one.network), x.cols);
    // the text that JAX ran is the text that is printed now
    expect(snippets(network, one.file)).toContain(one.snippet);
    const weights = await initialise(network, initialiserFromText(one.init), one.seed, backend);
    const { outputs } = await forward(network, weights, x, backend);
    const size = Math.max(...one.outputs.map(Math.abs));
    expect(size).toBeGreaterThan(1e-3);
    for (const [i, wanted] of one.outputs.entries()) expect(Math.abs(outputs[i] - wanted)).toBeLessThan(1e-12 * size);
  });

  it("names the tensors for PyTorch by the same formula: the two snippets differ by the calls of the framework alone", () => {
    const network = resolveNetwork(networkFromText('{"kind":"fully-connected","widths":[4,3],"activation":"tanh"}'), 3);
    const [torch, jax] = snippets(network, "w.safetensors")
      .split("# JAX")
      .map((text) =>
        text
          .slice(text.indexOf("def f(x)"))
          .replace(/#.*/, "")
          .replace(/torch|jnp|jax\.nn/g, "F")
          .trim(),
      );
    expect(torch.replace(/\s+/g, " ")).toBe(jax.replace(/\s+/g, " "));
  });
});
