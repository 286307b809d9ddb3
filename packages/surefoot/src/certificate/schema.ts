import { z } from "zod";
import { hexPairSchema as number, hexPairsSchema as numbers } from "./hex-float.ts";

const count = z.int().min(0);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const layer = z.strictObject({
  rows: count,
  cols: count,
  /** s_ℓ in z_ℓ = s_ℓ W_ℓ h_{ℓ−1} + b_ℓ. */
  scale: number,
  /** Whether the layer has b_ℓ. */
  bias: z.boolean(),
  trainsWeight: z.boolean(),
  trainsBias: z.boolean(),
  /** t_ℓ in h_ℓ = [h_{ℓ−1}] + t_ℓ σ(z_ℓ); 1 where absent. */
  gain: number.optional(),
  /** Whether h_{ℓ−1} is added; false where absent. */
  skip: z.boolean().optional(),
  /** Where W_ℓ is applied to the patch around each pixel. */
  patches: z.strictObject({ pixels: count, filter: count }).optional(),
});

const hypothesis = z.strictObject({
  name: z.string(),
  status: z.enum(["proved", "computed", "assumed"]),
  statement: z.string(),
  value: z.number().nullable(),
  bound: z.number().nullable(),
  how: z.string(),
});

/** What every certificate has; docs/certificate-file.md says what each field means. */
const common = {
  format: z.literal("surefoot-certificate/1"),
  /** Of the program that wrote the file. */
  version: z.string(),
  statement: z.string(),
  loss: z.enum(["sum", "half-mean", "mean"]),
  data: z.strictObject({
    source: z.string(),
    steps: z.array(z.string()),
    options: z.record(z.string(), z.unknown()),
    n: count,
    d: count,
    sha256,
  }),
  weights: z.strictObject({ origin: z.string(), sha256 }),
  network: z.strictObject({
    activation: z.strictObject({ kind: z.string(), slope: number.optional() }),
    layers: z.array(layer).min(1),
  }),
  hypotheses: z.array(hypothesis),
  producer: z.strictObject({ warrant: z.enum(["proved", "computed", "assumed"]), backend: z.string() }),
  digest: sha256,
};

const rateConstants = {
  stepSize: number,
  lambdaMin: number,
  lambdaMax: number,
  residualNorm: number,
  radius: number,
  contraction: number,
  ratePerStep: number,
  margin: number,
};

const norms = z.strictObject({ weights: numbers, inputs: numbers, gradients: numbers, hadamard: number, data: number });

const s1 = z.strictObject({
  ...common,
  theorem: z.literal("S1"),
  form: z.enum(["standard", "larger step"]),
  constants: z.strictObject({ ...rateConstants, mu: number, kappa: number }),
  witness: z.strictObject({
    share: number,
    right: numbers,
    kappa: numbers,
    norms,
  }),
});

const s2 = z.strictObject({
  ...common,
  theorem: z.literal("S2"),
  form: z.enum(["full", "midpoint"]),
  constants: z.strictObject({ ...rateConstants, epsilon: number, path: number, deviation: number }),
  witness: z.strictObject({ unstable: z.array(z.array(count)), steps: count }),
});

const { lambdaMin: _, ...rateConstantsOfS3 } = rateConstants;

const s3 = z.strictObject({
  ...common,
  theorem: z.literal("S3"),
  form: z.literal("positive initialisation"),
  constants: z.strictObject({ ...rateConstantsOfS3, inputs: number, kappa: number }),
  witness: z.strictObject({ cells: count, norms }),
});

/** A certificate file. Its shape only: whether it is true is for `@surefoot/check` to say. */
export const certificateFile = z.discriminatedUnion("theorem", [s1, s2, s3]);

/** A certificate as it stands in a file (docs/certificate-file.md). */
export type CertificateFile = z.infer<typeof certificateFile>;

/** The JSON Schema that is published as docs/certificate.schema.json. */
export function certificateJsonSchema(): object {
  return { title: "Surefoot certificate", ...z.toJSONSchema(certificateFile) };
}
