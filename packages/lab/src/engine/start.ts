import type { Backend } from "@surefoot/linalg";
import type { Experiment } from "../state/experiment.ts";
import { startLazy } from "./lazy-session.ts";
import { openDataset, prepare } from "./prepare.ts";
import type { News, OwnFile } from "./protocol.ts";
import { DirectSession, type Session } from "./session.ts";
import type { Pace } from "./turns.ts";

export interface StartOptions {
  readonly experiment: Experiment;
  readonly files: readonly OwnFile[];
  readonly base: string;
  readonly backend: Backend;
  readonly pace: Pace;
  readonly tell: (news: News, transfer?: Transferable[]) => void;
}

/** A session ready to run; throws with the reason where the experiment cannot be run. */
export async function startSession(run: number, options: StartOptions): Promise<Session> {
  const { experiment, files, base, backend, pace, tell } = options;
  if (experiment.engine === "lazy") {
    return startLazy(run, experiment, await openDataset(experiment.data, files, base), options);
  }
  return new DirectSession(run, await prepare(experiment, files, base, backend), pace, tell);
}
