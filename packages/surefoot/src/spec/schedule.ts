import { z } from "zod";

const positive = z.number().positive();
const whole = z.number().int().min(1);

/** How the step size η_k of step k (0, 1, …) follows from the run's η. */
export const scheduleSpec = z.discriminatedUnion("kind", [
  /** η_k = η. */
  z.strictObject({ kind: z.literal("constant") }),
  /** η_k = η·factor^⌊k/every⌋. */
  z.strictObject({ kind: z.literal("step-decay"), every: whole, factor: positive }),
  /** η_k = η·(floor + (1 − floor)·½(1 + cos(π·min(k, steps)/steps))). */
  z.strictObject({ kind: z.literal("cosine"), steps: whole, floor: z.number().min(0).max(1).default(0) }),
  /** η_k = η/(1 + rate·k). */
  z.strictObject({ kind: z.literal("inverse-time"), rate: z.number().min(0) }),
  /** η_k = η·factors[k]; the last one stays. */
  z.strictObject({ kind: z.literal("list"), factors: z.array(positive).min(1) }),
]);

/** A step-size schedule as data. */
export type ScheduleSpec = z.infer<typeof scheduleSpec>;
