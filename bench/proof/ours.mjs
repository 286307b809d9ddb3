// One contestant of bench/proof: proved bounds of λ_min, or a certificate in the mode asked for; prints one JSON line.
import { readFileSync } from "node:fs";
import { chooseBackend } from "@surefoot/linalg";
import { certify, initialise, leastEigenvalue, loadDataset, networkFromText, resolveNetwork } from "surefoot";

const job = JSON.parse(process.argv[2]);
const { backend } = await chooseBackend(job.backend, { threads: job.threads });
const time = async (work) => {
  let result = await work();
  const seconds = [];
  for (let k = 0; k < job.repeats; k++) {
    const start = performance.now();
    result = await work();
    seconds.push((performance.now() - start) / 1000);
  }
  return { seconds, result };
};

let found;
if (job.task === "least-eigenvalue") {
  const bytes = readFileSync(job.file);
  const data = new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + 8 * job.n * job.n));
  const { seconds, result } = await time(() => leastEigenvalue(backend, { rows: job.n, cols: job.n, data }));
  found = { seconds, result };
} else {
  const dataset = await loadDataset(job.data, job.dataOptions);
  const network = resolveNetwork(networkFromText(job.network), dataset.x.cols);
  const weights = await initialise(network, job.initialiser, 0, backend);
  const { seconds, result } = await time(() => certify({ network, weights, dataset, backend, mode: job.mode }));
  found = { seconds, result: { verdict: result.verdict, margin: result.margin } };
}
console.log(JSON.stringify({ ...found, detail: backend.info.detail }));
await backend.close();
