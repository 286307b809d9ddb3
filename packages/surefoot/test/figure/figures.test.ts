import { describe, expect, it } from "vitest";
import {
  curvesFigure,
  type FigureSpec,
  kernelFigure,
  lossFigure,
  marginFigure,
  type RunColumns,
  spectrumFigure,
} from "../../src/figure/index.ts";
import { nodeDocument, renderSvgInNode } from "../../src/figure/node.ts";
import { renderSvg } from "../../src/figure/render.ts";
import { frameOf, parseSvg, texts, vertices } from "./parse-svg.ts";
import { syntheticRun } from "./synthetic-run.ts";

const draw = (spec: FigureSpec) => parseSvg(renderSvgInNode(spec, { theme: "light" }));
const run = syntheticRun();
const certifiedStep = 3012;

/** Serialised coordinates are rounded to 0.01. */
const ROUNDING = 0.011;

function expectInsideFrame(points: readonly (readonly [number, number])[], root: Element) {
  const { left, top, right, bottom } = frameOf(root);
  expect(points.length).toBeGreaterThan(0);
  for (const [x, y] of points) {
    expect(x).toBeGreaterThanOrEqual(left - ROUNDING);
    expect(x).toBeLessThanOrEqual(right + ROUNDING);
    expect(y).toBeGreaterThanOrEqual(top - ROUNDING);
    expect(y).toBeLessThanOrEqual(bottom + ROUNDING);
  }
}

