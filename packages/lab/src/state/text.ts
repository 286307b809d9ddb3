import { type InitialiserSpec, type NetworkSpec, networkFromText } from "surefoot";

/** The shortest text that `networkFromText` reads back as this network. */
export function networkText(spec: NetworkSpec): string {
  const short =
    spec.kind === "two-layer-relu"
      ? `two-layer-relu:${spec.width}`
      : spec.kind === "fully-connected" && typeof spec.activation === "string"
        ? `${spec.activation}:${spec.widths.join(",")}`
        : undefined;
  if (short && JSON.stringify(networkFromText(short)) === canonical(spec)) return short;
  return JSON.stringify(spec);
}

/** A network in two or three words. */
export function networkTitle(spec: NetworkSpec): string {
  if (spec.kind === "two-layer-relu") return `two-layer ReLU, m = ${spec.width}`;
  const activation = typeof spec.activation === "string" ? spec.activation : spec.activation.kind;
  if (spec.kind === "fully-connected") return `${activation}, ${spec.widths.join(" × ")}`;
  return `${spec.kind}, ${activation}, ${spec.depth} × ${spec.width}`;
}

/** With the fields in the order of the schema. */
const canonical = (spec: NetworkSpec) => JSON.stringify(networkFromText(JSON.stringify(spec)));

/** The text that `initialiserFromText` reads back as this initialiser. */
export function initialiserText(spec: InitialiserSpec): string {
  switch (spec.kind) {
    case "positive":
      return `positive:${spec.scale}`;
    case "boxed-lecun":
      return `boxed-lecun:${spec.box}`;
    case "gaussian":
    case "sphere":
    case "matched":
    case "antisymmetric":
      return spec.output === undefined ? spec.kind : JSON.stringify(spec);
    default:
      return spec.kind;
  }
}
