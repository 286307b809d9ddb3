// Data of a row: unit sphere, N(0, 1) labels, and 1/λ_max(H^∞) as step size; on demand the first weights of the seed, for the peer.
// Prints {"stepSize": …}; writes x.bin, y.bin and, with `weights`, w.bin and a.bin (float64, row-major) to the folder.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createWasmBackend, matrix } from "@surefoot/linalg";
import { rotateToSpan, seededNeurons } from "surefoot";

const [folder, text] = process.argv.slice(2);
const job = JSON.parse(text);
const { n, d, seed } = job;
const backend = await createWasmBackend({ threads: job.threads });
const draw = (stream, cols) => backend.normals({ seed: [2018, 0], stream, firstRow: 0, rows: n, cols });
const raw = await draw(1, d);
for (let i = 0; i < n; i++) {
  const row = raw.data.subarray(i * d, (i + 1) * d);
  const norm = Math.sqrt(row.reduce((sum, value) => sum + value * value, 0));
  for (let q = 0; q < d; q++) row[q] /= norm;
}
const given = { x: raw, y: (await draw(2, 1)).data, provenance: { source: "sphere", steps: [], sourceRows: [] } };
const { x, y } = job.rotate ? rotateToSpan(given) : given;
const save = (name, { buffer, byteOffset, byteLength }) =>
  writeFileSync(join(folder, name), new Uint8Array(buffer, byteOffset, byteLength));
save("x.bin", x.data);
save("y.bin", y);

const gram = await backend.syrk(x);
const squares = Float64Array.from({ length: n }, (_, i) => gram.data[i * n + i]);
const kappa = await backend.arcCosine(0, gram, squares, squares);
const kernel = matrix(
  n,
  n,
  kappa.data.map((value, k) => value * gram.data[k]),
);
const { largest } = await backend.extremalEigenvalues(kernel, { which: "largest" });
if (job.weights) {
  const neurons = seededNeurons({ width: job.weights, inputs: x.cols, seed }, backend);
  const { w, a } = await neurons.block(0, job.weights);
  save("w.bin", w.data);
  save("a.bin", a);
}
console.log(JSON.stringify({ stepSize: 1 / largest.value, inputs: x.cols }));
await backend.close();
