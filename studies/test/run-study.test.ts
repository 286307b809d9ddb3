import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chooseBackend } from "@surefoot/linalg";
import { curvesFigure } from "surefoot/figure";
import { afterAll, describe, expect, it } from "vitest";
import { allStudies, findStudy } from "../src/registry.ts";
import { runStudy } from "../src/run-study.ts";
import type { Study } from "../src/study.ts";

const out = mkdtempSync(join(tmpdir(), "study-"));
afterAll(() => rmSync(out, { recursive: true }));
const { backend } = await chooseBackend("reference");

function toy(size: number, count: () => void, fail = false): Study {
  return {
    id: "toy",
    question: "Do squares grow?",
    source: "arithmetic",
    setting: "whole numbers",
    claims: [{ id: "grow", source: "arithmetic", says: "squares grow" }],
    plan: () => ({
      parameters: { size },
      cells: [1, 2, 3].map((k) => ({
        key: `k=${k}`,
        measure: async () => {
          if (fail && k === 3) throw new Error("stopped");
          count();
          return { squares: [{ k, square: size * k * k, odd: Number.NaN }] };
        },
      })),
      conclude: ({ squares }) => ({
        judgements: { grow: { verdict: "agrees", measured: squares.map((row) => row.square).join(" < ") } },
        figures: {
          squares: curvesFigure({
            title: "Squares",
            caption: "They grow.",
            x: { label: "k", scale: "linear" },
            y: { label: "k²", scale: "linear" },
            curves: [{ name: "k²", x: [1, 2, 3], y: squares.map((row) => row.square as number) }],
          }),
        },
      }),
    }),
  };
}

describe("a study", () => {
  it("goes on after an interruption without repeating finished cells, and measures again under other parameters", async () => {
    let cells = 0;
    const count = () => {
      cells++;
    };
    const run = (study: Study) => runStudy(study, { form: "quick", out, backend });
    await expect(run(toy(1, count, true))).rejects.toThrow("stopped");
    expect(cells).toBe(2);
    expect(existsSync(join(out, "study.json"))).toBe(false);
    const result = await run(toy(1, count));
    expect(cells).toBe(3);
    expect(result.verdicts).toEqual([
      { id: "grow", source: "arithmetic", says: "squares grow", verdict: "agrees", measured: "1 < 4 < 9" },
    ]);
    for (const name of ["squares.svg", "squares.png", "squares.parquet"])
      expect(existsSync(join(out, name))).toBe(true);
    expect(JSON.parse(readFileSync(join(out, "study.json"), "utf8"))).toEqual(result);
    expect((await run(toy(2, count))).verdicts[0].measured).toBe("2 < 8 < 18");
    expect(cells).toBe(6);
  });

  it("measures a damaged cell again", async () => {
    let cells = 0;
    writeFileSync(join(out, "cells", "k=2.json"), '{"stamp":');
    await runStudy(
      toy(2, () => {
        cells++;
      }),
      { form: "quick", out, backend },
    );
    expect(cells).toBe(1);
  });

  it("stops between cells when interrupted", async () => {
    const signal = AbortSignal.abort(new Error("enough"));
    await expect(
      runStudy(
        toy(3, () => {}),
        { form: "quick", out, backend, signal },
      ),
    ).rejects.toThrow("enough");
  });
});

describe("the registry", () => {
  it("knows every study once, by its id and its aliases, each claim once", async () => {
    const studies = await allStudies();
    const names = studies.flatMap(({ id, aliases = [] }) => [id, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect((await findStudy(name)).id).toBeTruthy();
    const claims = studies.flatMap((study) => study.claims.map(({ id }) => id));
    expect(new Set(claims).size).toBe(claims.length);
    await expect(findStudy("no-such")).rejects.toThrow("there are du18");
  });

  it("plans two forms of every study, with cells of different names", async () => {
    for (const study of await allStudies()) {
      for (const form of ["quick", "full"] as const) {
        const keys = study.plan(form).cells.map(({ key }) => key);
        expect(keys.length, study.id).toBeGreaterThan(0);
        expect(new Set(keys).size, study.id).toBe(keys.length);
      }
    }
  });
});
