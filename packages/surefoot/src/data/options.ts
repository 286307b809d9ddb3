import { z } from "zod";
import { SurefootError } from "../error.ts";
import { describeIssues } from "../spec/parse.ts";

/** A seed of the counter-based generator: a whole number from 0 to 2⁵³ − 1. */
export const seedSpec = z.int({ error: "a whole number from 0 to 2^53 - 1 is needed" }).min(0);

/** What `normalize` may be. */
export const NORMALIZATIONS = ["unit-rows", "center", "center,unit-rows", "none"] as const;
/** One of `NORMALIZATIONS`. */
export type Normalization = (typeof NORMALIZATIONS)[number];

/** New labels for the chosen samples: `shuffle` permutes the ones they have, `sign` draws ±1 with equal probability. */
const randomLabels = z.strictObject({
  kind: z.enum(["shuffle", "sign"]).default("shuffle"),
  seed: seedSpec.default(0),
});

/** How a source becomes a Dataset. The steps run in this order: classes, samples, randomLabels, normalize, mu. */
export const dataOptions = z.strictObject({
  /** CSV and Parquet: name of the label column; the last column otherwise. */
  label: z.string().min(1).optional(),
  /** `.npy` and IDX: the file of labels, when the source names only the inputs. */
  labels: z.string().min(1).optional(),
  /** Labels to keep. Exactly two become −1 and +1 in this order (text labels allowed); three or more stay as the numbers they are. */
  classes: z
    .array(z.string().trim().min(1))
    .min(2, "name at least two classes")
    .refine((classes) => new Set(classes).size === classes.length, "a class is named twice")
    .readonly()
    .optional(),
  /** Number of samples to choose, all equally likely; they keep the order of the source. */
  samples: z.number().int().min(2, "at least two samples are needed").optional(),
  /** Seed of the choice of samples. */
  seed: seedSpec.default(0),
  /** A bare number is the seed of a shuffle. */
  randomLabels: z.union([seedSpec.transform((seed) => ({ kind: "shuffle" as const, seed })), randomLabels]).optional(),
  /** `center` subtracts the column means of the chosen samples; `unit-rows` divides each row by its Euclidean length. */
  normalize: z
    .enum(NORMALIZATIONS, { error: `use one of ${NORMALIZATIONS.map((name) => `"${name}"`).join(", ")}` })
    .default("unit-rows"),
  /** Adds the coordinate μ: x ← (√(1 − μ²)·x/‖x‖, μ) (Zou et al. 2019; theory/03). */
  mu: z.number().gt(0).lt(1).optional(),
});

/** How data are selected and normalised, every default filled in. */
export type DataOptions = z.infer<typeof dataOptions>;
/** As a user may write it: fields with a default may be left out. */
export type DataOptionsInput = z.input<typeof dataOptions>;

/** The options with their defaults; throws `argument` naming each field that does not fit. */
export function parseDataOptions(input: DataOptionsInput): DataOptions {
  const result = dataOptions.safeParse(input);
  if (result.success) return result.data;
  throw new SurefootError("argument", `data options: ${describeIssues(result.error)}`);
}
