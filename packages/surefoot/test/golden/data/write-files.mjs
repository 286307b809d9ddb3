// Writes the files that check-written.py reads, with the built package: npm run build first.
import { mkdirSync, writeFileSync } from "node:fs";
import { formatNpy, formatNpz, formatRecord, formatSafetensors } from "../../../dist/record/index.js";

const folder = new URL("./written/", import.meta.url);
mkdirSync(folder, { recursive: true });

const W1 = { shape: [2, 3], data: Float64Array.of(0, -0, 1 / 3, 5e-324, 1.7976931348623157e308, -2.5) };
const b1 = { shape: [2], data: Float64Array.of(-1, Math.PI) };
const metadata = { format: "surefoot run 1", step: "12", note: "‖e‖ — “quoted”" };
const columns = { step: "integer", loss: "number", lambdaMin: "number", verdict: "text", flips: "integer" };
const rows = [
  { step: 0, loss: 0.5, lambdaMin: null, verdict: "undecided", flips: 0 },
  { step: 1, loss: -0, lambdaMin: 0.1, flips: -3 },
  { step: 5, loss: Infinity, lambdaMin: 0, verdict: "‖e‖" },
  { step: 2147483647, loss: NaN, lambdaMin: 1e-300, verdict: "" },
];
const recordMetadata = { network: '{"kind":"two-layer-relu","width":4}' };

const write = (name, content) => writeFileSync(new URL(name, folder), content);
write("w1.npy", formatNpy(W1));
write("weights.npz", formatNpz({ W1, b1 }));
write("weights.safetensors", formatSafetensors({ tensors: { W1, b1 }, metadata }));
write("record.parquet", formatRecord(columns, rows, recordMetadata));
write("empty.parquet", formatRecord(columns, []));

const json = (value) => (typeof value === "number" && !Number.isFinite(value) ? String(value) : Object.is(value, -0) ? "-0" : value);
write(
  "written.json",
  `${JSON.stringify(
    {
      tensors: Object.fromEntries(
        Object.entries({ W1, b1 }).map(([name, { shape, data }]) => [name, { shape, values: Array.from(data, json) }]),
      ),
      metadata: { ...metadata, ...recordMetadata },
      columns,
      rows: Object.fromEntries(Object.keys(columns).map((name) => [name, rows.map((row) => json(row[name] ?? null))])),
    },
    null,
    1,
  )}\n`,
);
