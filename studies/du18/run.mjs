// Figures (a), (b), (c) of Du et al. 2018 on the lazy simulator: node studies/du18/run.mjs [--quick] [--widths 500,1000] [--out DIR].
// Each finished run is kept in DIR/runs and not repeated. Ends with a verdict per claim (claims.json).
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chooseBackend, createNeuronScanner } from "@surefoot/linalg";
import { createLazyRun, formatRecord, hInfinity, loadDataset } from "surefoot";
import { drawFigures } from "./figures.mjs";
import { linearity, powerLaw } from "./fit.mjs";

const here = fileURLToPath(new URL(".", import.meta.url));
const read = (name) => JSON.parse(readFileSync(join(here, name), "utf8"));
const { values: given } = parseArgs({
  options: {
    quick: { type: "boolean" },
    widths: { type: "string" },
    out: { type: "string" },
    json: { type: "boolean" },
  },
});
const form = given.quick ? "quick" : "full";
const { samples, inputs, stepSize, steps, widths: planned, seeds } = read("spec.json")[form];
const widths = given.widths ? given.widths.split(",").map(Number) : planned;
const out = given.out ?? join("runs", `du18-${form}`);
mkdirSync(join(out, "runs"), { recursive: true });

const dataset = await loadDataset(`sphere:n=${samples},d=${inputs},labels=gaussian`);
const { backend } = await chooseBackend("auto", {});
const scanner = await createNeuronScanner();
const infinite = await backend.extremalEigenvalues(await hInfinity(dataset.x, backend), { which: "smallest" });
if (infinite.status !== "ok") throw new Error(`λ₀ was not found: ${infinite.status}`);
const lambda0 = infinite.smallest.value;

const runs = [];
for (const width of widths) {
  for (const seed of seeds) {
    const file = join(out, "runs", `${samples}x${inputs}-${width}-${seed}-${stepSize}-${steps}.json`);
    if (!existsSync(file)) writeFileSync(file, JSON.stringify(await measure(width, seed)));
    const run = JSON.parse(readFileSync(file, "utf8"));
    runs.push(run);
    console.error(
      `m = ${width}, seed ${seed}: loss ${run.losses[0].toPrecision(4)} → ${run.losses[steps].toPrecision(4)}, ` +
        `flipped ${(100 * run.flips).toPrecision(3)} %, max drift ${run.maxDrift.toPrecision(4)}, ${run.seconds.toFixed(1)} s`,
    );
  }
}
await scanner.close();
await backend.close();

const verdicts = judge(read("claims.json"));
const columns = { step: "integer", width: "number", seed: "number", loss: "number", bound: "number" };
const rows = runs.flatMap(({ width, seed, losses }) =>
  losses.map((loss, step) => ({ step, width, seed, loss, bound: losses[0] * (1 - (stepSize * lambda0) / 2) ** step })),
);
writeFileSync(join(out, "losses.parquet"), formatRecord(columns, rows));
const finals = ["width", "seed", "flips", "maxDrift", "meanDrift", "lambdaMin", "kernelDrift", "neuron", "seconds"];
writeFileSync(
  join(out, "widths.parquet"),
  formatRecord(
    { step: "integer", ...Object.fromEntries(finals.map((name) => [name, "number"])) },
    runs.map((run) => ({ step: steps, ...Object.fromEntries(finals.map((name) => [name, run[name]])) })),
  ),
);
writeFileSync(
  join(out, "verdicts.json"),
  `${JSON.stringify({ form, samples, inputs, stepSize, steps, lambda0, verdicts }, null, 2)}\n`,
);
drawFigures({ runs, verdicts, lambda0, stepSize, steps, samples, inputs, out });
if (given.json) console.log(JSON.stringify({ lambda0, verdicts }));
else
  for (const { id, says, measured, verdict } of verdicts)
    console.log(`${id}: ${verdict}\n  says: ${says}\n  measured: ${measured}`);

async function measure(width, seed) {
  const began = performance.now();
  const run = await createLazyRun({ dataset, width, seed, stepSize, backend, scanner, horizon: steps });
  const losses = [run.loss];
  for (let k = 0; k < steps; k++) {
    const { status } = await run.step();
    if (status !== "ok") throw new Error(`m = ${width}: ${status} at step ${k}`);
    losses.push(run.loss);
  }
  const { flips, lambdaMin, kernelDrift, neurons } = await run.probe({ neurons: true });
  await run.close();
  const { max: maxDrift, mean: meanDrift, neuron } = neurons;
  const seconds = (performance.now() - began) / 1000;
  return { width, seed, losses, flips, maxDrift, meanDrift, neuron, lambdaMin, kernelDrift, seconds };
}

function judge(claims) {
  const [rate, flips, drift] = claims;
  const bound = 1 - (stepSize * lambda0) / 2;
  const crossings = runs.reduce(
    (sum, { losses }) => sum + losses.filter((loss, k) => loss > losses[0] * bound ** k * (1 + 1e-12)).length,
    0,
  );
  const straight = Math.min(...runs.map(({ losses }) => linearity(losses)));
  const holds = crossings <= rate.expected.boundCrossings && straight >= rate.expected.linearity;
  return [
    {
      ...rate,
      measured: `${crossings} losses above the bound (λ₀ = ${lambda0.toPrecision(4)}); log-loss straight with R² ≥ ${straight.toPrecision(4)}`,
      verdict: holds ? "agrees" : "disagrees",
    },
    ofSlope(flips, (run) => run.flips),
    ofSlope(drift, (run) => run.maxDrift),
  ];
}

/** Agrees if the interval meets the expected slope within its tolerance: a power law is approached, not exact, at finite width. */
function ofSlope(claim, value) {
  if (new Set(runs.map(({ width }) => width)).size < 3) {
    return { ...claim, measured: "fewer than three widths", verdict: "not comparable" };
  }
  const fit = powerLaw(
    runs.map(({ width }) => width),
    runs.map(value),
  );
  const { slope, tolerance } = claim.expected;
  const agrees = fit.lower <= slope + tolerance && fit.upper >= slope - tolerance && fit.upper < 0;
  const interval = `[${fit.lower.toFixed(3)}, ${fit.upper.toFixed(3)}]`;
  return {
    ...claim,
    fit,
    measured: `slope ${fit.slope.toFixed(3)}, 95 % interval ${interval} from ${fit.points} runs`,
    verdict: agrees ? "agrees" : "disagrees",
  };
}
