import type { Backend } from "@surefoot/linalg";
import type { Dataset } from "../data/dataset.ts";
import { createBreather } from "../dynamics/breathe.ts";
import type { Interval } from "../interval/arithmetic.ts";
import { addUp } from "../interval/directed.ts";
import type { Network, Weights } from "../network/network.ts";
import type { Measurer } from "./evidence.ts";
import type { TheoremName, TheoremOutcome } from "./outcome.ts";
import { unmeasured } from "./theorems.ts";

/** Gradient descent on ½‖e‖² with one step size, to be followed. */
export interface FollowedDescent {
  readonly network: Network;
  readonly weights: Weights;
  readonly dataset: Dataset;
  readonly stepSize: Interval;
  readonly backend: Backend;
  /** One that proves. */
  readonly measurer: Measurer;
}

/**
 * Knows one kind of network and stands at a computed iterate θ̂_k; the exact iterate θ_k of gradient descent is within `distance` = δ_k of it.
 * Answers in words say why it cannot go on.
 */
export interface Follower {
  /** The one that is asked. */
  readonly theorem: TheoremName;
  /** θ̂_k. */
  here(): Weights;
  /** What a theorem says of every start within `distance`, and ‖e‖ there. */
  ask(distance: number): Promise<Asked | string>;
  /** Goes to θ̂_{k+1}. */
  advance(distance: number): Promise<Advanced | string>;
}

export interface Asked {
  readonly outcome: TheoremOutcome;
  readonly residual: Interval;
}

export interface Advanced {
  /** ‖e(θ_k)‖, before the step. */
  readonly residual: Interval;
  /** δ_{k+1} ≥ ‖θ_{k+1} − θ̂_{k+1}‖. */
  readonly distance: number;
  /** ≥ ‖θ̂_{k+1} − θ̂_k‖. */
  readonly length: number;
  /** `ask` must be called before the next step. */
  readonly spent: boolean;
}

/** Where `follow` is. */
export interface FollowProgress {
  readonly step: number;
  /** ½‖e‖², from above. */
  readonly loss: number;
  /** ≥ the distance of the exact iterate from the computed one. */
  readonly distance: number;
  /** Of the theorem when it was last asked. */
  readonly margin: number;
}

/** How far gradient descent was followed and what the theorem said there. */
export interface Followed {
  /** For every start within `distance` of the computed iterate; its radius is about that start. */
  readonly outcome: TheoremOutcome;
  /** K. */
  readonly steps: number;
  /** δ_K. */
  readonly distance: number;
  /** ≥ the length of the computed path θ̂_0 … θ̂_K. */
  readonly length: number;
  /** ‖e(θ_k)‖ of the exact iterates, k = 0 … K, from both sides (without K where the following broke off). */
  readonly residuals: readonly Interval[];
  /** Why the following ended without a certificate. */
  readonly gaveUp?: string;
}

/** Ask again when the residual has fallen to this share. */
const PROGRESS = 0.8;

/**
 * Follows gradient descent with proved error bounds until a theorem certifies every point where the exact iterate can be, for at most `steps`
 * steps (docs/certificates.md, "Following a run").
 */
export async function follow(
  follower: Follower,
  measurer: Measurer,
  { steps, signal, onProgress }: { steps: number; signal?: AbortSignal; onProgress?: (at: FollowProgress) => void },
): Promise<Followed> {
  let distance = 0;
  let length = 0;
  let step = 0;
  let outcome: TheoremOutcome | undefined;
  const breathe = createBreather();
  const residuals: Interval[] = [];
  const stop = (gaveUp: string): Followed => ({
    outcome: outcome ?? unmeasured(follower.theorem, gaveUp, measurer),
    steps: step,
    distance,
    length,
    residuals,
    gaveUp,
  });
  while (true) {
    const asked = await follower.ask(distance);
    if (typeof asked === "string") return stop(asked);
    outcome = asked.outcome;
    const target = PROGRESS * asked.residual.upper;
    onProgress?.({ step, loss: 0.5 * asked.residual.upper ** 2, distance, margin: outcome.margin });
    if (outcome.verdict === "certified") {
      return { outcome, steps: step, distance, length, residuals: [...residuals, asked.residual] };
    }
    if (step >= steps) return { ...stop(`${steps} steps were allowed`), residuals: [...residuals, asked.residual] };
    let spent = false;
    while (!spent && step < steps) {
      await breathe(); // so that an interruption is heard
      if (signal?.aborted) return stop("interrupted");
      const next = await follower.advance(distance);
      if (typeof next === "string") return stop(next);
      residuals.push(next.residual);
      distance = next.distance;
      length = addUp(length, next.length);
      step++;
      spent = next.spent || next.residual.upper < target;
    }
  }
}
