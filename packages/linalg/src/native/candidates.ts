import { nodeProcess } from "./host.ts";

export interface Candidate {
  /** A path, or a name for the dynamic loader to look up. */
  readonly path: string;
  /** Named by the user: any BLAS with LAPACK is accepted, and nothing else is tried. */
  readonly named: boolean;
}

const TRIPLETS: Readonly<Record<string, string>> = {
  x64: "x86_64-linux-gnu",
  arm64: "aarch64-linux-gnu",
  riscv64: "riscv64-linux-gnu",
  ppc64: "powerpc64le-linux-gnu",
  s390x: "s390x-linux-gnu",
  loong64: "loongarch64-linux-gnu",
};

/**
 * Where to look, in this order: the library that `named` or the environment variable SUREFOOT_BLAS names, alone; else the usual
 * names and places of the platform, threaded builds first.
 */
export function candidates(named?: string): readonly Candidate[] {
  const host = nodeProcess();
  const choice = named ?? host?.env.SUREFOOT_BLAS;
  if (choice) return [{ path: choice, named: true }];
  return usualPlaces(host).map((path) => ({ path, named: false }));
}

function usualPlaces(host: NodeJS.Process | undefined): readonly string[] {
  if (host?.platform === "darwin") return ["/System/Library/Frameworks/Accelerate.framework/Accelerate"];
  if (host?.platform !== "linux") return [];
  const triplet = TRIPLETS[host.arch];
  const conda = host.env.CONDA_PREFIX;
  return [
    ...(conda ? [`${conda}/lib/libopenblas.so.0`] : []),
    ...(triplet ? [`/usr/lib/${triplet}/openblas-pthread/libopenblas.so.0`] : []), // Debian, Ubuntu
    "libopenblasp.so.0", // Fedora, RHEL: threads
    "libopenblas.so.0", // Arch, openSUSE, whatever the alternatives system points to
    "libopenblas.so.3", // Alpine
    "libopenblas.so", // development packages
    "libopenblas64_.so.0", // 64-bit integers only
    "libopenblas64.so.0",
  ];
}
