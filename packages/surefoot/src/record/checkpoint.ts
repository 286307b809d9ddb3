/**
 * What a run needs to go on: run.json says what is run, weights.safetensors holds the weights together with their step and the
 * optimiser's state, so that these three always belong together whatever interrupts the writing.
 */
import { z } from "zod";
import { readFromDisk } from "../data/file-system.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";
import { describeIssues } from "../spec/parse.ts";
import type { RunFolder } from "./run-folder.ts";
import { formatSafetensors, parseSafetensors, type Tensor } from "./safetensors.ts";
import { fromTensors, weightTensors } from "./weights-file.ts";
import { writeAtomically } from "./write-atomically.ts";

const FORMAT = "surefoot run 1";

/** Where a run stands. */
export interface Checkpoint<Run> {
  /** Specs and options as plain data: JSON's round trip must be the identity on it. */
  readonly run: Run;
  readonly step: number;
  readonly weights: Weights;
  /** Tensors of the optimiser (momentum, say) by name. */
  readonly state: Weights;
}

/** Prefix of the optimiser's tensors in the weights file; no tensor of a network has a dot in its name. */
const STATE = "state.";

/** Writes both files, the weights first: `step` in run.json is for readers, the one beside the weights counts. */
export async function saveCheckpoint<Run>(
  folder: RunFolder,
  { run, step, weights, state }: Checkpoint<Run>,
): Promise<void> {
  const rename = ([name, tensor]: [string, Tensor]) => [`${STATE}${name}`, tensor];
  const tensors = {
    ...weightTensors(weights),
    ...Object.fromEntries(Object.entries(weightTensors(state)).map(rename)),
  };
  await writeAtomically(
    folder.weights,
    formatSafetensors({ tensors, metadata: { format: FORMAT, step: String(step) } }),
  );
  await writeAtomically(folder.run, `${JSON.stringify({ format: FORMAT, step, run }, null, 2)}\n`);
}

/** Reads the last checkpoint; `schema` is that of `run`. Throws `file` or `data` naming the file and the field. */
export async function loadCheckpoint<Run>(folder: RunFolder, schema: z.ZodType<Run>): Promise<Checkpoint<Run>> {
  const { tensors, metadata } = parseSafetensors(await readFromDisk(folder.weights), folder.weights);
  const step = Number(metadata.step ?? Number.NaN);
  if (metadata.format !== FORMAT || !Number.isSafeInteger(step) || step < 0) {
    throw new SurefootError(
      "file",
      `${folder.weights}: not the weights of a run (no step beside them); it cannot be continued`,
    );
  }
  const file = z.strictObject({ format: z.literal(FORMAT), step: z.int(), run: schema });
  const parsed = file.safeParse(parseJson(await readFromDisk(folder.run), folder.run));
  if (!parsed.success) throw new SurefootError("data", `${folder.run}: ${describeIssues(parsed.error)}`);
  const all = Object.entries(fromTensors(tensors, folder.weights));
  return {
    run: parsed.data.run as Run,
    step,
    weights: Object.fromEntries(all.filter(([name]) => !name.startsWith(STATE))),
    state: Object.fromEntries(
      all.flatMap(([name, tensor]) => (name.startsWith(STATE) ? [[name.slice(STATE.length), tensor]] : [])),
    ),
  };
}

function parseJson(bytes: Uint8Array, path: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new SurefootError("file", `${path}: not JSON (${cause instanceof Error ? cause.message : cause})`, { cause });
  }
}
