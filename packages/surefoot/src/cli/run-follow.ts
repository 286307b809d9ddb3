import type { BackendInfo } from "@surefoot/linalg";
import type { CertifyOutcome } from "../certify/index.ts";
import type { Dataset } from "../data/dataset.ts";
import { asSquared, type TrainingProblem } from "../dynamics/problem.ts";
import type { Weights } from "../network/network.ts";
import { saveCheckpoint } from "../record/index.ts";
import type { NamedLossSpec } from "../spec/loss.ts";
import { isPlain } from "../spec/optimiser.ts";
import type { Certified } from "../train/certification.ts";
import type { RecordRow, TrainResult } from "../train/train.ts";
import type { Verdict } from "./exit-code.ts";
import type { RunOutput } from "./run-begin.ts";
import { writeRunCertificate } from "./run-certificate.ts";
import type { RunSpec } from "./run-spec.ts";
import { createProgress, format, say } from "./terminal.ts";

/** How a run of either engine ended. */
export type RunResult = Omit<TrainResult, "state" | "stopped"> & {
  readonly state: { readonly step: number; readonly loss: number };
  readonly stopped: TrainResult["stopped"] | "out-of-memory";
};

export interface FinishedRun {
  readonly result: RunResult;
  readonly verdict: Verdict;
  /** What `certify` says of the last iterate; null where the run was certified or diverged. */
  readonly lastOutcome: CertifyOutcome | null;
  readonly stepSize: number;
  readonly loss: NamedLossSpec;
  readonly seconds: number;
  readonly backend: BackendInfo;
  readonly dataset: Dataset;
  readonly rows: readonly RecordRow[];
  readonly columns: readonly string[];
  readonly spec: RunSpec;
  readonly parameters: number;
  readonly files: readonly string[];
  readonly folder: string | null;
  /** What the engine has to say beside the rest. */
  readonly notes?: readonly string[];
}

/** What an engine tells as it goes; `State` is what it needs to know again at a row. */
export type FollowedEvent<State> =
  | { readonly kind: "row"; readonly row: RecordRow; readonly state: State; readonly curveViolations: number }
  | { readonly kind: "certified"; readonly certified: Certified; readonly state: State };

/** What a checkpoint holds beside the spec. */
export interface Standing {
  readonly step: number;
  readonly weights: Weights;
  /** Of the engine or the optimiser, by name. */
  readonly state: Weights;
}

/** A run of one engine, whether it begins or goes on: what `followRun` needs of it. */
export interface Course<State, Result extends RunResult & { readonly state: State }> {
  readonly problem: TrainingProblem;
  readonly spec: RunSpec;
  readonly output: RunOutput;
  readonly columns: readonly string[];
  readonly events: AsyncGenerator<FollowedEvent<State>, Result>;
  /** `stopped`: the run has ended, and why. */
  checkpoint(state: State, stopped?: RunResult["stopped"]): Standing | Promise<Standing>;
  /** The weights that a certificate file is about, or why there is none. */
  certifiedWeights(state: State): Promise<Weights | string> | Weights | string;
  /** What the theorems say of the last state, where the run was not certified and has not diverged. */
  lastOutcome(result: Result): Promise<CertifyOutcome | null>;
  /** More for the line of progress. */
  progress?(): string;
  /** More for the summary, with everything written or about to be. */
  notes?(rows: readonly RecordRow[]): readonly string[];
}

const SAVE_EVERY_SECONDS = 20;

