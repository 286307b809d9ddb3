import { fileURLToPath } from "node:url";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vite";
import { manual } from "./docs-pages.ts";
import { extracts, offline } from "./site-files.ts";

export default defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  // Relative addresses: the build works in any folder of any host.
  base: "./",
  plugins: [svelte(), extracts(), manual(), offline()],
  build: {
    target: "es2022",
    outDir: "dist/site",
    emptyOutDir: true,
    // The content security policy allows no inline data in place of files.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  worker: { format: "es" },
});
