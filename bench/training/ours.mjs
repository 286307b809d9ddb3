// One contestant of bench/training: times steps of gradient descent with @surefoot/linalg and prints them as one JSON line.
import { chooseBackend, normals } from "@surefoot/linalg";
import { createProblem, initDescent, initialise, networkSpec, resolveNetwork, stepDescent } from "surefoot";

const job = JSON.parse(process.argv[2]);
const { backend } = await chooseBackend(job.backend, { threads: job.threads });
const x = normals({ seed: [1, 0], stream: 77, firstRow: 0, rows: job.n, cols: job.d });
for (let k = 0; k < x.data.length; k++) x.data[k] /= Math.sqrt(job.d);
const y = Float64Array.from({ length: job.n }, (_, i) => (i % 2 === 0 ? 1 : -1));
const spec = networkSpec.parse({ kind: "fully-connected", widths: job.widths, activation: job.activation });
const network = resolveNetwork(spec, job.d);
const weights = await initialise(network, { kind: "gaussian" }, 0, backend);
const problem = await createProblem(
  network,
  { x, y, provenance: { source: "bench", steps: [], sourceRows: [] } },
  "sum",
  backend,
);
let state = await initDescent(problem, weights);
for (let k = 0; k < job.warmup; k++) state = await stepDescent(problem, state, job.stepSize);
const seconds = [];
for (let k = 0; k < job.steps; k++) {
  const start = performance.now();
  state = await stepDescent(problem, state, job.stepSize);
  seconds.push((performance.now() - start) / 1000);
}
console.log(JSON.stringify({ seconds, loss: state.loss, detail: backend.info.detail }));
await backend.close();
