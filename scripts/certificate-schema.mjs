// Writes docs/certificate.schema.json from the schema in the code: `npm run build && node scripts/certificate-schema.mjs && npm run format`.
import { writeFileSync } from "node:fs";
import { certificateJsonSchema } from "../packages/surefoot/dist/certificate/index.js";

const path = new URL("../docs/certificate.schema.json", import.meta.url);
writeFileSync(path, `${JSON.stringify(certificateJsonSchema(), null, 2)}\n`);
