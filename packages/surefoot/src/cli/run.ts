import { certify } from "../certify/index.ts";
import { asSquared, createTrainingProblem, type TrainingProblem } from "../dynamics/problem.ts";
import { initialise } from "../network/initialise.ts";
import type { Weights } from "../network/network.ts";
import { fitWeights, resolveNetwork } from "../network/resolve.ts";
import { type RunFolder, readWeights, writeWeights } from "../record/index.ts";
import { isPlain } from "../spec/optimiser.ts";
import type { Certified } from "../train/certification.ts";
import { probeInterval } from "../train/probe-interval.ts";
import { resolveStepSize } from "../train/resolve-step-size.ts";
import { runColumns, type TrainOptions, train } from "../train/train.ts";
import { openBackend, openData, openNetwork } from "./inputs.ts";
import { chosenOptimiser, usualStepSize } from "./optimiser-options.ts";
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
  const optimiser = chosenOptimiser(options);
  const rule = stepSizeRule(options.stepSize ?? usualStepSize(optimiser));
  const dataset = await openData(source, options);
  const backend = await openBackend(options);
  try {
    const { network, weights, initialiser, origin } = await openNetwork(options, dataset.x, backend);
    const problem = await createTrainingProblem(network, dataset, options.loss, backend);
    const spec = await newSpec(source, options, dataset, {
      engine: "direct",
      network: network.spec,
      initialiser,
      fromFile: options.weights !== undefined,
      origin,
      optimiser,
      stepSize: await resolveStepSize(rule, problem, weights),
      probeEvery: options.probeEvery ?? probeInterval(network, dataset.y.length),
      backend: backend.info.name,
    });
    const output = await newOutput(options, columnsOf(problem, spec));
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
      : await initialise(network, spec.initialiser, spec.seed, backend, dataset.x);
    const problem = await createTrainingProblem(network, dataset, spec.loss, backend);
    const record = await reopenRecord(reopened, columnsOf(problem, spec));
    const resume = {
      step: checkpoint.step,
      weights: fitWeights(network, checkpoint.weights, folder.weights),
      memory: checkpoint.state,
      descentCertifiable: spec.descentCertifiable,
      certified: spec.certified as unknown as Certified | null,
      curveViolations: spec.curveViolations,
    };
    return await perform({ problem, weights, spec, output: { folder, record }, resume }, signal);
  } finally {
    await backend.close();
  }
}

interface Session {
  readonly problem: TrainingProblem;
  readonly weights: Weights;
  readonly spec: RunSpec;
  readonly output: RunOutput;
  readonly resume?: TrainOptions["resume"];
}

function perform({ problem, weights, spec, output, resume }: Session, signal: AbortSignal): Promise<FinishedRun> {
  const { backend } = problem;
  return followRun({
    problem,
    spec,
    output,
    columns: columnsOf(problem, spec),
    events: train(problem, weights, { ...spec, signal, ...(resume ? { resume } : {}) }),
    checkpoint: (state) => ({ step: state.step, weights: state.weights, state: state.memory() }),
    certifiedWeights: (state) => state.weights,
    lastOutcome: async ({ state }) => {
      const squared = asSquared(problem);
      if (!squared) return null;
      const { network, dataset, loss } = squared;
      const stepSize = isPlain(spec.optimiser) ? { stepSize: spec.stepSize } : {};
      return certify({ network, weights: state.weights, dataset, loss, ...stepSize, backend, mode: spec.mode });
    },
  });
}

function columnsOf({ network, objective }: TrainingProblem, { probes, optimiser }: RunSpec): readonly string[] {
  return runColumns(network, probes, { optimiser, objective });
}

const initialWeightsFile = (folder: RunFolder) => `${folder.path}/initial.safetensors`;
