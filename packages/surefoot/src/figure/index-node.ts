/** What figures need outside a browser: a document and a PNG writer. */
export { nodeDocument, renderSvgInNode } from "./node.ts";
export { type Raster, rasterize } from "./png-node.ts";