/** Follows a run to its end: progress, record, checkpoints, the certificate, and what a folder gets at last. */
export async function followRun<State, Result extends RunResult & { readonly state: State }>(
  course: Course<State, Result>,
): Promise<FinishedRun> {
  const { problem, spec, events } = course;
  const { folder, record } = course.output;
  const began = performance.now();
  const rows: RecordRow[] = record ? (record.rows as RecordRow[]).slice() : [];
  const progress = createProgress();
  const elapsed = () => spec.seconds + (performance.now() - began) / 1000;
  let certified = spec.certified as unknown as Certified | null;
  let { descentCertifiable } = spec;
  let lastSave = Number.NEGATIVE_INFINITY; // the first row is saved at once: a run that is killed can go on from there
  let lastMargin: number | null = null;
  let lastLambda: number | null = null;

  const save = async (standing: Standing, violations: number) => {
    if (!folder || !record) return;
    await record.save();
    const run: RunSpec = {
      ...spec,
      seconds: elapsed(),
      curveViolations: violations,
      certified: plain(certified),
      descentCertifiable,
    };
    await saveCheckpoint(folder, { run, ...standing });
    lastSave = performance.now();
  };

  const announce = async (found: Certified, state: State) => {
    progress.clear();
    const { step, loss, outcome } = found;
    say(
      `step ${format(step)}: certified by ${outcome.theorem} at loss ${format(loss)}, margin ${format(outcome.margin)}`,
    );
    if (!folder) return;
    const weights = await course.certifiedWeights(state);
    const squared = asSquared(problem);
    if (!squared) return;
    const missing = typeof weights === "string" ? weights : await writeRunCertificate(folder, squared, weights, spec);
    if (missing) say(`no certificate file: ${missing}`);
  };

  let next = await events.next();
  for (; !next.done; next = await events.next()) {
    const event = next.value;
    if (event.kind === "certified") {
      certified = event.certified;
      await announce(certified, event.state);
      continue;
    }
    rows.push(event.row);
    record?.append(event.row);
    lastMargin = event.row.margin ?? lastMargin;
    if (!isPlain(spec.optimiser) && lastMargin !== null && lastMargin > 1) {
      descentCertifiable ??= { step: event.row.step, loss: event.row.loss, margin: lastMargin };
    }
    lastLambda = event.row.lambdaMin ?? lastLambda;
    progress.update(
      `step ${format(event.row.step)}/${format(spec.steps)}  loss ${format(event.row.loss)}  λ_min ${format(lastLambda)}  ` +
        (course.progress ? `${course.progress()}  ` : "") +
        (certified
          ? `certified since step ${format(certified.step)}`
          : problem.objective.margin
            ? `${format(event.row.errors ?? 0)} misclassified`
            : `margin ${format(lastMargin)} (${isPlain(spec.optimiser) ? "certified" : "gradient descent from here certified"} above 1)`),
    );
    if (performance.now() - lastSave > SAVE_EVERY_SECONDS * 1000) {
      await save(await course.checkpoint(event.state), event.curveViolations);
    }
  }
  progress.clear();
  const result = next.value;
  await save(await course.checkpoint(result.state, result.stopped), result.curveViolations);
  const lastOutcome = result.certified || result.stopped === "diverged" ? null : await course.lastOutcome(result);
  const finished: FinishedRun = {
    result,
    verdict: verdictOf(result, lastOutcome, spec),
    lastOutcome,
    stepSize: spec.stepSize,
    loss: spec.loss,
    seconds: elapsed(),
    backend: problem.backend.info,
    dataset: problem.dataset,
    rows,
    columns: course.columns,
    spec,
    parameters: problem.network.parameters,
    files: [],
    folder: folder?.path ?? null,
    ...(course.notes ? { notes: course.notes(rows) } : {}),
  };
  if (!folder) return finished;
  const { writeOutputs } = await import("./train-outputs.ts"); // figures take a while to load, and only a run with a folder draws them
  return { ...finished, files: await writeOutputs(finished, folder) };
}

/** Of the run: a theorem about plain gradient descent from the last weights decides nothing about another optimiser. */
function verdictOf(result: RunResult, last: CertifyOutcome | null, { optimiser }: RunSpec): Verdict {
  if (result.certified) return "certified";
  if (last === null || (last.verdict === "certified" && !isPlain(optimiser))) return "undecided";
  return last.verdict;
}

/** As JSON holds it. */
function plain(certified: Certified | null): RunSpec["certified"] {
  return certified === null ? null : JSON.parse(JSON.stringify(certified));
}
