import { z } from "zod";
import { SurefootError } from "../error.ts";
import { describeIssues } from "../spec/parse.ts";
import { seedSpec } from "./options.ts";

const whole = z.int({ error: "a whole number is needed" });

const common = {
  /** Number of samples and of coordinates. */
  n: whole.min(2, "at least two samples are needed"),
  d: whole.min(1, "at least one coordinate is needed"),
  seed: seedSpec.default(0),
};

/** `sign`: ±1 with equal probability; `gaussian`: N(0, 1); `uniform`: on [−1, 1]. */
const LABELS = ["sign", "gaussian", "uniform"] as const;
const labels = z.enum(LABELS, { error: `use one of ${LABELS.join(", ")}` }).default("sign");

const chord = z
  .number({ error: "a distance is needed" })
  .gt(0, "must be above 0")
  .max(2, "unit vectors are at most 2 apart");
const inPlane = whole.min(2, "at least two coordinates are needed");

/**
 * Artificial data. As text: `sphere:n=10,d=20,seed=0,labels=sign` — the kind, a colon, fields separated by commas.
 * Everything but `gaussian` has unit rows.
 */
export const generatorSpec = z.discriminatedUnion("kind", [
  /** Independent rows, uniform on the unit sphere. */
  z.strictObject({ kind: z.literal("sphere"), ...common, labels }),
  /** Independent rows N(0, I_d); kept as such only under `normalize: "none"`. */
  z.strictObject({ kind: z.literal("gaussian"), ...common, labels }),
  /** n orthonormal rows, d ≥ n, uniform among all such (Haar measure), orthonormal to rounding. */
  z.strictObject({ kind: z.literal("orthonormal"), ...common, labels }),
  /** The first n ≤ d unit vectors e_1 … e_n: orthonormal without rounding. */
  z.strictObject({ kind: z.literal("basis"), ...common, labels }),
  /** As `sphere`, but rows 0 and 1 are at distance ε. */
  z.strictObject({ kind: z.literal("colliding-pair"), ...common, d: inPlane, epsilon: chord, labels }),
  /** As `sphere`, conditioned on all distances being at least δ: rows placed one after the other, too close ones drawn again. */
  z.strictObject({ kind: z.literal("separated"), ...common, delta: chord, labels }),
  /**
   * Even rows around one centre, odd rows around another at distance `distance`: centre + spread·g/√d with g ∼ N(0, I_d), put back on the
   * sphere. `cluster` labels them −1 and +1.
   */
  z.strictObject({
    kind: z.literal("two-clusters"),
    ...common,
    d: inPlane,
    distance: chord.default(1),
    spread: z.number().positive().default(0.3),
    labels: z.enum([...LABELS, "cluster"], { error: `use one of ${LABELS.join(", ")}, cluster` }).default("cluster"),
  }),
]);

/** A generator with every field. */
export type GeneratorSpec = z.infer<typeof generatorSpec>;
/** A generator as a user may write it: fields with a default may be left out. */
export type GeneratorInput = z.input<typeof generatorSpec>;
export type LabelLaw = GeneratorSpec["labels"];

/** Names of the generators. */
export const GENERATOR_KINDS: readonly string[] = generatorSpec.options.map((option) => option.shape.kind.value);

/** The spec with its defaults; throws `argument` naming each field that does not fit. */
export function resolveGenerator(input: GeneratorInput, shown = JSON.stringify(input)): GeneratorSpec {
  const result = generatorSpec.safeParse(input);
  if (!result.success) throw new SurefootError("argument", `${shown}: ${describeIssues(result.error)}`);
  const spec = result.data;
  if ((spec.kind === "orthonormal" || spec.kind === "basis") && spec.d < spec.n) {
    throw new SurefootError(
      "argument",
      `${shown}: ${spec.n} orthonormal rows need at least ${spec.n} coordinates; set d=${spec.n} or more`,
    );
  }
  return spec;
}

/** Whether a source is meant as a generator: a kebab-case word of two letters or more, then a colon (so not `C:\data.csv`). */
export function isGeneratorText(source: string): boolean {
  return /^[a-z][a-z-]+:/.test(source) || GENERATOR_KINDS.includes(source);
}

/** Reads `kind:field=value,…`. Throws `argument` for an unknown kind or field, a field given twice, or a value that does not fit. */
export function parseGenerator(source: string): GeneratorSpec {
  const colon = source.indexOf(":");
  const kind = colon < 0 ? source : source.slice(0, colon);
  const option = generatorSpec.options.find(({ shape }) => shape.kind.value === kind);
  if (option === undefined) {
    throw new SurefootError("argument", `${source}: no generator "${kind}"; there are ${GENERATOR_KINDS.join(", ")}`);
  }
  const fields: Record<string, string | number> = {};
  for (const part of colon < 0 ? [] : source.slice(colon + 1).split(",")) {
    const [name, value, ...more] = part.split("=").map((text) => text.trim());
    if (!name || !value || more.length > 0) {
      throw new SurefootError("argument", `${source}: "${part}" is not of the form field=value`);
    }
    if (!(name in option.shape) || name === "kind") {
      const known = Object.keys(option.shape).filter((field) => field !== "kind");
      throw new SurefootError("argument", `${source}: ${kind} has no field "${name}"; it has ${known.join(", ")}`);
    }
    if (name in fields) throw new SurefootError("argument", `${source}: ${name} is given twice`);
    fields[name] = name === "labels" || Number.isNaN(Number(value)) ? value : Number(value);
  }
  return resolveGenerator({ kind, ...fields } as GeneratorInput, source);
}

/** The spec as text that `parseGenerator` reads back to the same spec. */
export function formatGenerator(spec: GeneratorSpec): string {
  const fields = Object.entries(spec).filter(([name]) => name !== "kind");
  return `${spec.kind}:${fields.map(([name, value]) => `${name}=${value}`).join(",")}`;
}
