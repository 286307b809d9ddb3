import { SurefootError } from "../error.ts";
import { PLAIN_ACTIVATIONS } from "./activation.ts";
import { type InitialiserSpec, initialiserSpec } from "./initialiser.ts";
import { type NetworkSpec, networkSpec } from "./network.ts";
import { parseSpec } from "./parse.ts";

/** Parses JSON text; throws `spec` with the parser's position. */
export function parseJson(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new SurefootError("spec", `${what} is not valid JSON: ${(error as Error).message}`);
  }
}

/**
 * A network from JSON or a shorthand: `two-layer-relu:4096`, `tanh:512,512` for a fully connected one with ntk scaling, `resnet-tanh:3x512`
 * for a residual one of depth 3, `conv-resnet-tanh:3x64@28` for one with convolutions over 28 pixels.
 */
export function networkFromText(text: string, what = "network"): NetworkSpec {
  if (text.trimStart().startsWith("{")) return parseSpec(networkSpec, parseJson(text, what), what);
  if (/^(conv-)?resnet-/.test(text.trim())) return residualFromText(text.trim(), what);
  const match = /^(two-layer-relu|[a-z-]+):(\d+(?:,\d+)*)$/.exec(text.trim());
  if (!match) {
    throw new SurefootError(
      "spec",
      `${what}: "${text}" is neither a file nor a network; give JSON such as {"kind":"two-layer-relu","width":4096}, or a shorthand such as two-layer-relu:4096 or tanh:512,512`,
    );
  }
  const [, name, list] = match;
  const widths = list.split(",").map(Number);
  if (name === "two-layer-relu" && widths.length > 1) {
    throw new SurefootError(
      "spec",
      `${what}: "${text}" has ${widths.length} widths; two-layer-relu has one hidden layer`,
    );
  }
  if (name === "two-layer-relu") return parseSpec(networkSpec, { kind: name, width: widths[0] }, what);
  checkActivation(name, what);
  return parseSpec(networkSpec, { kind: "fully-connected", widths, activation: name }, what);
}

function residualFromText(text: string, what: string): NetworkSpec {
  const match = /^(conv-)?resnet-([a-z-]+):(\d+)x(\d+)(?:@(\d+))?$/.exec(text);
  const [, convolution, activation, depth, width, pixels] = match ?? [];
  if (!match || (convolution === undefined) !== (pixels === undefined)) {
    throw new SurefootError(
      "spec",
      `${what}: "${text}" is no residual network; write resnet-tanh:3x64 (depth x width), conv-resnet-tanh:2x16@28 (… @ pixels), or JSON`,
    );
  }
  checkActivation(activation, what);
  const fields = { depth: Number(depth), width: Number(width), activation };
  const spec = pixels
    ? { kind: "convolutional-residual", ...fields, pixels: Number(pixels) }
    : { kind: "residual", ...fields };
  return parseSpec(networkSpec, spec, what);
}

function checkActivation(name: string, what: string): void {
  if ((PLAIN_ACTIVATIONS as readonly string[]).includes(name)) return;
  throw new SurefootError("spec", `${what}: unknown activation "${name}"; use one of ${PLAIN_ACTIVATIONS.join(", ")}`);
}

/** An initialiser from JSON or `gaussian`, `positive:A`, `boxed-lecun:BOX`, … . */
export function initialiserFromText(text: string): InitialiserSpec {
  const what = "initialiser";
  if (text.trimStart().startsWith("{")) return parseSpec(initialiserSpec, parseJson(text, what), what);
  const [kind, argument, ...rest] = text.split(":");
  const parameter = PARAMETER[kind];
  if (parameter === undefined) {
    throw new SurefootError("spec", `unknown initialiser "${kind}"; use one of ${INITIALISER_FORMS.join(", ")}`);
  }
  if (rest.length > 0 || (parameter === null) !== (argument === undefined)) {
    const form = INITIALISER_FORMS.find((name) => name.split(":")[0] === kind);
    throw new SurefootError("spec", `initialiser "${text}": write ${form}`);
  }
  if (parameter === null) return parseSpec(initialiserSpec, { kind }, what);
  const value = argument.trim() === "" ? Number.NaN : Number(argument);
  return parseSpec(initialiserSpec, { kind, [parameter]: value }, `${what} ${kind}`);
}

/** How each initialiser is written on a command line. */
export const INITIALISER_FORMS = [
  "gaussian",
  "lecun",
  "he",
  "sphere",
  "matched",
  "antisymmetric",
  "positive:A",
  "absolute-lecun",
  "boxed-lecun:BOX",
] as const;

/** The one parameter of an initialiser, or null. */
const PARAMETER: Readonly<Record<string, string | null>> = {
  gaussian: null,
  lecun: null,
  he: null,
  sphere: null,
  matched: null,
  antisymmetric: null,
  positive: "scale",
  "absolute-lecun": null,
  "boxed-lecun": "box",
};
