// Writes the inputs and initial weights of bench/training as .npy files, so that NumPy trains the same network on the same data.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createReferenceBackend, normals } from "@surefoot/linalg";
import { formatNpy, initialise, networkSpec, resolveNetwork } from "surefoot";

const [folder, text] = process.argv.slice(2);
const job = JSON.parse(text);
const x = normals({ seed: [1, 0], stream: 77, firstRow: 0, rows: job.n, cols: job.d });
for (let k = 0; k < x.data.length; k++) x.data[k] /= Math.sqrt(job.d);
const network = resolveNetwork(
  networkSpec.parse({ kind: "fully-connected", widths: job.widths, activation: job.activation }),
  job.d,
);
const weights = await initialise(network, { kind: "gaussian" }, 0, createReferenceBackend());
const save = (name, { rows, cols, data }) =>
  writeFileSync(join(folder, `${name}.npy`), formatNpy({ shape: [rows, cols], data }));
save("x", x);
for (const [name, tensor] of Object.entries(weights)) save(name, tensor);
console.log(JSON.stringify({ scales: network.layers.map((layer) => layer.scale) }));
