import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isLossFile, lossFromFile } from "../../src/cli/loss-file.ts";

describe("a loss of one's own from a file", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "surefoot-loss-"));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const file = async (name: string, text: string) => {
    const path = join(folder, name);
    await writeFile(path, text);
    return path;
  };

  it("is told from the losses that have a name", () => {
    expect(["my-loss.mjs", "a/b.js", "c.cjs"].every(isLossFile)).toBe(true);
    expect(["logistic", "sum", "squared-hinge"].some(isLossFile)).toBe(false);
  });

  it("has its constants estimated on a grid", async () => {
    const path = await file(
      "hinge.mjs",
      "export default { name: 'hinge', value: (z) => 0.5 * Math.max(0, 1 - z) ** 2, slope: (z) => -Math.max(0, 1 - z) };",
    );
    const loss = await lossFromFile(path);
    expect(loss.slope(-1)).toBe(-2);
    expect(loss.constants.p).toBeCloseTo(0.5, 2);
  });

  it("is refused with the name of the file and what is wrong with it", async () => {
    const grows = await file(
      "grows.mjs",
      "export default { name: 'grows', value: (z) => z * z, slope: (z) => 2 * z };",
    );
    await expect(lossFromFile(grows)).rejects.toThrow(/grows/);
    const empty = await file("empty.mjs", "export const name = 'x';");
    await expect(lossFromFile(empty)).rejects.toThrow(/empty\.mjs: its default export must be/);
    await expect(lossFromFile(join(folder, "none.mjs"))).rejects.toThrow(/none\.mjs/);
  });
});
