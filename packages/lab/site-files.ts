import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Plugin } from "vite";

/** The extracts that the lab offers, and whose they are. */
const DATA = ["mnist-1000.npz", "iris.csv", "LICENSE-mnist", "LICENSE-iris"];

/** Puts the extracts beside the page. */
export function extracts(): Plugin {
  return {
    name: "surefoot-extracts",
    apply: "build",
    generateBundle() {
      for (const name of DATA) {
        const source = readFileSync(new URL(`../../examples/data/${name}`, import.meta.url));
        this.emitFile({ type: "asset", fileName: `data/${name}`, source });
      }
    },
  };
}

/**
 * Writes sw.js, the service worker that keeps the built files for work without a network: pages from the network when there is one,
 * files with a hash in their name from the cache.
 */
export function offline(): Plugin {
  return {
    name: "surefoot-offline",
    apply: "build",
    enforce: "post",
    generateBundle(_, bundle) {
      const files = Object.keys(bundle).filter((name) => !name.endsWith(".map"));
      const version = createHash("sha256").update(files.sort().join()).digest("hex").slice(0, 12);
      const source = serviceWorker(version, ["./", ...files.map((name) => `./${name}`)]);
      this.emitFile({ type: "asset", fileName: "sw.js", source });
    },
  };
}

function serviceWorker(version: string, files: readonly string[]): string {
  return `const CACHE = "surefoot-lab-${version}";
const FILES = ${JSON.stringify(files)};
addEventListener("install", (event) => event.waitUntil(caches.open(CACHE).then((cache) => cache.addAll(FILES)).then(() => skipWaiting())));
addEventListener("activate", (event) => event.waitUntil(caches.keys()
  .then((keys) => Promise.all(keys.filter((key) => key.startsWith("surefoot-lab-") && key !== CACHE).map((key) => caches.delete(key))))
  .then(() => clients.claim())));
addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || new URL(request.url).origin !== location.origin) return;
  const cached = () => caches.match(request, { ignoreSearch: request.mode === "navigate" });
  const page = request.mode === "navigate";
  event.respondWith(page
    ? fetch(request).catch(async () => (await cached()) ?? (await caches.match("./")) ?? Response.error())
    : cached().then((found) => found ?? fetch(request)));
});
`;
}
