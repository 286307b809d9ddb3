import { LOOK_CLOSE, LOOK_FLIPS, LOOK_WAS_ON, type Looker } from "@surefoot/linalg";
import { SurefootError } from "../../error.ts";
import { DueQueue } from "./due-queue.ts";
import { FlipLedger } from "./flip-ledger.ts";
import { initialPattern } from "./neuron.ts";
import { PatternCounter } from "./pattern-counter.ts";
import type { LazyProblem } from "./problem.ts";
import type { WatchSet } from "./start.ts";
import type { CloseDecision, LazyState, SavedFlip } from "./state.ts";
import { SubsetSums } from "./subset-sums.ts";
import type { TangentCounts } from "./tangent-counts.ts";

/** A flip that has been seen in this step and is applied once every pair has been looked at with the old patterns. */
interface Flip {
  readonly slot: number;
  readonly zeta: number;
  /** The pattern before. */
  readonly was: number;
}

/** One exact gradient step after another on a watch set whose reach has not been used up. */
export class Stepper {
  readonly state: LazyState;
  readonly tangent: TangentCounts;
  readonly watch: WatchSet;
  readonly ledger: FlipLedger;
  readonly reach: Float64Array;
  readonly #problem: LazyProblem;
  readonly #everyPair: boolean;
  /** max_r |ζ_ri(0)| over the watched pairs. */
  readonly #farthest: Float64Array;
  /** The least |a_r| of a watched neuron, at most 1. */
  readonly #leastOutput: number;
  readonly #looker: Looker | undefined;
  /** Patterns of the pairs of one sample that turn on, and of those that turn off. */
  readonly #turnOn: PatternCounter;
  readonly #turnOff: PatternCounter;
  /** Without a looker. */
  readonly #queue: DueQueue;
  readonly #sums: SubsetSums;
  readonly #due: Int32Array;
  readonly #product: Float64Array;
  readonly #upRate: Float64Array;
  readonly #downRate: Float64Array;
  readonly #flips: Flip[] = [];

