import { createWasmBackend } from "../src/index.ts";
import { conformance } from "./conformance.ts";

conformance("wasm, two workers,", () => createWasmBackend({ threads: 2 }));
conformance("wasm, deterministic, one thread,", () => createWasmBackend({ deterministic: true, threads: 1 }));
