// The table at the end of docs/certificates.md: the least width certified at k = 0, by doubling and bisection to 5 %.
// Unit sphere, N(0, 1) labels, antisymmetric draws (u(0) = 0), one seed. `node scripts/least-widths.mjs [largest width] [--json]`
import { createWasmBackend } from "@surefoot/linalg";
import { certify } from "../packages/surefoot/dist/certify/certify.js";
import { floatMeasurer } from "../packages/surefoot/dist/certify/measure.js";
import { certifyS2 } from "../packages/surefoot/dist/certify/s2.js";
import { certifyS2Midpoint } from "../packages/surefoot/dist/certify/s2-midpoint.js";
import { generate } from "../packages/surefoot/dist/data/generate.js";
import { initialise } from "../packages/surefoot/dist/network/initialise.js";
import { resolveNetwork } from "../packages/surefoot/dist/network/resolve.js";
import { networkSpec } from "../packages/surefoot/dist/spec/network.js";

const largest = Number(process.argv[2] ?? 20_000);
const backend = await createWasmBackend();
const measurer = floatMeasurer(backend);

const relu = (width) => ({ kind: "two-layer-relu", width });
const tanh = (frozen) => (width) => ({ kind: "fully-connected", widths: [width], activation: "tanh", frozen });
const bySurefoot = (at) => certify({ ...at, backend });
const byTheorem = (theorem) => async (at) => theorem((await measurer.relu(at)).evidence, measurer);
const COLUMNS = [
  ["S2 midpoint", relu, byTheorem(certifyS2Midpoint)],
  ["S2 full", relu, byTheorem(certifyS2)],
  [
    "S2 structured",
    relu,
    async (at) => certifyS2((await measurer.relu(at)).evidence, measurer, undefined, { structured: true }),
  ],
  ["S1 tanh, W", tanh(["W2"]), bySurefoot],
  ["S1 tanh, W and a", tanh([]), bySurefoot],
];
const ROWS = [
  ["10 orthonormal", { kind: "orthonormal", n: 10, d: 10 }],
  ["10, 100", { kind: "sphere", n: 10, d: 100 }],
  ["10, 20", { kind: "sphere", n: 10, d: 20 }],
  ["20, 100", { kind: "sphere", n: 20, d: 100 }],
  ["20, 20", { kind: "sphere", n: 20, d: 20 }],
  ["50, 100", { kind: "sphere", n: 50, d: 100 }],
];

async function certifiedAt(width, data, specOf, decide) {
  const dataset = generate({ ...data, labels: "gaussian" });
  const network = resolveNetwork(networkSpec.parse(specOf(width)), data.d);
  const weights = await initialise(network, { kind: "antisymmetric" }, 0, backend);
  return (await decide({ network, weights, dataset })).verdict === "certified";
}

async function leastWidth(...setting) {
  let high = 32;
  while (!(await certifiedAt(high, ...setting))) {
    high *= 2;
    if (high > largest) return undefined;
  }
  let low = high / 2;
  while (high > low * 1.05 && high - low > 2) {
    const middle = 2 * Math.round((low + high) / 4);
    if (await certifiedAt(middle, ...setting)) high = middle;
    else low = middle;
  }
  return high;
}

const table = {};
for (const [label, data] of ROWS) {
  table[label] = {};
  for (const [column, specOf, decide] of COLUMNS) {
    table[label][column] = (await leastWidth(data, specOf, decide)) ?? `> ${largest}`;
  }
}
if (process.argv.includes("--json")) console.log(JSON.stringify(table, null, 2));
else console.table(table);
await backend.close();
