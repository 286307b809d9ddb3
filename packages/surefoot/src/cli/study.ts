import { Command } from "commander";
import { SurefootError } from "../error.ts";
import { EXIT } from "./exit-code.ts";
import { wholeNumber } from "./inputs.ts";
import { createProgress, type Progress, print, say } from "./terminal.ts";

/** What `@surefoot/studies` exports for this command; it is built upon this package, so its types cannot be imported here. */
interface Studies {
  readonly perform: (id: string | undefined, options: StudyArguments, terminal: StudyTerminal) => Promise<void>;
}

/** The options of the command. */
export interface StudyArguments {
  readonly quick?: boolean;
  readonly out?: string;
  readonly gallery?: string;
  readonly threads?: number;
  readonly json?: boolean;
}

/** How a study speaks, and how it learns that it should stop. */
export interface StudyTerminal {
  readonly print: (line: string) => void;
  readonly say: (line: string) => void;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const STUDIES: string = "@surefoot/studies";

export function studyCommand(): Command {
  return new Command("study")
    .summary("repeat the figures and claims of the source papers")
    .description(
      "Runs a study: measures what a source paper shows or claims, and ends with a verdict\n" +
        "per claim. Finished pieces are kept, so that an interrupted study goes on where it\n" +
        "was. Leaves data (Parquet), figures (SVG, PNG) and study.json.",
    )
    .argument("[id]", "a study; without one, the list of them")
    .option("--quick", "a small form that takes less than a minute")
    .option("--out <folder>", "where results go (default: runs/studies/ID-quick or runs/studies/ID-full)")
    .option("--gallery <folder>", "collect the full runs below --out (default: runs/studies) into one page")
    .option("--threads <n>", "threads of the linear algebra", wholeNumber(1))
    .option("--json", "print the result as JSON on stdout")
    .addHelpText(
      "after",
      "\nExamples:\n  surefoot study\n  surefoot study du18-flips --quick\n  surefoot study --gallery docs/studies",
    )
    .action(run);
}

async function run(id: string | undefined, options: StudyArguments): Promise<void> {
  const { perform } = (await import(STUDIES)) as Studies; // a large part of the program that only this command needs
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort(new SurefootError("argument", "interrupted"));
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, interrupt);
  const progress = createProgress();
  try {
    await perform(id, options, { print, say, progress, signal: interrupted.signal });
  } catch (error) {
    progress.clear();
    if (!interrupted.signal.aborted) throw error;
    say("interrupted; finished pieces are kept: the same command goes on from them");
    process.exitCode = EXIT.failure;
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, interrupt);
  }
}
