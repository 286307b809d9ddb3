/**
 * Misuse: an argument, a file or a spec that cannot be used. The message names what and where (file, row, column, field) and what to
 * do. Outcomes of a computation (undecided, diverged, no convergence) are data, never exceptions.
 */
export class SurefootError extends Error {
  override readonly name = "SurefootError";
  readonly code: SurefootErrorCode;
  constructor(code: SurefootErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** What kind of misuse it was. */
export type SurefootErrorCode =
  /** A file is missing, truncated, or not what its name says. */
  | "file"
  /** The data were read but cannot be used: a NaN, a ragged row, labels that are not numbers, a zero row. */
  | "data"
  /** A spec (network, initialiser, loss, step size) is malformed. */
  | "spec"
  /** Weights do not fit the network. */
  | "weights"
  /** A command-line or function argument is out of range. */
  | "argument"
  /** A backend was asked for that this machine does not have. */
  | "backend";
