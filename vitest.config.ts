import { defineConfig } from "vitest/config";

// Tests import their own package's sources and other packages as built, so `npm run build` comes first (npm test does it).
export default defineConfig({
  test: {
    include: ["packages/*/test/**/*.test.ts", "examples/**/*.test.ts", "studies/**/*.test.ts"],
    setupFiles: ["./vitest.setup.ts"],
    testTimeout: 180_000,
    // what is polled is a page or a process: on a busy machine it may need more than the usual second
    expect: { poll: { timeout: 15_000 } },
    maxWorkers: 2,
  },
});