describe("the loss figure", () => {
  const root = draw(lossFigure(run, { certifiedStep, lossLabel: "loss ½‖e‖²" }));

  it("draws the loss and the certified curve inside the axes, the latter only from the certified step on", () => {
    const { left, right } = frameOf(root);
    const loss = vertices(root, "training loss");
    const bound = vertices(root, "certified upper bound");
    expectInsideFrame(loss, root);
    expectInsideFrame(bound, root);
    expect(loss[0][0]).toBeCloseTo(left, 1);
    expect(loss.at(-1)?.[0]).toBeCloseTo(right, 1);
    expect(bound[0][0]).toBeCloseTo(left + ((right - left) * certifiedStep) / 4000, 1);
  });

  it("places every decade of the loss at the same distance", () => {
    const { left, right } = frameOf(root);
    const loss = vertices(root, "training loss");
    const at = (step: number) => {
      const x = left + ((right - left) * step) / 4000;
      const [, y] = loss.reduce((best, v) => (Math.abs(v[0] - x) < Math.abs(best[0] - x) ? v : best));
      return y;
    };
    // From step 1000 on the loss falls by e every 330 steps, so equal numbers of steps are equal distances; one pixel column off.
    const pixelsPerStep = (at(3900) - at(2000)) / 1900;
    expect(at(2000) - at(1100)).toBeGreaterThan(0);
    expect(Math.abs((at(2000) - at(1100)) / 900 / pixelsPerStep - 1)).toBeLessThan(0.01);
  });

  it("marks the certified step with a rule and its number", () => {
    const rule = root.querySelector(".rule.certified line");
    const { left, right } = frameOf(root);
    const x =
      Number(rule?.getAttribute("x1")) ||
      Number(/translate\(([\d.]+)/.exec(rule?.getAttribute("transform") ?? "")?.[1]);
    expect(x).toBeCloseTo(left + ((right - left) * certifiedStep) / 4000, 0);
    expect(texts(root)).toContain("certified at step 3\u202f012");
  });

  it("has title, axis labels, a legend and a caption", () => {
    expect(texts(root)).toEqual(expect.arrayContaining(["Training loss", "loss ½‖e‖²", "gradient-descent step"]));
    expect(root.querySelectorAll(".legend-entry").length).toBe(2);
    expect(root.querySelectorAll("text.caption").length).toBeGreaterThan(0);
    expect(root.getAttribute("aria-label")).toMatch(/certified from step 3012/);
  });

  it("leaves words to the page when asked to", () => {
    const bare = parseSvg(renderSvgInNode(lossFigure(run), { words: "omitted" }));
    expect(bare.querySelector("text.title")).toBeNull();
    expect(bare.querySelector("text.caption")).toBeNull();
  });

  it("draws no rule and no certified curve for a run that was never certified, and says so", () => {
    const spec = lossFigure({
      step: run.step,
      loss: run.loss,
      certifiedLoss: run.step && Array.from(run.step, () => null),
    });
    const never = draw(spec);
    expect(never.querySelector(".rule.certified")).toBeNull();
    expect(vertices(never, "certified upper bound")).toEqual([]);
    expect(spec.caption).toMatch(/no step is certified/);
  });

  it("says that certification holds from the start when the certified step is 0", () => {
    expect(texts(draw(lossFigure(run, { certifiedStep: 0 })))).toContain("certified from the start");
  });

  it("breaks the curve at values a log axis cannot hold and marks them at the edges", () => {
    const spec = lossFigure({
      step: [0, 1, 2, 3, 4, 5, 6, 7, 8],
      loss: [1, 0.1, 0, -1, Number.POSITIVE_INFINITY, 0.01, 0.02, Number.NaN, 0.03],
    });
    const broken = draw(spec);
    const marks = Array.from(broken.querySelectorAll(".off-scale text"), (node) => node.textContent);
    expect(marks.filter((m) => m === "▼").length).toBe(2);
    expect(marks.filter((m) => m === "▲").length).toBe(1);
    const moves = Array.from(
      broken.querySelectorAll(".curve path"),
      (node) => node.getAttribute("d")?.match(/M/g)?.length ?? 0,
    );
    // [1, 0.1], [0.01, 0.02] and the lone last point.
    expect(moves.reduce((a, b) => a + b, 0)).toBe(3);
    expect(spec.caption).toMatch(/▼ marks a loss of exactly 0/);
  });

  it("joins neighbours across steps that were not measured", () => {
    const sparse = draw(lossFigure({ step: [0, 1, 2, 3], loss: [1, null, undefined, 0.1] }));
    expect(vertices(sparse, "training loss").length).toBe(2);
  });
});

describe("the margin figure", () => {
  it("always shows the threshold 1 and the certified side, however small the margins are", () => {
    const root = draw(marginFigure({ step: [0, 10, 20], margin: [1e-9, 1e-8, 1e-7] }));
    const { top, bottom, left, right } = frameOf(root);
    const line = root.querySelector(".rule.threshold line");
    const y =
      Number(line?.getAttribute("y1")) ||
      Number(/translate\([^,]*,([\d.]+)/.exec(line?.getAttribute("transform") ?? "")?.[1]);
    expect(y).toBeGreaterThan(top);
    expect(y).toBeLessThan(bottom);
    const region = root.querySelector(".region rect");
    expect(Number(region?.getAttribute("width"))).toBeCloseTo(right - left, 1);
    expect(Number(region?.getAttribute("y")) + Number(region?.getAttribute("height"))).toBeCloseTo(y, 0);
  });

  it("crosses the threshold at the certified step", () => {
    const root = draw(marginFigure(run, { certifiedStep }));
    const { left, right } = frameOf(root);
    const region = root.querySelector(".region rect");
    const threshold = Number(region?.getAttribute("y")) + Number(region?.getAttribute("height"));
    const crossing = vertices(root, "margin").find(([, y]) => y <= threshold);
    expect(Math.abs((crossing?.[0] ?? 0) - (left + ((right - left) * certifiedStep) / 4000))).toBeLessThan(2);
  });

  it("marks a margin without limit at the upper edge and does not stretch the axis to it", () => {
    const root = draw(marginFigure({ step: [0, 1, 2], margin: [0.5, 2, 1e308] }));
    expect(Array.from(root.querySelectorAll(".off-scale text"), (n) => n.textContent)).toEqual(["▲"]);
    expect(texts(root).join(" ")).not.toMatch(/10³⁰/);
  });
});

describe("the kernel figure", () => {
  it("has one panel each for eigenvalues, kernel drift and layers, with one curve per layer in order", () => {
    const spec = kernelFigure({ ...run, "drift:W10": run.loss, "drift:b1": run.loss }, { certifiedStep });
    expect(spec.panels.map((panel) => panel.curves.map((curve) => curve.name))).toEqual([
      ["λₘₐₓ(K)", "λₘᵢₙ(K)"],
      ["kernel drift"],
      ["W1", "b1", "W2", "W10"],
    ]);
    const root = draw(spec);
    expect(root.querySelectorAll("g.panel").length).toBe(3);
    expect(root.querySelectorAll(".rule.certified").length).toBe(3);
  });

  it("leaves out panels whose columns the record lacks", () => {
    expect(kernelFigure({ step: run.step, lambdaMin: run.lambdaMin }).panels.length).toBe(1);
    expect(draw(kernelFigure({ step: run.step })).textContent).toMatch(/No positive eigenvalue/);
  });
});

describe("the spectrum figure", () => {
  it("sorts the eigenvalues, draws one dot each and counts those that are not positive", () => {
    const spec = spectrumFigure([{ name: "K(0)", eigenvalues: Float64Array.of(2, 8, -1e-17, 4, 0) }]);
    expect(spec.panels[0].curves[0].y.slice(0, 3)).toEqual([8, 4, 2]);
    expect(spec.caption).toMatch(/K\(0\) has 2 eigenvalues ≤ 0/);
    const root = draw(spec);
    expect(root.querySelectorAll(".points circle").length).toBe(3);
    expect(root.querySelectorAll(".off-scale text").length).toBe(2);
  });
});

describe("the curves figure", () => {
  const axes = { x: { label: "n", scale: "log" }, y: { label: "m", scale: "log" } } as const;

  it("names the exponent of a power law from its fit", () => {
    const x = [10, 20, 50, 100];
    const spec = curvesFigure({
      title: "t",
      caption: "c",
      ...axes,
      curves: [{ name: "cubic", x, y: x.map((n) => 7 * n ** 3), fit: true }],
    });
    expect(spec.panels[0].curves.map((curve) => curve.name)).toEqual(["cubic", "fit to cubic: slope 3"]);
  });

  it("draws no fit where there is no line through the points", () => {
    const curve = { name: "a", x: [10, 10], y: [1, 2], fit: true };
    expect(curvesFigure({ title: "t", caption: "c", ...axes, curves: [curve] }).panels[0].curves.length).toBe(1);
  });

  it("draws the band inside the axes and leaves gaps where an end is missing", () => {
    const root = draw(
      curvesFigure({
        title: "t",
        caption: "c",
        ...axes,
        curves: [
          { name: "a", x: [1, 2, 3, 4, 5], y: [1, 2, null, 4, 5], lower: [0, 1, 1, null, 4], upper: [2, 3, 9, 5, 6] },
        ],
      }),
    );
    const d = root.querySelector(".band path")?.getAttribute("d") ?? "";
    expect(d.match(/M/g)?.length).toBe(2);
    const points = Array.from(d.matchAll(/[ML](-?[\d.]+),(-?[\d.]+)/g), ([, x, y]) => [Number(x), Number(y)] as const);
    expectInsideFrame(points, root);
  });

  it("refuses bands and columns of the wrong length, naming the curve", () => {
    const make = (curve: object) => () =>
      curvesFigure({ title: "t", caption: "c", ...axes, curves: [{ name: "short", x: [1, 2], y: [1, 2], ...curve }] });
    expect(make({ y: [1] })).toThrow(/"short" has 1 values for 2 steps/);
    expect(make({ lower: [1, 1] })).toThrow(/band of "short"/);
    expect(make({ x: [1, Number.NaN] })).toThrow(/steps must be finite/);
  });

  it("ends a dotted, banded figure with negative values on a linear axis inside the frame", () => {
    const root = draw(
      curvesFigure({
        title: "t",
        caption: "c",
        x: { label: "x", scale: "linear" },
        y: { label: "y", scale: "linear" },
        curves: [{ name: "a", x: [-1, 0, 1], y: [-3, 0, 5], stroke: "dotted" }],
      }),
    );
    expectInsideFrame(vertices(root, "a"), root);
    expect(texts(root)).toContain("−2");
  });
});

describe("every figure", () => {
  const dead: RunColumns = {
    step: [0, 1, 2],
    loss: [null, null, null],
    margin: [null, null, null],
    lambdaMin: [null, null, null],
  };
  const cases: [string, RunColumns][] = [
    ["an empty record", { step: [], loss: [], margin: [], lambdaMin: [] }],
    ["columns without any measurement", dead],
    ["one point", { step: [0], loss: [2], margin: [0.1], lambdaMin: [0.06] }],
    ["one point of value zero", { step: [7], loss: [0], margin: [0], lambdaMin: [0] }],
    ["constant columns", { step: [0, 1, 2], loss: [2, 2, 2], margin: [1, 1, 1], lambdaMin: [3, 3, 3] }],
    [
      "the ends of the number range",
      { step: [0, 1], loss: [5e-324, 1e299], margin: [5e-324, 1e299], lambdaMin: [5e-324, 1e299] },
    ],
  ];
  it.each(cases)("is drawn with finite coordinates for %s", (_, columns) => {
    for (const spec of [lossFigure(columns), marginFigure(columns), kernelFigure(columns)]) {
      const svg = renderSvgInNode(spec);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      expect(parseSvg(svg).querySelector('[aria-label="frame"]')).not.toBeNull();
    }
  });

  it("says in the figure that nothing was measured", () => {
    expect(texts(draw(marginFigure(dead)))).toContain("No margin was measured.");
  });

  it("is the same text for the same spec, whatever was drawn before, and after a trip through JSON", () => {
    const spec = kernelFigure(run, { certifiedStep });
    const first = renderSvgInNode(spec);
    renderSvgInNode(marginFigure(run));
    expect(renderSvgInNode(spec)).toBe(first);
    expect(renderSvg(JSON.parse(JSON.stringify(spec)), nodeDocument())).toBe(first);
    expect(first).not.toMatch(/ id="|url\(/);
  });

  it("cannot be broken by names that look like markup", () => {
    const nasty = `</text><script>alert(1)</script>"'&\u0000`;
    const svg = renderSvgInNode(
      curvesFigure({
        title: nasty,
        caption: nasty,
        x: { label: nasty, scale: "linear" },
        y: { label: nasty, scale: "linear" },
        curves: [
          { name: nasty, x: [0, 1], y: [0, 1] },
          { name: "b", x: [0], y: [1] },
        ],
        rules: [{ axis: "x", at: 0.5, label: nasty, tone: "certified" }],
        regions: [{ axis: "y", from: 0.5, label: nasty }],
      }),
    );
    expect(svg).not.toContain("<script");
    expect(svg).not.toContain("\u0000");
    const root = parseSvg(svg);
    expect(root.querySelector("script")).toBeNull();
    expect(texts(root).some((text) => text.includes("<script>alert(1)</script>"))).toBe(true);
  });

  it("uses other colours in the dark theme and both in the automatic one", () => {
    const spec = lossFigure(run);
    const [light, dark, auto] = (["light", "dark", "auto"] as const).map((theme) => renderSvgInNode(spec, { theme }));
    expect(light).toContain("#ffffff");
    expect(dark).not.toContain("#ffffff");
    expect(dark).toContain("#15181c");
    expect(auto).toMatch(/@media screen and \(prefers-color-scheme:dark\)/);
    expect(auto.replace(/<style>.*<\/style>/s, "")).toBe(light);
  });
});
