import { createReferenceBackend } from "../src/index.ts";
import { conformance } from "./conformance.ts";

conformance("reference", async () => createReferenceBackend());
