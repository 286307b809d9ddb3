import type { RunColumns } from "../../src/figure/index.ts";

/** A record as a real run leaves it: loss every step, kernel quantities every 20th, certified from step 3 012 on. */
export function syntheticRun(steps = 4000, certifiedStep = 3012): RunColumns {
  const step = Array.from({ length: steps + 1 }, (_, k) => k);
  const loss = step.map((k) => 35 * Math.exp(-k / 60) + 15 * Math.exp(-k / 330));
  const probed = (f: (k: number) => number) => step.map((k) => (k % 20 === 0 || k === certifiedStep ? f(k) : null));
  return {
    step,
    loss,
    certifiedLoss: step.map((k) =>
      k >= certifiedStep ? loss[certifiedStep] * Math.exp(-(k - certifiedStep) / 900) : null,
    ),
    lambdaMin: probed((k) => 0.061 - 0.03 * Math.exp(-k / 800)),
    lambdaMax: probed((k) => 73 + 2 * Math.sin(k / 900)),
    margin: probed((k) => Math.exp((k - certifiedStep + 1) / 660)),
    kernelDrift: probed((k) => 0.18 * (1 - Math.exp(-k / 700))),
    "drift:W1": step.map((k) => 2.1 * (1 - Math.exp(-k / 500))),
    "drift:W2": step.map((k) => 0.9 * (1 - Math.exp(-k / 300))),
  };
}
