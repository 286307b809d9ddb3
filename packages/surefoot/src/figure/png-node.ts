import { createRequire } from "node:module";
import { Resvg } from "@resvg/resvg-js";
import { SurefootError } from "../error.ts";

const require = createRequire(import.meta.url);

const FONTS = ["DejaVuSans.ttf", "DejaVuSans-Bold.ttf"].map((name) => require.resolve(`dejavu-fonts-ttf/ttf/${name}`));

export interface Raster {
  readonly png: Uint8Array;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
  /** RGBA, 8 bits each, row by row. */
  readonly pixels: Uint8Array;
}

/**
 * An SVG of renderSvg as PNG, `scale` pixels per SVG unit (2 by default). Text is drawn with fonts that come with the package, never
 * with the machine's, so that the same SVG gives the same picture on every machine. Colours are those of the SVG's attributes: render
 * with theme `light` or `dark`. Throws `argument` for a scale that is not in (0, 8].
 */
export function rasterize(svg: string, scale = 2): Raster {
  if (!(scale > 0 && scale <= 8)) {
    throw new SurefootError("argument", `PNG scale ${scale}: give a number in (0, 8], pixels per SVG unit`);
  }
  const image = new Resvg(svg, {
    font: {
      loadSystemFonts: false,
      fontFiles: FONTS,
      defaultFontFamily: "DejaVu Sans",
      sansSerifFamily: "DejaVu Sans",
    },
    fitTo: { mode: "zoom", value: scale },
  }).render();
  return { png: image.asPng(), width: image.width, height: image.height, pixels: image.pixels };
}
