import { SurefootError } from "../error.ts";

/**
 * An SVG of renderSvg as PNG in a browser, `scale` pixels per SVG unit, drawn by the browser with its own fonts. Rejects with
 * `argument` if the browser cannot draw the SVG.
 */
export async function rasterizeInBrowser(svg: string, document: Document, scale = 2): Promise<Blob> {
  const failure = (why: string) =>
    new SurefootError("argument", `this browser cannot turn the figure into a PNG: ${why}`);
  const url = URL.createObjectURL(new Blob([svg], { type: "image/svg+xml" }));
  try {
    const image = document.createElement("img");
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = Math.round(image.naturalWidth * scale);
    canvas.height = Math.round(image.naturalHeight * scale);
    const context = canvas.getContext("2d");
    if (!context) throw failure("it has no 2-d canvas");
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise<Blob | null>((done) => canvas.toBlob(done, "image/png"));
    if (!blob) throw failure("the canvas is too large");
    return blob;
  } finally {
    URL.revokeObjectURL(url);
  }
}
