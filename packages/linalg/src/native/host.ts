/**
 * What the native backend needs from Node, asked for at run time: a static import of a Node module or of koffi would break every
 * bundle for browsers.
 */
export type Koffi = typeof import("koffi");

/** The process when this is Node (or Bun, Deno with its Node layer), else undefined. */
export function nodeProcess(): NodeJS.Process | undefined {
  const host = (globalThis as { process?: NodeJS.Process }).process;
  return typeof host?.versions?.node === "string" && typeof host.getBuiltinModule === "function" ? host : undefined;
}

/** koffi, or the reason why there is none. */
export async function loadKoffi(): Promise<{ readonly koffi: Koffi } | { readonly reason: string }> {
  const name = "koffi"; // A variable, so that bundlers leave the import alone.
  try {
    return { koffi: (await import(/* @vite-ignore */ name)) as Koffi };
  } catch (error) {
    return {
      reason: `koffi, which calls shared libraries, cannot be loaded (${firstLine(error)}); \`npm install koffi\``,
    };
  }
}

/** The first line of an error's message. */
export function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split("\n")[0];
}
