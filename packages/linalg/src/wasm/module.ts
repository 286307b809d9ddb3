import { LinalgError } from "../error.ts";
import { relaxed, simd } from "../generated/kernels.ts";

/** The compiled kernels and how to call them. `fused`: products are added with one rounding where the hardware can. */
export interface KernelModule {
  readonly module: WebAssembly.Module;
  readonly fused: boolean;
}

/** Exports of assembly/index.ts: kernels run by several threads take (thread, threads, …); pointers are byte addresses. */
export type KernelExports = Readonly<Record<string, (...args: number[]) => number>>;

/**
 * Compiles the variant that this engine accepts: relaxed SIMD (fused multiply-add) if `WebAssembly.validate` takes it and
 * `deterministic` does not forbid it, 128-bit SIMD otherwise. Throws `backend-unavailable` on an engine without SIMD.
 */
export async function compileKernels(deterministic: boolean): Promise<KernelModule> {
  if (!deterministic) {
    const bytes = decode(relaxed);
    if (WebAssembly.validate(bytes)) return { module: await WebAssembly.compile(bytes), fused: true };
  }
  const bytes = decode(simd);
  if (!WebAssembly.validate(bytes)) {
    throw new LinalgError(
      "backend-unavailable",
      "this engine has no 128-bit WebAssembly SIMD or threads (Node 16, Chrome 91, Firefox 89, Safari 16.4 have); use the reference backend",
    );
  }
  return { module: await WebAssembly.compile(bytes), fused: false };
}

function decode(base64: string): Uint8Array<ArrayBuffer> {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
