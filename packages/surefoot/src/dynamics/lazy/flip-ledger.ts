/**
 * What the flips so far have added to c_rj = η Σ_{s<k} s_rj(s) e_j(s) = base_rj + s_rj S_j: one entry for each pair that has ever
 * flipped, however often, in a list per slot.
 */
export class FlipLedger {
  readonly #heads: Int32Array;
  #next = new Int32Array(1024);
  #samples = new Uint32Array(1024);
  #bases = new Float64Array(1024);
  #flips = new Float64Array(1024);
  #slots = new Uint32Array(1024);
  #pairs = 0;

  constructor(slots: number) {
    this.#heads = new Int32Array(slots).fill(-1);
  }

  /** Number of pairs that have flipped at least once. */
  get pairs(): number {
    return this.#pairs;
  }

  /** One flip of pair (slot, sample); `change` is +S_j(k) when it turned off, −S_j(k) when it turned on. Returns its flips so far. */
  record(slot: number, sample: number, change: number): number {
    const entry = this.#find(slot, sample);
    this.#bases[entry] += change;
    this.#flips[entry] += 1;
    return this.#flips[entry];
  }

  /** Puts back an entry of a checkpoint. */
  restore(slot: number, sample: number, base: number, flips: number): void {
    const entry = this.#find(slot, sample);
    this.#bases[entry] = base;
    this.#flips[entry] = flips;
  }

  /** Σ_j row[offset + j]·base_rj over the flipped pairs of the slot. */
  weightedSum(slot: number, row: Float64Array, offset: number): number {
    let sum = 0;
    for (let entry = this.#heads[slot]; entry >= 0; entry = this.#next[entry]) {
      sum += row[offset + this.#samples[entry]] * this.#bases[entry];
    }
    return sum;
  }

  /** Adds base_rj to coefficients[j] for the flipped pairs of the slot. */
  addBases(slot: number, coefficients: Float64Array): void {
    for (let entry = this.#heads[slot]; entry >= 0; entry = this.#next[entry]) {
      coefficients[this.#samples[entry]] += this.#bases[entry];
    }
  }

  /** Every entry in the order of its first flip. */
  *entries(): Generator<{ slot: number; sample: number; base: number; flips: number }> {
    for (let entry = 0; entry < this.#pairs; entry++) {
      yield {
        slot: this.#slots[entry],
        sample: this.#samples[entry],
        base: this.#bases[entry],
        flips: this.#flips[entry],
      };
    }
  }

  #find(slot: number, sample: number): number {
    let last = -1;
    for (let entry = this.#heads[slot]; entry >= 0; entry = this.#next[entry]) {
      if (this.#samples[entry] === sample) return entry;
      last = entry;
    }
    const entry = this.#pairs++;
    if (entry === this.#next.length) this.#grow();
    // Appended at the end: sums over a list keep their order of addition for the life of the run.
    if (last < 0) this.#heads[slot] = entry;
    else this.#next[last] = entry;
    this.#next[entry] = -1;
    this.#slots[entry] = slot;
    this.#samples[entry] = sample;
    this.#bases[entry] = 0;
    this.#flips[entry] = 0;
    return entry;
  }

  #grow(): void {
    const size = this.#next.length * 2;
    const grown = <T extends Int32Array | Uint32Array | Float64Array>(from: T, to: T): T => {
      to.set(from);
      return to;
    };
    this.#next = grown(this.#next, new Int32Array(size));
    this.#samples = grown(this.#samples, new Uint32Array(size));
    this.#slots = grown(this.#slots, new Uint32Array(size));
    this.#bases = grown(this.#bases, new Float64Array(size));
    this.#flips = grown(this.#flips, new Float64Array(size));
  }
}