  /** With a looker the pairs live in its memory and its threads look at them; the iterates are the same to the bit. */
  constructor(
    problem: LazyProblem,
    state: LazyState,
    tangent: TangentCounts,
    watch: WatchSet,
    reach: Float64Array,
    looker?: Looker,
  ) {
    const n = problem.x.rows;
    this.#problem = problem;
    this.state = state;
    this.tangent = looker ? tangent.on(looker) : tangent;
    this.watch = looker ? moveTo(looker, watch) : watch;
    this.#looker = looker;
    this.reach = reach;
    this.#everyPair = watch.slots.length === n * problem.source.width;
    const held = watch.neurons.length;
    this.ledger = looker
      ? new FlipLedger(looker.starts, looker.lengths, looker.ledgerRoom)
      : new FlipLedger(new Uint32Array(held), new Uint32Array(held));
    this.#queue = DueQueue.of(2 * n, looker ? 0 : watch.slots.length);
    this.#turnOn = new PatternCounter(watch.bytes, 1);
    this.#turnOff = new PatternCounter(watch.bytes, -1);
    this.#sums = new SubsetSums(watch.bytes);
    let longest = 0;
    for (let i = 0; i < n; i++) longest = Math.max(longest, watch.offsets[i + 1] - watch.offsets[i]);
    this.#due = new Int32Array(looker ? 0 : longest);
    this.#product = new Float64Array(n);
    this.#upRate = new Float64Array(n);
    this.#downRate = new Float64Array(n);
    this.#farthest = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      for (let pair = watch.offsets[i]; pair < watch.offsets[i + 1]; pair++) {
        const zeta = watch.zeta[pair];
        this.#farthest[i] = Math.max(this.#farthest[i], Math.abs(zeta));
        if (!looker) this.#queue.insert(zeta < 0 ? 2 * i : 2 * i + 1, pair, Math.abs(zeta));
      }
    }
    this.#leastOutput = watch.outputs.reduce((least, a) => Math.min(least, Math.abs(a)), 1);
  }

  /** As the constructor, with the looker's lists of pairs made. */
  static async create(...parts: ConstructorParameters<typeof Stepper>): Promise<Stepper> {
    const stepper = new Stepper(...parts);
    await stepper.#looker?.sort();
    return stepper;
  }

  /** Puts the flips of an earlier watch set back: bases, and the patterns of the pairs that flipped an odd number of times. */
  async restore(entries: Iterable<SavedFlip>): Promise<void> {
    const { patterns, bytes } = this.watch;
    const all = [...entries];
    await this.ledger.reserve(all.length);
    for (const { neuron, sample, base, flips } of all) {
      const slot = this.slotOf(neuron);
      if (slot === undefined) throw new SurefootError("file", `neuron ${neuron} has flipped but is not within reach`);
      this.ledger.restore(slot, sample, base, flips);
      if (flips % 2 === 1) patterns[slot * bytes + (sample >> 3)] ^= 1 << (sample & 7);
    }
  }

  *savedFlips(): Generator<SavedFlip> {
    for (const { slot, sample, base, flips } of this.ledger.entries()) {
      yield { neuron: this.watch.neurons[slot], sample, base, flips };
    }
  }

  /** The slot of a neuron; undefined if none of its pairs is watched. */
  slotOf(neuron: number): number | undefined {
    const { neurons } = this.watch;
    let [low, high] = [0, neurons.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (neurons[middle] < neuron) low = middle + 1;
      else high = middle;
    }
    return neurons[low] === neuron ? low : undefined;
  }

  /** s_rj(k) for all j, for the neuron with initial weights w. */
  pattern(neuron: number, w: Float64Array): Uint8Array {
    const slot = this.slotOf(neuron);
    if (slot === undefined) return initialPattern(this.#problem, w);
    const { patterns, bytes } = this.watch;
    const n = this.state.residual.length;
    return Uint8Array.from({ length: n }, (_, j) => (patterns[slot * bytes + (j >> 3)] >> (j & 7)) & 1);
  }

  /** c_rj(k) for all j, for the neuron with initial weights w. */
  coefficients(neuron: number, w: Float64Array): Float64Array {
    const { sums } = this.state;
    const c = Float64Array.from(this.pattern(neuron, w), (bit, j) => bit * sums[j]);
    const slot = this.slotOf(neuron);
    if (slot !== undefined) this.ledger.addBases(slot, c);
    return c;
  }

  /** Above the rounding error of any evaluated ζ_ri. */
  #cushion(i: number): number {
    const { up, down } = this.state;
    return (this.#problem.x.rows + 16) * 2 ** -50 * (this.#farthest[i] + up[i] + down[i]);
  }

  /**
   * One step of gradient descent. "out-of-reach": a pair that is not watched could reach its kink in this step; nothing has been
   * changed, the watch set must be made again with a longer reach. "diverged": the residual is not finite any more.
   */
  async advance(close: CloseDecision[]): Promise<"ok" | "out-of-reach" | "diverged"> {
    const { state, tangent } = this;
    const { residual, sums, up, down } = state;
    const { stepSize, norms } = this.#problem;
    const n = residual.length;
    await tangent.rates(residual, this.#product, this.#upRate, this.#downRate);
    if (!this.#everyPair) {
      for (let i = 0; i < n; i++) {
        const longest = Math.max(up[i] + stepSize * this.#upRate[i], down[i] + stepSize * this.#downRate[i]);
        if (!(longest + 2 * this.#pad(i) <= this.reach[i])) return "out-of-reach";
      }
    }
    let moved = false;
    let size = 0;
    for (let i = 0; i < n; i++) {
      const increment = stepSize * residual[i];
      state.path += norms[i] * Math.abs(increment);
      moved ||= sums[i] + increment !== sums[i];
      sums[i] += increment;
      // The clocks' own rounding is paid for by the last factor.
      up[i] = (up[i] + stepSize * this.#upRate[i]) * (1 + 2 * Number.EPSILON);
      down[i] = (down[i] + stepSize * this.#downRate[i]) * (1 + 2 * Number.EPSILON);
      residual[i] -= stepSize * this.#product[i];
      size += Math.abs(residual[i]);
    }
    if (!Number.isFinite(size)) return "diverged";
    state.step += 1;
    if (!moved) {
      // No sum has changed, so no ζ has: there is nothing to decide.
      state.frozenAt ??= state.step - 1;
      return "ok";
    }
    const deciding = this.#settles();
    if (this.#looker) await this.#lookOnThreads(this.#looker, deciding, close);
    else await this.#lookHere(deciding, close);
    await tangent.settle();
    return "ok";
  }

  /** Whether unsure pairs are decided in this step. */
  #settles(): boolean {
    const { state } = this;
    const { stepSize } = this.#problem;
    let longest = 0;
    for (let i = 0; i < state.up.length; i++) {
      const movement = stepSize * Math.max(this.#upRate[i], this.#downRate[i]);
      longest = Math.max(longest, movement / (Number.EPSILON * (state.up[i] + state.down[i]) + Number.MIN_VALUE));
    }
    state.unsettled += longest;
    if (state.unsettled < 1) return false;
    state.unsettled = 0;
    return true;
  }

  /** ζ_ri(k) of the watched pairs of sample i. */
  currentZeta(i: number): Float64Array {
    const { offsets, slots, zeta, patterns, bytes } = this.watch;
    const { gram } = this.#problem;
    const { sums } = this.state;
    const n = sums.length;
    const [first, end] = [offsets[i], offsets[i + 1]];
    this.#sums.prepare(gram, i * n, sums, end - first);
    return Float64Array.from({ length: end - first }, (_, q) => {
      const slot = slots[first + q];
      const moved = this.#sums.sum(patterns, slot * bytes) + this.ledger.weightedSum(slot, gram, i * n);
      return zeta[first + q] - moved;
    });
  }

  /** By sample, a distance that |ζ_ri(k)| exceeds for every pair that is not watched; ∞ where all are. */
  unwatchedDistance(): Float64Array {
    const { up, down } = this.state;
    return this.reach.map((length, i) =>
      this.#everyPair ? Number.POSITIVE_INFINITY : length - Math.max(up[i], down[i]) - 2 * this.#cushion(i),
    );
  }

  /** A decision with |ζ_ri|·min(1, |a_r|) at or below this may be a near tie. */
  #closest(i: number): number {
    const { norms, source } = this.#problem;
    return 16 * Number.EPSILON * norms[i] * (Math.sqrt(source.width) * source.largestNorm + this.state.path);
  }

  /** A pair must be looked at in every step in which |ζ_ri| may be at or below this. */
  #pad(i: number): number {
    return this.#cushion(i) + this.#closest(i) / this.#leastOutput;
  }

  async #lookOnThreads(looker: Looker, deciding: boolean, close: CloseDecision[]): Promise<void> {
    const { state } = this;
    const { signs } = this.#problem.source;
    const n = state.residual.length;
    const { stepSize } = this.#problem;
    looker.sums.set(state.sums);
    for (let i = 0; i < n; i++) {
      looker.clocks[4 * i] = state.up[i];
      looker.clocks[4 * i + 1] = state.down[i];
      looker.clocks[4 * i + 2] = stepSize * this.#upRate[i];
      looker.clocks[4 * i + 3] = stepSize * this.#downRate[i];
      looker.pads[i] = this.#pad(i);
      looker.closest[i] = this.#closest(i);
    }
    await looker.look(deciding);
    const { report, marks, decided } = looker;
    let results = 0;
    for (let i = 0; i < n; i++) results += report[3 * i + 1];
    await this.ledger.reserve(results);
    for (let i = 0; i < n; i++) {
      state.looks += report[3 * i];
      const first = report[3 * i + 2];
      const flips = this.#flips;
      for (let q = first; q < first + report[3 * i + 1]; q++) {
        const slot = marks[4 * q];
        const mark = marks[4 * q + 1];
        const zeta = decided[2 * q + 1];
        if (mark & LOOK_CLOSE) close.push({ slot, sample: i, zeta });
        if (mark & LOOK_FLIPS) flips.push({ slot, zeta, was: mark & LOOK_WAS_ON ? 1 : 0 });
      }
      this.#recordFlips(i, flips);
      if (!signs && flips.length > 0) this.#flipPatterns(i, flips);
      flips.length = 0;
    }
    if (signs) await looker.flip();
  }

  /** One sample at a time: its flips change what others of the same neuron count, and no sum that decides a sign in this step. */
  async #lookHere(deciding: boolean, close: CloseDecision[]): Promise<void> {
    const n = this.state.residual.length;
    const all = Array.from({ length: n }, (_, i) => this.#lookAtSample(i, deciding, close));
    await this.ledger.reserve(all.reduce((sum, { length }) => sum + length, 0));
    for (let i = 0; i < n; i++) {
      if (all[i].length === 0) continue;
      this.#recordFlips(i, all[i]);
      this.#flipPatterns(i, all[i]);
    }
  }

  /** The flips of sample i in this step, in the order of the neurons. */
  #lookAtSample(i: number, deciding: boolean, close: CloseDecision[]): Flip[] {
    const { state, watch, ledger } = this;
    const { gram } = this.#problem;
    const n = state.residual.length;
    const due = this.#due;
    const queue = this.#queue;
    const up = state.up[i];
    const down = state.down[i];
    const pad = this.#pad(i);
    const negative = queue.collect(2 * i, up + pad, due, 0);
    const count = queue.collect(2 * i + 1, down + pad, due, negative);
    if (count === 0) return [];
    state.looks += count;
    const { slots, zeta: initial, patterns, bytes, outputs } = watch;
    const closest = this.#closest(i);
    const flips: Flip[] = [];
    this.#sums.prepare(gram, i * n, state.sums, count);
    for (let q = 0; q < count; q++) {
      const pair = due[q];
      const slot = slots[pair];
      const moved = this.#sums.sum(patterns, slot * bytes) + ledger.weightedSum(slot, gram, i * n);
      const zeta = initial[pair] - moved;
      const a = outputs[slot];
      const on = (a > 0 ? zeta >= 0 : zeta <= 0) ? 1 : 0;
      const was = (patterns[slot * bytes + (i >> 3)] >> (i & 7)) & 1;
      const distance = Math.abs(zeta);
      const unsure = distance * Math.min(1, Math.abs(a)) <= closest;
      if (deciding || !unsure) {
        if (on !== was) flips.push({ slot, zeta, was });
        if (unsure) close.push({ slot, sample: i, zeta });
      }
      if (zeta < 0) queue.insert(2 * i, pair, up + distance);
      else queue.insert(2 * i + 1, pair, down + distance);
    }
    return flips.sort((p, q) => p.slot - q.slot);
  }

  /** The exact second-order term u_i += (a_r/√m)|z_ri(k+1)|, and the bases, with the sums that include this step. */
  #recordFlips(i: number, flips: readonly Flip[]): void {
    if (flips.length === 0) return;
    const { state, ledger } = this;
    const { outputs } = this.watch;
    let correction = 0;
    for (const { slot, zeta, was } of flips) {
      const a = outputs[slot];
      correction += a * Math.abs(a) * Math.abs(zeta);
      ledger.record(slot, i, was === 1 ? state.sums[i] : -state.sums[i]);
    }
    state.residual[i] += correction / this.#problem.source.width;
    state.flips += flips.length;
  }

  /**
   * Changes bit i of the patterns and sets row i of the pending counts to what that adds, with the bits as they are now: flips of earlier
   * samples in the same step included.
   */
  #flipPatterns(i: number, flips: readonly Flip[]): void {
    const { patterns, bytes, outputs } = this.watch;
    const { signs } = this.#problem.source;
    const change = this.tangent.pendingRow(i).fill(0);
    for (const { slot, was } of flips) {
      const at = slot * bytes;
      const weight = (was === 1 ? -1 : 1) * outputs[slot] ** 2;
      patterns[at + (i >> 3)] &= ~(1 << (i & 7));
      if (signs) (was === 1 ? this.#turnOff : this.#turnOn).add(patterns, at, change);
      else {
        for (let b = 0; b < bytes; b++) {
          for (let mask = patterns[at + b]; mask !== 0; mask &= mask - 1) {
            change[b * 8 + 31 - Math.clz32(mask & -mask)] += weight;
          }
        }
      }
      change[i] += weight;
      if (was === 0) patterns[at + (i >> 3)] |= 1 << (i & 7);
    }
    this.#turnOn.empty(change);
    this.#turnOff.empty(change);
  }
}

/** The same watch set in the memory of a looker. */
function moveTo(looker: Looker, watch: WatchSet): WatchSet {
  looker.patterns.set(watch.patterns);
  looker.outputs.set(watch.outputs);
  looker.slotOf.set(watch.slots);
  looker.zeta.set(watch.zeta);
  const { neurons, bytes, offsets } = watch;
  const { patterns, outputs, slotOf: slots, zeta } = looker;
  return { neurons, outputs, patterns, bytes, offsets, slots, zeta };
}
