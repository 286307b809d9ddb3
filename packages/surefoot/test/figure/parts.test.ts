import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { keepExtrema } from "../../src/figure/downsample.ts";
import { formatCount, formatNumber, lossFigure } from "../../src/figure/index.ts";
import { renderSvgInNode } from "../../src/figure/node.ts";
import { escapeXml } from "../../src/figure/svg.ts";
import { textWidth, wrapText } from "../../src/figure/text.ts";
import { DARK, LIGHT, themePairs } from "../../src/figure/theme.ts";
import { linearTicks, logTicks } from "../../src/figure/ticks.ts";
import { parseSvg, vertices } from "./parse-svg.ts";

describe("downsampling", () => {
  it("keeps at most four points of a bucket, in order, among them its first, lowest, highest and last", () => {
    const bucketed = fc.array(fc.tuple(fc.nat(5), fc.double({ noNaN: true })), { minLength: 1, maxLength: 200 });
    fc.assert(
      fc.property(bucketed, (pairs) => {
        const position = pairs.map(([p]) => p).sort((a, b) => a - b);
        const y = pairs.map(([, v]) => v);
        const kept = keepExtrema(position, y);
        expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
        for (const bucket of new Set(position)) {
          const all = y.map((_, i) => i).filter((i) => position[i] === bucket);
          const mine = kept.filter((i) => position[i] === bucket);
          expect(mine.length).toBeLessThanOrEqual(4);
          expect(mine[0]).toBe(all[0]);
          expect(mine.at(-1)).toBe(all.at(-1));
          const of = (indices: number[]) => indices.map((i) => y[i]);
          expect(Math.min(...of(mine)) === Math.min(...of(all))).toBe(true);
          expect(Math.max(...of(mine)) === Math.max(...of(all))).toBe(true);
        }
      }),
    );
  });

  it("shows a single spike among 100 000 points in a figure of ordinary size", () => {
    const step = Float64Array.from({ length: 100_000 }, (_, k) => k);
    const loss = step.map((k) => (k === 61_803 ? 1e6 : 1 + 1e-3 * Math.sin(k)));
    const svg = renderSvgInNode(lossFigure({ step, loss }));
    expect(svg.length).toBeLessThan(150_000);
    const ys = vertices(parseSvg(svg), "training loss").map(([, y]) => y);
    const highest = Math.min(...ys);
    expect(ys.filter((y) => y < highest + 50).length).toBe(1);
  });
});

describe("ticks", () => {
  const range = fc
    .tuple(fc.double({ min: -1e6, max: 1e6, noNaN: true }), fc.double({ min: 1e-6, max: 1e6, noNaN: true }))
    .map(([low, span]) => [low, low + span] as const);

  it("lie inside the axis, ascend, and carry different labels", () => {
    fc.assert(
      fc.property(range, fc.integer({ min: 2, max: 12 }), ([low, high], count) => {
        const ticks = linearTicks(low, high, count);
        expect(ticks.length).toBeLessThanOrEqual(2 * count + 2);
        ticks.forEach((tick, i) => {
          const slack = (high - low) * 1e-6;
          expect(tick.value).toBeGreaterThanOrEqual(low - slack);
          expect(tick.value).toBeLessThanOrEqual(high + slack);
          if (i > 0) expect(tick.value).toBeGreaterThan(ticks[i - 1].value);
        });
        expect(new Set(ticks.map((tick) => tick.label)).size).toBe(ticks.length);
      }),
    );
  });

  it("are whole numbers where the axis counts", () => {
    expect(linearTicks(0, 3, 10, true).map((tick) => tick.label)).toEqual(["0", "1", "2", "3"]);
    expect(linearTicks(0, 4000, 5, true).at(-1)?.label).toBe("4\u202f000");
  });

  it("are powers of ten across decades and never more than fit, down to the smallest numbers", () => {
    expect(logTicks(1e-4, 1e2, 8).map((tick) => tick.label)).toEqual(["10⁻⁴", "10⁻³", "10⁻²", "0.1", "1", "10", "10²"]);
    expect(logTicks(0.9, 21, 8).map((tick) => tick.label)).toEqual(["1", "2", "5", "10", "20"]);
    for (const [low, high] of [
      [5e-324, 1e308],
      [1e-300, 1e-290],
      [3, 4],
    ]) {
      const ticks = logTicks(low, high, 8);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThanOrEqual(18);
      expect(ticks.every((tick) => tick.value > 0)).toBe(true);
    }
  });
});

describe("numbers for readers", () => {
  it.each([
    [0, "0"],
    [3.14259, "3.14"],
    [0.0625, "0.0625"],
    [-0.5, "−0.5"],
    [12345, "12\u202f345"],
    [9999.6, "9\u202f999.6"],
    [0.00031, "3.1×10⁻⁴"],
    [1e-4, "10⁻⁴"],
    [1e308, "10³⁰⁸"],
    [Number.POSITIVE_INFINITY, "∞"],
    [Number.NaN, "not a number"],
  ])("writes %s as %s", (value, text) => {
    expect(formatNumber(value, value === 12345 || value === 9999.6 ? 5 : 3)).toBe(text);
  });

  it("keeps the value to the digits it shows", () => {
    const plain = (text: string) =>
      Number(
        text
          .replace(/\u202f/g, "")
          .replace("−", "-")
          .replace(/^(-?)10([⁻⁰¹²³⁴-⁹])/, "$11×10$2")
          .replace(
            /×10(.*)$/,
            (_, e: string) => `e${[...e].map((c) => (c === "⁻" ? "-" : "⁰¹²³⁴⁵⁶⁷⁸⁹".indexOf(c))).join("")}`,
          ),
      );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e300, max: 1e300 }), (value) => {
        fc.pre(Math.abs(value) > 1e-300);
        // Three significant digits: half a unit of the third is at most 0.5 %.
        expect(Math.abs(plain(formatNumber(value)) / value - 1)).toBeLessThanOrEqual(0.005 + 1e-9);
      }),
    );
  });

  it("separates thousands of counts", () => {
    expect([0, 999, 3012, 1234567, -3012].map(formatCount)).toEqual([
      "0",
      "999",
      "3\u202f012",
      "1\u202f234\u202f567",
      "−3\u202f012",
    ]);
  });
});

describe("text", () => {
  it("is broken into lines that fit and loses no word", () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-zA-Z0-9]{1,12}$/), { minLength: 1 }), (words) => {
        const lines = wrapText(words.join(" "), 12, 200);
        expect(lines.join(" ")).toBe(words.join(" "));
        for (const line of lines) if (line.includes(" ")) expect(textWidth(line, 12)).toBeLessThanOrEqual(200);
      }),
    );
  });

  it("is escaped, and characters that XML cannot hold are replaced", () => {
    expect(escapeXml(`<a b="c">&'`)).toBe("&#60;a b=&#34;c&#34;&#62;&#38;&#39;");
    expect(escapeXml("a\u0000\ud800b😀\n")).toBe("a\ufffd\ufffdb😀\n");
  });
});

describe("themes", () => {
  it("have as many curve colours, and no colour of the light one stands for two of the dark one", () => {
    expect(LIGHT.curves.length).toBe(DARK.curves.length);
    const sources = themePairs(LIGHT, DARK).map(([light]) => light);
    expect(new Set(sources).size).toBe(sources.length);
  });
});
