import { z } from "zod";
import { SurefootError } from "../error.ts";
import { parseSpec } from "./parse.ts";
import { type ScheduleSpec, scheduleSpec } from "./schedule.ts";
import { parseJson } from "./shorthand.ts";

const share = z.number().min(0).lt(1);
const epsilon = z.number().min(0).default(1e-8);

/** Which samples a step looks at: B of them, a function of (seed, step) alone. */
export const batchSpec = z.strictObject({
  size: z.number().int().min(1),
  seed: z.number().int().min(0).default(0),
  /** `independent`: B different samples anew in every step (Zou et al. 2019); `epochs`: each sample once per pass, passes shuffled. */
  sampling: z.enum(["independent", "epochs"]).default("independent"),
});
/** A way of drawing minibatches, every default filled in. */
export type BatchSpec = z.infer<typeof batchSpec>;

/** What every optimiser that makes steps shares. */
const steps = {
  schedule: scheduleSpec.default({ kind: "constant" }),
  /** Absent: every sample in every step. */
  batch: batchSpec.optional(),
};

/** Schema of an optimiser; g is the gradient of the loss as the user writes it, on the batch. The conventions are PyTorch's. */
export const optimiserSpec = z.discriminatedUnion("kind", [
  /** θ ← θ − η_k g. */
  z.strictObject({ kind: z.literal("gradient-descent"), ...steps }),
  /** v ← momentum·v + g, θ ← θ − η_k v. */
  z.strictObject({ kind: z.literal("momentum"), momentum: share.default(0.9), ...steps }),
  /** v ← momentum·v + g, θ ← θ − η_k(g + momentum·v). */
  z.strictObject({ kind: z.literal("nesterov"), momentum: share.default(0.9), ...steps }),
  /** s ← decay·s + (1 − decay)g², θ ← θ − η_k g/(√s + ε). */
  z.strictObject({ kind: z.literal("rmsprop"), decay: share.default(0.99), epsilon, ...steps }),
  /** m ← β₁m + (1 − β₁)g, s ← β₂s + (1 − β₂)g², θ ← θ − η_k m̂/(√ŝ + ε), m̂ = m/(1 − β₁^{k+1}), ŝ = s/(1 − β₂^{k+1}). */
  z.strictObject({
    kind: z.literal("adam"),
    beta1: share.default(0.9),
    beta2: share.default(0.999),
    epsilon,
    ...steps,
  }),
  /** dθ/dt = −∇L, seen at the times kη; local errors of u(t) per step at most tolerance·‖ℓ'(u)‖ + absolute·√n. */
  z.strictObject({
    kind: z.literal("gradient-flow"),
    tolerance: z.number().min(1e-13).max(0.1).default(1e-6),
    absolute: z.number().min(0).default(1e-12),
  }),
]);

/** An optimiser as data, every default filled in. */
export type OptimiserSpec = z.infer<typeof optimiserSpec>;
/** As a user may write it: fields with a default may be left out. */
export type OptimiserInput = z.input<typeof optimiserSpec>;
export type OptimiserKind = OptimiserSpec["kind"];

export const GRADIENT_DESCENT: Extract<OptimiserSpec, { readonly kind: "gradient-descent" }> = {
  kind: "gradient-descent",
  schedule: { kind: "constant" },
};

/** Full-batch gradient descent with one step size: the only method that the theorems speak of. */
export function isPlain(spec: OptimiserSpec): boolean {
  return spec.kind === "gradient-descent" && spec.schedule.kind === "constant" && spec.batch === undefined;
}

/** How each optimiser is written on a command line, with the field that its one argument sets. */
const SHORTHANDS: Readonly<Record<string, { readonly kind: OptimiserKind; readonly field?: string }>> = {
  "gradient-descent": { kind: "gradient-descent" },
  sgd: { kind: "gradient-descent", field: "batch" },
  momentum: { kind: "momentum", field: "momentum" },
  nesterov: { kind: "nesterov", field: "momentum" },
  rmsprop: { kind: "rmsprop", field: "decay" },
  adam: { kind: "adam" },
  "gradient-flow": { kind: "gradient-flow", field: "tolerance" },
};

/** The forms that `optimiserFromText` reads. */
export const OPTIMISER_FORMS = [
  "gradient-descent",
  "sgd:BATCH",
  "momentum[:0.9]",
  "nesterov[:0.9]",
  "rmsprop[:0.99]",
  "adam",
  "gradient-flow[:1e-6]",
] as const;

/** An optimiser from JSON or `adam`, `momentum:0.9`, `sgd:32`, `gradient-flow:1e-8`, … . Throws `spec`. */
export function optimiserFromText(text: string): OptimiserSpec {
  const what = "optimiser";
  if (text.trimStart().startsWith("{")) return parseSpec(optimiserSpec, parseJson(text, what), what);
  const [name, argument, ...rest] = text.trim().split(":");
  const known = Object.hasOwn(SHORTHANDS, name) ? SHORTHANDS[name] : undefined;
  if (!known) throw new SurefootError("spec", `unknown optimiser "${name}"; use one of ${OPTIMISER_FORMS.join(", ")}`);
  const wanted = OPTIMISER_FORMS.find((form) => form.startsWith(name));
  const wrong = new SurefootError("spec", `optimiser "${text}": write ${wanted}, or JSON`);
  if (rest.length > 0 || (argument !== undefined && known.field === undefined)) throw wrong;
  if (name === "sgd" && argument === undefined) throw wrong;
  if (argument === undefined) return parseSpec(optimiserSpec, { kind: known.kind }, what);
  const value = argument.trim() === "" ? Number.NaN : Number(argument);
  const given = known.field === "batch" ? { batch: { size: value } } : { [known.field as string]: value };
  return parseSpec(optimiserSpec, { kind: known.kind, ...given }, `${what} ${text}`);
}

/** The forms that `scheduleFromText` reads. */
export const SCHEDULE_FORMS = [
  "constant",
  "step-decay:EVERY:FACTOR",
  "cosine:STEPS[:FLOOR]",
  "inverse-time:RATE",
  "list:F0,F1,…",
] as const;

/** A schedule from JSON or `cosine:1000`, `step-decay:100:0.5`, `inverse-time:0.01`, `list:1,0.5,0.1`. Throws `spec`. */
export function scheduleFromText(text: string): ScheduleSpec {
  const what = "schedule";
  if (text.trimStart().startsWith("{")) return parseSpec(scheduleSpec, parseJson(text, what), what);
  const [kind, ...given] = text.trim().split(":");
  const form = SCHEDULE_FORMS.find((each) => each.split(":")[0] === kind);
  if (!form) throw new SurefootError("spec", `unknown schedule "${kind}"; use one of ${SCHEDULE_FORMS.join(", ")}`);
  if (kind === "list") {
    const factors = given.length === 1 ? given[0].split(",").map(numberOf) : [];
    return parseSpec(scheduleSpec, { kind, factors }, `${what} ${text}`);
  }
  const names = FIELDS[kind];
  if (
    given.length > names.length ||
    (given.length < names.length && kind !== "cosine") ||
    (kind === "cosine" && given.length === 0)
  ) {
    throw new SurefootError("spec", `schedule "${text}": write ${form}`);
  }
  const fields = Object.fromEntries(given.map((value, i) => [names[i], numberOf(value)]));
  return parseSpec(scheduleSpec, { kind, ...fields }, `${what} ${text}`);
}

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  constant: [],
  "step-decay": ["every", "factor"],
  cosine: ["steps", "floor"],
  "inverse-time": ["rate"],
};

function numberOf(text: string): number {
  return text.trim() === "" ? Number.NaN : Number(text);
}
