import type { BackendName } from "./backend.ts";
import { chooseBackend } from "./choose.ts";
import { findNativeLibrary, howToGetNative, type Refusal } from "./native/backend.ts";
import { firstLine, nodeProcess } from "./native/host.ts";

/** What this machine and engine offer to linear algebra, as plain data (JSON round trip is the identity). */
export interface DoctorReport {
  readonly runtime: {
    /** e.g. "v22.12.0"; absent in a browser. */
    readonly node?: string;
    readonly platform: string;
    readonly processor?: string;
    /** Hardware threads this process may use. */
    readonly threads: number;
    /** 128-bit WebAssembly SIMD. */
    readonly simd: boolean;
    /** Relaxed SIMD: fused multiply-add. On from Node 22. */
    readonly relaxedSimd: boolean;
    /** Memory shared with worker threads; a browser gives it to cross-origin-isolated pages only. */
    readonly sharedMemory: boolean;
  };
  readonly backends: readonly BackendReport[];
  /** What `chooseBackend("auto")` takes here. */
  readonly auto?: BackendName;
  /** Libraries that were tried for the native backend before one was taken, and why not. */
  readonly refusedLibraries: readonly Refusal[];
  /** What could be better, and what to do. */
  readonly advice: readonly string[];
}

/** One backend as this machine has it, or not. */
export interface BackendReport {
  readonly name: BackendName;
  readonly available: boolean;
  /** What it runs on, or why it is missing. */
  readonly detail: string;
  readonly threads?: number;
  readonly deterministic?: boolean;
  /** Path of the shared library. */
  readonly library?: string;
}

/** Examines this machine; makes and closes every backend that works. Never throws. */
export async function doctor(): Promise<DoctorReport> {
  const search = await findNativeLibrary();
  const backends: BackendReport[] = [];
  for (const name of ["native", "wasm", "reference"] as const) {
    const report = await examine(name);
    backends.push(name === "native" && search.library ? { ...report, library: search.library.path } : report);
  }
  const runtime = describeRuntime();
  const auto = (["native", "wasm"] as const).find((name) => backends.some((b) => b.name === name && b.available));
  const advice: string[] = [];
  if (!backends[0].available) advice.push(howToGetNative());
  advice.push(...adviseOnLibrary(search.library?.core), ...adviseOnRuntime(runtime));
  return { runtime, backends, ...(auto ? { auto } : {}), refusedLibraries: search.refused, advice };
}

async function examine(name: BackendName): Promise<BackendReport> {
  try {
    const { backend } = await chooseBackend(name);
    const { detail, threads, deterministic } = backend.info;
    await backend.close();
    return { name, available: true, detail, threads, deterministic };
  } catch (error) {
    return { name, available: false, detail: firstLine(error) };
  }
}

function describeRuntime(): DoctorReport["runtime"] {
  const host = nodeProcess();
  const os = host?.getBuiltinModule("node:os");
  const processor = os?.cpus()[0]?.model.trim();
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return {
    ...(host ? { node: host.version } : {}),
    platform: host ? `${host.platform} ${host.arch}` : "browser",
    ...(processor ? { processor } : {}),
    threads: os?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1,
    simd: WebAssembly.validate(oneFunction([0x41, 0, 0xfd, 0x0f])), // i32.const 0, i8x16.splat
    relaxedSimd: WebAssembly.validate(
      oneFunction([0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0x41, 0, 0xfd, 0x0f, 0xfd, 0x87, 0x02]), // f64x2.relaxed_madd
    ),
    sharedMemory: typeof SharedArrayBuffer === "function" && (host !== undefined || isolated === true),
  };
}

/** A module with one function () → v128 of the given instructions. */
function oneFunction(code: readonly number[]): Uint8Array<ArrayBuffer> {
  const body = [0, ...code, 0x0b];
  const magic = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const type = [1, 5, 1, 0x60, 0, 1, 0x7b];
  return Uint8Array.from([...magic, ...type, 3, 2, 1, 0, 10, body.length + 2, 1, body.length, ...body]);
}

/** OpenBLAS cores with 512-bit kernels. */
const WIDE_CORES = new Set(["SkylakeX", "Cooperlake", "SapphireRapids", "Zen4", "Zen5"]);

function adviseOnLibrary(core: string | undefined): string[] {
  const host = nodeProcess();
  if (!host || !core) return [];
  const advice: string[] = [];
  const forced = host.env.OPENBLAS_CORETYPE;
  if (hasAvx512(host) && !WIDE_CORES.has(core)) {
    advice.push(
      forced
        ? `OPENBLAS_CORETYPE=${forced} makes OpenBLAS use its ${core} kernels; this processor has AVX-512: unset it for up to twice the speed.`
        : `OpenBLAS uses its ${core} kernels although this processor has AVX-512: a newer OpenBLAS, or OPENBLAS_CORETYPE=SkylakeX, may be up to twice as fast.`,
    );
  }
  for (const name of ["OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GOTO_NUM_THREADS"]) {
    const value = host.env[name];
    if (value) advice.push(`${name}=${value} limits the threads of OpenBLAS.`);
  }
  return advice;
}

function hasAvx512(host: NodeJS.Process): boolean {
  if (host.platform !== "linux" || host.arch !== "x64") return false;
  try {
    return /\bavx512f\b/.test(host.getBuiltinModule("node:fs").readFileSync("/proc/cpuinfo", "utf8"));
  } catch {
    return false;
  }
}

function adviseOnRuntime({ node, simd, relaxedSimd, sharedMemory }: DoctorReport["runtime"]): string[] {
  const advice: string[] = [];
  if (!simd) advice.push("This engine has no WebAssembly SIMD; a newer one does.");
  else if (!relaxedSimd) {
    advice.push(
      node
        ? `Relaxed SIMD (fused multiply-add in WebAssembly) is on from Node 22; this is ${node}.`
        : "This browser has no relaxed SIMD (fused multiply-add in WebAssembly).",
    );
  }
  if (!sharedMemory) {
    advice.push(
      "Threads need shared memory: serve the page with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp.",
    );
  }
  return advice;
}
