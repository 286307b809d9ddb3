import { describe, expect, it } from "vitest";
import { lossFigure } from "../../src/figure/index.ts";
import { renderSvgInNode } from "../../src/figure/node.ts";
import { rasterize } from "../../src/figure/png-node.ts";
import { syntheticRun } from "./synthetic-run.ts";

const spec = lossFigure(syntheticRun(), { certifiedStep: 3012 });
const svg = renderSvgInNode(spec, { theme: "light" });

/** How many pixels have exactly this colour. */
function count(pixels: Uint8Array, [r, g, b]: readonly [number, number, number]): number {
  let n = 0;
  for (let i = 0; i < pixels.length; i += 4) if (pixels[i] === r && pixels[i + 1] === g && pixels[i + 2] === b) n++;
  return n;
}

describe("a PNG of a figure", () => {
  const raster = rasterize(svg, 2);

  it("is a PNG of twice the SVG's size", () => {
    expect([...raster.png.slice(0, 8)]).toEqual([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
    const [width, height] = [spec.width, Number(/ height="(\d+)"[^>]* role="img"/.exec(svg)?.[1])];
    expect(raster.width).toBe(2 * width);
    expect(raster.height).toBe(2 * height);
    const header = new DataView(raster.png.buffer, raster.png.byteOffset);
    expect(header.getUint32(16)).toBe(raster.width);
    expect(header.getUint32(20)).toBe(raster.height);
  });

  it("shows background, curve, bound and rule in their colours, and opaque up to the edge", () => {
    expect(count(raster.pixels, [255, 255, 255])).toBeGreaterThan(raster.width * raster.height * 0.8);
    expect(count(raster.pixels, [0x00, 0x72, 0xb2])).toBeGreaterThan(1000);
    expect(count(raster.pixels, [0xd5, 0x5e, 0x00])).toBeGreaterThan(200);
    expect(count(raster.pixels, [0x00, 0x7a, 0x5a])).toBeGreaterThan(200);
    for (let i = 3; i < raster.pixels.length; i += 4)
      if (raster.pixels[i] !== 255) expect.fail("a pixel is transparent");
  });

  it("renders text with the packaged fonts: without the words there is less ink of the text's colour", () => {
    const silent = rasterize(svg.replace(/<text[^>]*class="title"[^>]*>[^<]*<\/text>/, ""), 2);
    const ink = [0x1a, 0x1c, 0x1f] as const;
    expect(count(raster.pixels, ink) - count(silent.pixels, ink)).toBeGreaterThan(300);
  });

  it("is the same bytes each time", () => {
    expect(Buffer.compare(Buffer.from(rasterize(svg, 2).png), Buffer.from(raster.png))).toBe(0);
  });

  it("is dark in the dark theme", () => {
    const dark = rasterize(renderSvgInNode(spec, { theme: "dark" }), 1);
    expect(count(dark.pixels, [0x15, 0x18, 0x1c])).toBeGreaterThan(dark.width * dark.height * 0.8);
  });

  it("needs a sensible scale", () => {
    for (const scale of [0, -1, Number.NaN, 9]) expect(() => rasterize(svg, scale)).toThrow(/scale/);
  });
});
