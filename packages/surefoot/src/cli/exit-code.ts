/** What the shell learns (docs/cli.md): the verdict, or how the command failed; `rejected` is the answer of `verify`. */
export const EXIT = { ok: 0, failure: 1, usage: 2, undecided: 3, impossible: 4, rejected: 5 } as const;

export type Verdict = "certified" | "undecided" | "impossible";

export function exitCodeOf(verdict: Verdict): number {
  return verdict === "certified" ? EXIT.ok : EXIT[verdict];
}
