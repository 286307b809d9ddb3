import { certify } from "../certify/index.ts";
import { createProblem, type Problem } from "../dynamics/problem.ts";
import { initialise } from "../network/initialise.ts";
import type { Weights } from "../network/network.ts";
import { fitWeights, resolveNetwork } from "../network/resolve.ts";
import { type RunFolder, readWeights, writeWeights } from "../record/index.ts";
import type { Certified } from "../train/certification.ts";
import { probeInterval } from "../train/probe-interval.ts";
import { resolveStepSize } from "../train/resolve-step-size.ts";
import { runColumns, type TrainOptions, train } from "../train/train.ts";
import { openBackend, openData, openNetwork } from "./inputs.ts";
import {
  newOutput,
  newSpec,
  type RunOutput,
  reopenRecord,
  reopenRun,
  type StartOptions,
  stepSizeRule,
} from "./run-begin.ts";
import { type FinishedRun, followRun } from "./run-follow.ts";
import type { RunSpec } from "./run-spec.ts";
import type { TrainArguments } from "./train.ts";

/** A run on the direct engine: every weight is stored and moved in every step. */
export async function startRun(source: string, options: StartOptions, signal: AbortSignal): Promise<FinishedRun> {
  const rule = stepSizeRule(options.stepSize);
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  try {
    const { network, weights, initialiser, origin } = await openNetwork(options, dataset.x.cols, backend);
    const problem = await createProblem(network, dataset, options.loss, backend);
    const spec = await newSpec(source, options, dataset, {
      engine: "direct",
      network: network.spec,
      initialiser,
      fromFile: options.weights !== undefined,
      origin,
      stepSize: await resolveStepSize(rule, problem, weights),
      probeEvery: options.probeEvery ?? probeInterval(network, dataset.y.length),
      backend: backend.info.name,
    });
    const output = await newOutput(options, runColumns(network, spec.probes));
    if (output.folder && spec.fromFile) await writeWeights(initialWeightsFile(output.folder), weights);
    return await perform({ problem, weights, spec, output }, signal);
  } finally {
    await backend.close();
  }
}

export async function resumeRun(path: string, options: TrainArguments, signal: AbortSignal): Promise<FinishedRun> {
  const reopened = await reopenRun(path, options);
  const { folder, checkpoint, spec, dataset } = reopened;
  const backend = await openBackend({ ...options, backend: reopened.backend });
  try {
    const network = resolveNetwork(spec.network, dataset.x.cols);
    const weights = spec.fromFile
      ? fitWeights(network, await readWeights(initialWeightsFile(folder)), initialWeightsFile(folder))
      : await initialise(network, spec.initialiser, spec.seed, backend);
    const problem = await createProblem(network, dataset, spec.loss, backend);
    const record = await reopenRecord(reopened, runColumns(network, spec.probes));
    const resume = {
      step: checkpoint.step,
      weights: fitWeights(network, checkpoint.weights, folder.weights),
      certified: spec.certified as unknown as Certified | null,
      curveViolations: spec.curveViolations,
    };
    return await perform({ problem, weights, spec, output: { folder, record }, resume }, signal);
  } finally {
    await backend.close();
  }
}

interface Session {
  readonly problem: Problem;
  readonly weights: Weights;
  readonly spec: RunSpec;
  readonly output: RunOutput;
  readonly resume?: TrainOptions["resume"];
}

function perform({ problem, weights, spec, output, resume }: Session, signal: AbortSignal): Promise<FinishedRun> {
  const { network, dataset, loss, backend } = problem;
  return followRun({
    problem,
    spec,
    output,
    columns: runColumns(network, spec.probes),
    events: train(problem, weights, { ...spec, signal, ...(resume ? { resume } : {}) }),
    checkpoint: (state) => ({ step: state.step, weights: state.weights, state: {} }),
    certifiedWeights: (state) => state.weights,
    lastOutcome: ({ state }) =>
      certify({
        network,
        weights: state.weights,
        dataset,
        loss,
        stepSize: spec.stepSize,
        backend,
        mode: spec.mode,
      }),
  });
}

const initialWeightsFile = (folder: RunFolder) => `${folder.path}/initial.safetensors`;
