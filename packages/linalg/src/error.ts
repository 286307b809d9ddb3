/** Misuse of this package: shapes that do not fit, arguments out of range. Numerical trouble is a status, never an exception. */
export class LinalgError extends Error {
  override readonly name = "LinalgError";
  readonly code: LinalgErrorCode;
  constructor(code: LinalgErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

/** What kind of misuse it was. */
export type LinalgErrorCode = "shape" | "argument" | "backend-unavailable" | "closed";
