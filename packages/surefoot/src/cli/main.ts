import { LinalgError } from "@surefoot/linalg";
import { Command, CommanderError } from "commander";
import { SurefootError } from "../error.ts";
import { certifyCommand } from "./certify.ts";
import { doctorCommand } from "./doctor.ts";
import { EXIT } from "./exit-code.ts";
import { explainCommand } from "./explain.ts";
import { initCommand } from "./init.ts";
import { kernelCommand } from "./kernel.ts";
import { labCommand } from "./lab.ts";
import { networksCommand } from "./networks.ts";
import { neuronCommand } from "./neuron.ts";
import { planCommand } from "./plan.ts";
import { predictCommand } from "./predict.ts";
import { studyCommand } from "./study.ts";
import { say } from "./terminal.ts";
import { trainCommand } from "./train.ts";
import { verifyCommand } from "./verify.ts";
import { VERSION } from "./version.ts";

export function createProgram(): Command {
  const program = new Command("surefoot")
    .description(
      "Given a network, data and weights: is it a theorem that gradient descent\n" +
        "reaches zero training loss from here, how fast, and with which step size?",
    )
    .version(VERSION)
    .showHelpAfterError('(try "surefoot help" or "surefoot <command> --help")')
    .exitOverride();
  for (const command of [
    certifyCommand(),
    verifyCommand(),
    trainCommand(),
    neuronCommand(),
    planCommand(),
    explainCommand(),
    initCommand(),
    kernelCommand(),
    labCommand(),
    predictCommand(),
    studyCommand(),
    doctorCommand(),
    networksCommand(),
  ])
    program.addCommand(command.exitOverride().showHelpAfterError(false));
  return program;
}

/** Runs one command line; sets the exit code, never throws. */
export async function main(argv: readonly string[]): Promise<void> {
  // a reader that has seen enough (`| head`) is no failure, and a run goes on without it
  for (const stream of [process.stdout, process.stderr]) stream.on("error", ignoreClosedPipe);
  try {
    await createProgram().parseAsync([...argv]);
  } catch (error) {
    process.exitCode = report(error);
  }
}

function ignoreClosedPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof SurefootError || (error instanceof LinalgError && error.code !== "closed")) {
    say(`error: ${error.message}`);
    return EXIT.usage;
  }
  if (error instanceof RangeError && /array (length|buffer)/i.test(error.message)) {
    say("error: the network, the data or the kernel do not fit into memory; choose fewer neurons or samples");
    return EXIT.failure;
  }
  say(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  return EXIT.failure;
}
