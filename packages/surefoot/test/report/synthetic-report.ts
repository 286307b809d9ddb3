import type { ReportInput } from "../../src/report/index.ts";
import { syntheticRun } from "../figure/synthetic-run.ts";

/** A report's input as a certified run leaves it. */
export function certifiedInput(): ReportInput {
  const record = syntheticRun();
  return {
    certificate: {
      verdict: "certified",
      theorem: "S1",
      form: "constant κ",
      margin: 1.0021,
      stepSize: 0.01369,
      ratePerStep: 0.99917,
      radius: 0.4821,
      lambdaMin: 0.0603,
      lambdaMax: 73.1,
      residualNorm: 0.0245,
      warrant: "computed",
      hypotheses: [
        { name: "initial error", status: "computed", statement: "‖e₀‖ < ∫₀^r M", value: 0.02447, bound: 0.02452 },
        { name: "enough parameters", status: "proved", statement: "p ≥ n", value: 100, bound: 401920 },
      ],
    },
    run: {
      steps: 4000,
      initialLoss: 50,
      finalLoss: 8.2e-5,
      certifiedStep: 3012,
      stepSize: 0.01369,
      loss: "sum",
      seconds: 48.2,
      backend: { name: "native", detail: "OpenBLAS 0.3.21", threads: 2 },
      stopped: "all steps done",
      kernelNorm: 120,
    },
    record,
    spectra: [{ name: "K(0)", eigenvalues: [73, 4, 0.06] }],
    data: { source: "digits.npz", n: 100, d: 784, steps: ["classes 0,1 → −1,+1", "unit-rows"] },
    network: { kind: "fully-connected", widths: [512], activation: "tanh" },
    initialiser: { kind: "gaussian" },
    seed: 0,
    parameters: 401920,
    versions: { surefoot: "0.1.0", node: "20.19.0" },
    command: `npx surefoot train digits.npz --network '{"kind":"fully-connected"}' --steps 4000`,
    files: [{ name: "record.parquet", holds: "what was measured" }],
  };
}
