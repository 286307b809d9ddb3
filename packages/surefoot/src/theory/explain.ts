import type { BackendInfo } from "@surefoot/linalg";
import { type CertifyMode, type CertifyOutcome, certify } from "../certify/index.ts";
import type { Provenance } from "../data/dataset.ts";
import { terminateDescent } from "../dynamics/gradient-descent.ts";
import { asSquared, createProblem, type TrainingProblem } from "../dynamics/problem.ts";
import { snapshot } from "../dynamics/snapshot.ts";
import { SurefootError } from "../error.ts";
import type { Weights } from "../network/network.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";
import type { NetworkSpec } from "../spec/network.ts";
import { GRADIENT_DESCENT, type OptimiserSpec } from "../spec/optimiser.ts";
import { type TrainResult, train } from "../train/train.ts";
import type { Desk, Paper } from "./desk.ts";
import { DESKS } from "./desks.ts";
import type { DeskObserver, DeskRequest, PaperDesk, RunSummary } from "./request.ts";

/** What `explain` is asked about. */
export interface ExplainOptions {
  /** With a squared loss, or a classification loss (by name or from `marginLoss`), of which only some papers speak. */
  readonly problem: TrainingProblem;
  readonly weights: Weights;
  /** Null for weights from a file. */
  readonly initialiser: InitialiserSpec | null;
  readonly seed: number | null;
  /** η of the run, in the user's loss convention. */
  readonly stepSize: number;
  /** Steps of the run; 0 looks at the initial weights alone. */
  readonly steps: number;
  /** Default: full-batch gradient descent. A batch makes it SGD, of which only some papers speak. */
  readonly optimiser?: Extract<OptimiserSpec, { readonly kind: "gradient-descent" }>;
  /** Measure every so many steps; default 1. */
  readonly every?: number;
  /** Default: every paper that has a desk. */
  readonly papers?: readonly Paper[];
  /** δ, default 0.05. */
  readonly delta?: number;
  /** ε, default 1e-3. */
  readonly epsilon?: number;
  /** Of the certificates; default `proved`. */
  readonly mode?: CertifyMode;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** An instance laid out on the desks of the papers; plain data, every number finite. */
export interface Explanation {
  readonly data: Provenance;
  readonly n: number;
  readonly d: number;
  readonly network: NetworkSpec;
  readonly parameters: number;
  readonly initialiser: InitialiserSpec | null;
  readonly seed: number | null;
  /** The name of the loss of the run. */
  readonly loss: string;
  readonly optimiser: OptimiserSpec;
  readonly delta: number;
  readonly epsilon: number;
  /** What `certify` says of the initial weights, with the best step size that it finds; null for a classification loss. */
  readonly certificate: CertifyOutcome | null;
  readonly run: RunSummary;
  readonly desks: readonly Desk[];
  readonly backend: BackendInfo;
}

/**
 * Makes a run and lays the hypotheses, claims and prescriptions of each paper next to what was measured along it (theory/README). Bounds are
 * the papers'; `holds` is about this run, which is evidence and not a theorem: theorems come from `certify`. Memory: the run's own and, per
 * desk, a few n × n matrices. An abort ends the run early; the desks then speak of the steps made.
 */
export async function explain(options: ExplainOptions): Promise<Explanation> {
  const { problem, weights, delta = 0.05, epsilon = 1e-3, every = 1, mode = "proved", signal, onProgress } = options;
  checkProbability("delta", delta);
  if (!(epsilon > 0)) throw new SurefootError("argument", `epsilon must be positive, not ${epsilon}`);
  const { network, dataset, backend } = problem;
  const { optimiser = GRADIENT_DESCENT } = options;
  const own = asSquared(problem);
  const squared = own ?? (await createProblem(network, dataset, "sum", backend));
  let certificate: Promise<CertifyOutcome> | undefined;
  const request: DeskRequest = {
    problem: squared,
    training: problem,
    optimiser,
    weights,
    initialiser: options.initialiser,
    seed: options.seed,
    stepSize: options.stepSize,
    steps: options.steps,
    delta,
    epsilon,
    mode,
    certificate: () => {
      certificate ??= certify({ network, weights, dataset, loss: squared.loss, backend, mode });
      return certificate;
    },
    ...(signal ? { signal } : {}),
    ...(onProgress ? { onProgress } : {}),
  };
  const seats = await Promise.all(chosen(options.papers).map((desk) => seat(desk, request)));
  const run = await observe(request, seats, every, mode);
  const desks: Desk[] = [];
  for (const { desk, observer, silent } of seats) {
    onProgress?.(`laying out ${desk.paper}`);
    desks.push(observer ? await observer.finish(run) : emptyDesk(desk, silent ?? ""));
  }
  return {
    data: dataset.provenance,
    n: dataset.x.rows,
    d: dataset.x.cols,
    network: network.spec,
    parameters: network.parameters,
    initialiser: options.initialiser,
    seed: options.seed,
    loss: problem.objective.name,
    optimiser,
    delta,
    epsilon,
    certificate: own ? await request.certificate() : null,
    run,
    desks,
    backend: backend.info,
  };
}

interface Seat {
  readonly desk: PaperDesk;
  readonly observer?: DeskObserver;
  readonly silent?: string;
}

async function seat(desk: PaperDesk, request: DeskRequest): Promise<Seat> {
  const silent = otherRun(desk, request) ?? desk.excludes(request);
  return silent === undefined ? { desk, observer: await desk.start(request) } : { desk, silent };
}

function otherRun(desk: PaperDesk, { training, optimiser }: DeskRequest): string | undefined {
  const { margin } = training.objective;
  if (margin && !desk.anyLoss) return `it is about the squared loss, not the ${margin.name} loss`;
  const batched = optimiser.kind === "gradient-descent" && optimiser.batch !== undefined;
  return batched && !desk.batches ? "it is about gradient descent on all samples, not on batches" : undefined;
}

function chosen(papers: readonly Paper[] | undefined): readonly PaperDesk[] {
  if (papers === undefined) return DESKS;
  return papers.map((paper) => {
    const desk = DESKS.find((one) => one.paper === paper);
    if (desk) return desk;
    throw new SurefootError(
      "argument",
      `no desk for "${paper}"; there are ${DESKS.map((one) => one.paper).join(", ")}`,
    );
  });
}

async function observe(
  request: DeskRequest,
  seats: readonly Seat[],
  every: number,
  mode: CertifyMode,
): Promise<RunSummary> {
  const { training: problem, optimiser, weights, stepSize, steps, signal, onProgress } = request;
  const losses: number[] = [];
  const events = train(problem, weights, {
    stepSize,
    optimiser,
    steps,
    probes: [],
    probeEvery: every,
    mode,
    ...(signal ? { signal } : {}),
  });
  let measured = -1;
  let next = await events.next();
  while (!next.done) {
    const event = next.value;
    if (event.kind === "row") {
      const { step, loss } = event.row;
      if (Number.isFinite(loss)) losses.push(loss);
      onProgress?.(`step ${step}/${steps}  loss ${loss.toExponential(2)}`);
      if (step % every === 0 && terminateDescent(event.state, losses[0]) === undefined) await show(event.state);
    }
    next = await events.next();
  }
  const result: TrainResult = next.value;
  if (result.state.step > measured && result.stopped !== "diverged") await show(result.state);
  return {
    stepSize,
    steps: result.state.step,
    losses,
    initialLoss: result.initialLoss,
    finalLoss: Number.isFinite(result.state.loss) ? result.state.loss : null,
    stopped: result.stopped,
    certified: result.certified && {
      step: result.certified.step,
      loss: result.certified.loss,
      theorem: result.certified.outcome.theorem ?? "",
    },
    measuredEvery: every,
    roundingFloor: result.roundingFloor,
  };

  async function show(state: TrainResult["state"]): Promise<void> {
    measured = state.step;
    const at = snapshot(problem, state);
    for (const { observer } of seats) await observer?.at(at);
  }
}

function emptyDesk({ paper, title, reference }: PaperDesk, notApplicable: string): Desk {
  return {
    paper,
    title,
    reference,
    notApplicable,
    hypotheses: [],
    claims: [],
    prescriptions: [],
    notes: [],
    series: [],
  };
}

function checkProbability(name: string, value: number): void {
  if (!(value > 0 && value < 1)) throw new SurefootError("argument", `${name} must lie between 0 and 1, not ${value}`);
}
