// One lazy run in a process of its own: prints seconds from the start of the run (drawing the weights included), and what came out.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { createNeuronScanner, createWasmBackend, matrix } from "@surefoot/linalg";
import { certifyLazyRun, createLazyRun } from "surefoot";

const [folder, text] = process.argv.slice(2);
const { n, inputs, width, steps, seed, stepSize, threads, certify, trace } = JSON.parse(text);
const load = (name) => {
  const bytes = readFileSync(join(folder, name));
  return new Float64Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
};
const dataset = {
  x: matrix(n, inputs, load("x.bin")),
  y: load("y.bin"),
  provenance: { source: "sphere", steps: [], sourceRows: [] },
};
const backend = await createWasmBackend({ threads });
const scanner = await createNeuronScanner({ threads });
const begin = performance.now();
const seconds = () => (performance.now() - begin) / 1e3;
const run = await createLazyRun({
  ...{ dataset, width, seed, stepSize, backend, scanner, horizon: steps },
  ...(certify ? { room: 3 } : {}),
});
const result = { start: seconds(), needs: run.plan.needs };
if (certify) {
  const found = await certifyLazyRun(run);
  Object.assign(result, { certified: seconds(), verdict: found.outcome?.verdict, margin: found.outcome?.margin });
}
let outcome;
const losses = [run.loss];
if (trace) {
  for (let k = 0; k < steps; k++) {
    outcome = await run.step();
    losses.push(run.loss);
  }
} else outcome = await run.step(steps);
Object.assign(result, {
  total: seconds(),
  status: outcome.status,
  loss: run.loss,
  ...(trace ? { losses } : {}),
  flips: run.state.flips,
  looks: run.state.looks,
  nearTies: run.state.nearTies,
  peakBytes: 1024 * process.resourceUsage().maxRSS,
  detail: `${backend.info.detail}; scan: ${scanner.detail}`,
});
console.log(JSON.stringify(result));
await run.close();
await scanner.close();
await backend.close();
