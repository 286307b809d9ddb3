import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { lastJson, surefoot } from "./support/command.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "surefoot-plan-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("surefoot plan", () => {
  it("prints a width and the command that writes its weights, which certify then accepts", async () => {
    const data = "orthonormal:n=3,d=3";
    const planned = await surefoot(
      ["plan", data, "--network", "two-layer-relu", "--start", "antisymmetric", "--draws", "3"],
      folder,
    );
    expect(planned.stderr).toBe("");
    expect(planned.code).toBe(0);
    const [, network, seed] =
      /--network (two-layer-relu:\d+) --init antisymmetric --seed (\d+)/.exec(planned.stdout) ?? [];
    const certified = await surefoot(
      ["certify", data, "--network", network, "--init", "antisymmetric", "--seed", seed],
      folder,
    );
    expect(certified.code).toBe(0);
    for (const line of planned.stdout.split("\n"))
      if (!line.includes("surefoot init")) expect([...line].length).toBeLessThanOrEqual(130);
  });

  it("ends with 3 where nothing is found, 2 for a wish that makes no sense", async () => {
    const relu = ["--network", "two-layer-relu", "--draws", "2"];
    const narrow = await surefoot(["plan", "sphere:n=6,d=3", ...relu, "--max-width", "4", "--json"], folder);
    expect(narrow.code).toBe(3);
    expect((lastJson(narrow) as { widths: { status: string }[] }).widths[0].status).toBe("too-wide");
    const wish = await surefoot(["plan", "orthonormal:n=3,d=3", ...relu, "--target", "-1"], folder);
    expect(wish.code).toBe(2);
    expect(wish.stderr).toMatch(/target loss must be a positive number/);
  });
});

describe("surefoot explain", () => {
  it("prints tables of at most 100 columns, and writes the same as JSON and as a page that loads nothing", async () => {
    const found = await surefoot(
      [
        "explain",
        "sphere:n=4,d=6",
        "--network",
        "two-layer-relu:64",
        "--steps",
        "5",
        "--html",
        "desks.html",
        "--out",
        "desks.json",
      ],
      folder,
    );
    expect(found.code).toBe(0);
    for (const line of found.stdout.split("\n")) expect([...line].length, line).toBeLessThanOrEqual(100);
    const json = JSON.parse(await readFile(join(folder, "desks.json"), "utf8"));
    const page = await readFile(join(folder, "desks.html"), "utf8");
    expect(page).not.toMatch(/<script|https?:\/\/(?!www\.w3\.org)|src=/);
    for (const { paper, title } of json.desks) {
      expect(page).toContain(`<h2 id="${paper}">`);
      expect(found.stdout.replace(/\s+/g, " ")).toContain(title.slice(0, 40));
    }
    const row = json.desks[0].claims[0];
    expect(found.stdout.replace(/\s+/g, " ")).toContain(row.claim.slice(0, 30));
  });

  it("names the papers when asked for another, and refuses a step size that is none", async () => {
    const base = ["explain", "sphere:n=4,d=6", "--network", "two-layer-relu:8"];
    const paper = await surefoot([...base, "--paper", "du2017"], folder);
    expect(paper.code).toBe(2);
    expect(paper.stderr).toMatch(/du2018.*chatterjee2022/s);
    expect((await surefoot([...base, "--step-size", "fast"], folder)).code).toBe(2);
  });
});
