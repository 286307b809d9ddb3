/**
 * One loaded BLAS + LAPACK, called through its Fortran interface, which OpenBLAS, Accelerate, MKL, BLIS/libflame and netlib share:
 * every argument a pointer, a hidden length after the others for each character.
 *
 * Integers are passed in zero-extended 64-bit little-endian cells: a library of 64-bit integers reads the cell, one of 32-bit
 * integers its low half, so both kinds are called alike.
 */
import type { Candidate } from "./candidates.ts";
import { firstLine, type Koffi } from "./host.ts";
import { createTurns } from "./turns.ts";

/** How many arguments each routine has, and how many of them are characters, each with a hidden length at the end. */
const SIGNATURES = {
  dgemm: { args: 13, characters: 2 },
  dsyrk: { args: 10, characters: 2 },
  dsymv: { args: 10, characters: 1 },
  dtrsm: { args: 11, characters: 4 },
  dtrsv: { args: 8, characters: 3 },
  dpotrf: { args: 5, characters: 1 },
  dsyevd: { args: 11, characters: 2 },
} as const;

export type Routine = keyof typeof SIGNATURES;

/** What a routine takes: an array by reference, a number wrapped by `integer` or `real`, a character by its code. */
export type Argument = Float64Array | BigInt64Array | Uint8Array;

/** How libraries decorate `dgemm`; what they put round `openblas_get_config` follows. */
const FLAVOURS = [
  { routine: (name: string) => `${name}_`, extra: (name: string) => name },
  { routine: (name: string) => `${name}_64_`, extra: (name: string) => `${name}64_` },
  { routine: (name: string) => `scipy_${name}_`, extra: (name: string) => `scipy_${name}` },
  { routine: (name: string) => `scipy_${name}_64_`, extra: (name: string) => `scipy_${name}64_` },
  { routine: (name: string) => name, extra: (name: string) => name },
] as const;

export interface NativeLibrary {
  readonly path: string;
  readonly kind: "OpenBLAS" | "Accelerate" | "BLAS";
  /** e.g. "OpenBLAS 0.3.21 (Cooperlake)"; of an unknown BLAS its path. */
  readonly title: string;
  /** The instruction-set family OpenBLAS chose its kernels for. */
  readonly core: string | undefined;
  /** Number of threads the library uses for a call that is not `alone`, 1 when it does not say. */
  threads(): number;
  /** For the whole process: the library has one pool of threads. Ignored where the library has no such call. */
  setThreads(count: number): void;
  /**
   * Calls a routine: at once below `ASYNC_FLOPS`, else on another thread. Arguments are kept alive until it returns. With `alone` it gets one
   * thread of the library, and several such calls run side by side; calls of the other kind wait for them, and they for those.
   */
  call(routine: Routine, flops: number, args: readonly Argument[], alone?: boolean): Promise<void>;
  /** As `call`, always at once. */
  callNow(routine: Routine, args: readonly Argument[]): void;
}

/** Work above this many operations (half a millisecond to a few, by machine) leaves the event loop's thread; the way there and back costs 0.03 ms. */
export const ASYNC_FLOPS = 5e7;

export const integer = (value: number): BigInt64Array => BigInt64Array.of(BigInt(value));
export const real = (value: number): Float64Array => Float64Array.of(value);
export const character = (value: string): Uint8Array => Uint8Array.of(value.charCodeAt(0));

/** An integer that a routine wrote: the low half, which both kinds of library fill. */
export const written = (cell: BigInt64Array): number => Number(BigInt.asIntN(32, cell[0]));

/** INFO as LAPACK wrote it: 0, or a positive number with the routine's own meaning. Negative is a wrong argument, a bug of the caller. */
export function infoOf(routine: Routine, cell: BigInt64Array): number {
  const info = written(cell);
  if (info < 0) throw new Error(`${routine} refused its argument number ${-info}`);
  return info;
}

/** Loads a candidate, or says why it will not do. */
export function openLibrary(koffi: Koffi, candidate: Candidate): NativeLibrary | { readonly reason: string } {
  const { path, named } = candidate;
  let handle: ReturnType<Koffi["load"]>;
  try {
    handle = koffi.load(path);
  } catch (error) {
    return { reason: firstLine(error) };
  }
  const flavour = FLAVOURS.find(({ routine }) => has(handle, routine("dgemm")));
  if (!flavour) return { reason: `${path} has no dgemm under any usual name` };
  const missing = (Object.keys(SIGNATURES) as Routine[]).filter((name) => !has(handle, flavour.routine(name)));
  if (missing.length > 0) return { reason: `${path} lacks ${missing.join(", ")} (a BLAS without LAPACK?)` };

  const extra = (name: string, result: string, parameters: string[]) =>
    has(handle, flavour.extra(name)) ? handle.func(flavour.extra(name), result, parameters) : undefined;
  const config = extra("openblas_get_config", "str", [])?.() as string | undefined;
  const core = extra("openblas_get_corename", "str", [])?.() as string | undefined;
  const getThreads = extra("openblas_get_num_threads", "int", []);
  const setThreads = extra("openblas_set_num_threads", "void", ["int"]);
  let threads = getThreads ? (getThreads() as number) : 1;
  const turns = createTurns(
    (alone) => setThreads?.(alone ? 1 : threads),
    () => threads,
  );
  const kind = config ? "OpenBLAS" : /Accelerate/.test(path) ? "Accelerate" : "BLAS";
  if (kind === "BLAS" && !named) {
    return { reason: `${path} is neither OpenBLAS nor Accelerate; name it with SUREFOOT_BLAS to use it all the same` };
  }

  const functions = Object.fromEntries(
    (Object.keys(SIGNATURES) as Routine[]).map((name) => [
      name,
      handle.func(flavour.routine(name), "void", [
        ...new Array<string>(SIGNATURES[name].args).fill("void *"),
        ...new Array<string>(SIGNATURES[name].characters).fill("size_t"),
      ]),
    ]),
  ) as Record<Routine, ReturnType<typeof handle.func>>;
  const lengths = (routine: Routine) => new Array<number>(SIGNATURES[routine].characters).fill(1);

  const callNow = (routine: Routine, args: readonly Argument[]): void => {
    functions[routine](...args, ...lengths(routine));
  };

  return {
    path,
    kind,
    title: titleOf(kind, path, config, core),
    core,
    threads: () => threads,
    setThreads: (count) => {
      setThreads?.(count);
      if (getThreads) threads = getThreads() as number;
    },
    callNow,
    call: async (routine, flops, args, alone = false) => {
      if (flops < ASYNC_FLOPS) return callNow(routine, args);
      const leave = await turns.enter(alone && threads > 1);
      return new Promise((resolve, reject) => {
        functions[routine].async(...args, ...lengths(routine), (error: unknown) => {
          leave();
          // `args` is named here so that no argument is collected while the library works on it.
          if (error) reject(new Error(`${routine} (${args.length} arguments): ${firstLine(error)}`));
          else resolve();
        });
      });
    },
  };
}

function titleOf(kind: NativeLibrary["kind"], path: string, config?: string, core?: string): string {
  if (kind !== "OpenBLAS") return kind === "Accelerate" ? "Accelerate" : `BLAS ${path}`;
  const version = /OpenBLAS\s+([\d.]+\d)/.exec(config ?? "")?.[1] ?? "of unknown version";
  return `OpenBLAS ${version}${core ? ` (${core})` : ""}`;
}

function has(handle: ReturnType<Koffi["load"]>, name: string): boolean {
  try {
    handle.symbol(name);
    return true;
  } catch {
    return false;
  }
}
