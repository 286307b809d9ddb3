import type { Koffi } from "./host.ts";

const PAGE = 4096;
const MADV_HUGEPAGE = 14;
/** Arrays below it stay in ordinary pages. */
const LARGE = 2 ** 24;

/** Asks Linux to back a large array by huge pages; elsewhere, and where that cannot be asked, does nothing. */
export function hugePages(koffi: Koffi, platform: string): (data: Float64Array) => void {
  if (platform !== "linux") return () => {};
  try {
    const libc = koffi.load("libc.so.6");
    // Moving no bytes tells where they are.
    const addressOf = libc.func("memmove", "uintptr_t", ["void *", "void *", "size_t"]);
    const advise = libc.func("madvise", "int", ["uintptr_t", "size_t", "int"]);
    return (data) => {
      if (data.byteLength < LARGE) return;
      const start = Number(addressOf(data, data, 0));
      const first = Math.ceil(start / PAGE) * PAGE;
      advise(first, Math.floor((start + data.byteLength - first) / PAGE) * PAGE, MADV_HUGEPAGE);
    };
  } catch {
    return () => {}; // another C library: ordinary pages do as well
  }
}
