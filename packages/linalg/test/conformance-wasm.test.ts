import { createWasmBackend } from "../src/wasm/backend.ts";
import { conformance } from "./conformance.ts";

conformance("wasm, two workers", () => createWasmBackend({ threads: 2 }));
