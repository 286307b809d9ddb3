import { clopperPearson, type Proportion } from "../random/clopper-pearson.ts";
import { even, GREATEST_WIDTH } from "./predict-width.ts";

/** Whether the network of this width and seed is certified at k = 0. */
export type Attempt = (width: number, seed: number) => Promise<boolean>;

/** What `leastWidth` searches, and how thoroughly. */
export interface LeastWidthOptions {
  readonly attempt: Attempt;
  /** Where to begin. */
  readonly first: number;
  /** Refuse wider networks. */
  readonly greatest?: number;
  /** The share of the seeds that is asked for, and the confidence of the interval. */
  readonly confidence: number;
  /** Fresh draws by which a width is confirmed. */
  readonly draws: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (line: string) => void;
}

/** A width, and how many fresh draws of it were certified. */
export interface LeastWidth {
  readonly status: "found" | "too-wide" | "interrupted";
  /** Null where none was found. */
  readonly width: number | null;
  /** Of the confirming draws at `width`. */
  readonly certified: Proportion | null;
  /** The first confirming seed that was certified. */
  readonly seed: number | null;
  readonly attempts: number;
}

/** A width passes the search when this many draws in a row are certified. */
const PILOTS = 4;
const RESOLUTION = 1.05;
const ROUNDS = 8;

/**
 * The least even width, to 5 %, of which draws are certified with the wanted frequency. Bisection with a few draws finds a candidate; fresh
 * seeds confirm it, and where too few of them are certified the width grows by a tenth and other fresh seeds are drawn, so that the
 * frequency reported is that of draws which did not choose the width (but for the rounds that failed before).
 */
export async function leastWidth(options: LeastWidthOptions): Promise<LeastWidth> {
  const { attempt, greatest = GREATEST_WIDTH, confidence, draws, signal, onProgress } = options;
  let attempts = 0;
  const known = new Map<number, boolean>();
  const certified = async (width: number, seed: number, what: string) => {
    onProgress?.(`width ${width.toLocaleString("en-US").replaceAll(",", " ")}: ${what}`);
    attempts++;
    return attempt(width, seed);
  };
  const passes = async (width: number) => {
    const before = known.get(width);
    if (before !== undefined) return before;
    let all = true;
    for (let seed = 0; seed < PILOTS && all && !signal?.aborted; seed++) {
      all = await certified(width, seed, `draw ${seed + 1} of ${PILOTS}`);
    }
    if (!signal?.aborted) known.set(width, all);
    return all;
  };
  const none = (status: LeastWidth["status"]): LeastWidth => ({
    status,
    width: null,
    certified: null,
    seed: null,
    attempts,
  });

  let high = Math.min(even(options.first), even(greatest));
  let low = 0;
  while (!(await passes(high))) {
    if (signal?.aborted) return none("interrupted");
    low = high;
    if (high >= even(greatest)) return none("too-wide");
    high = Math.min(2 * high, even(greatest));
  }
  while (low === 0 && high > 2) {
    const half = even(high / 2);
    if (half >= high) break;
    if (await passes(half)) high = half;
    else low = half;
    if (signal?.aborted) return none("interrupted");
  }
  while (high > RESOLUTION * low && high - low > 2) {
    const middle = even(Math.sqrt(Math.max(1, low) * high));
    if (middle <= low || middle >= high) break;
    if (await passes(middle)) high = middle;
    else low = middle;
    if (signal?.aborted) return none("interrupted");
  }
  for (let round = 0, seed = PILOTS; round < ROUNDS; round++) {
    let successes = 0;
    let chosen: number | null = null;
    // a round that cannot reach the wanted share any more is given up: its width will not be reported
    for (let draw = 0; draw < draws && successes + draws - draw >= confidence * draws; draw++, seed++) {
      if (signal?.aborted) return none("interrupted");
      if (!(await certified(high, seed, `confirming, draw ${draw + 1} of ${draws}`))) continue;
      successes++;
      chosen ??= seed;
    }
    if (successes >= confidence * draws) {
      const proportion = clopperPearson(successes, draws, confidence);
      return { status: "found", width: high, certified: proportion, seed: chosen, attempts };
    }
    if (high >= even(greatest)) break;
    high = Math.min(even(1.1 * high + 1), even(greatest));
  }
  return none("too-wide");
}
