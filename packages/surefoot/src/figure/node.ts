import { parseHTML } from "linkedom";
import { type RenderOptions, renderSvg } from "./render.ts";
import type { FigureSpec } from "./spec.ts";

/** A document without a browser, for renderSvg. */
export function nodeDocument(): Document {
  return parseHTML("<!doctype html><html><head></head><body></body></html>").document;
}

/** renderSvg outside a browser. */
export function renderSvgInNode(spec: FigureSpec, options: RenderOptions = {}): string {
  return renderSvg(spec, nodeDocument(), options);
}
