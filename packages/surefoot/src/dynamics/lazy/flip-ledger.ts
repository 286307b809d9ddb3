/** An entry: sample, base, flips. */
const FIELDS = 3;
const FIRST_ROOM = 2;

/**
 * What the flips so far have added to c_rj = η Σ_{s<k} s_rj(s) e_j(s) = base_rj + s_rj S_j: one entry for each pair that has ever
 * flipped, however often. The entries of a slot lie next to one another, in the order of their first flips; a slot that outgrows
 * its room moves to one of twice the size.
 */
export class FlipLedger {
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #rooms: Uint32Array;
  #data = new Float64Array(4096);
  #used = 0;
  #pairs = 0;

  constructor(slots: number) {
    this.#starts = new Uint32Array(slots);
    this.#lengths = new Uint32Array(slots);
    this.#rooms = new Uint32Array(slots);
  }

  /** Number of pairs that have flipped at least once. */
  get pairs(): number {
    return this.#pairs;
  }

  /** One flip of pair (slot, sample); `change` is +S_j(k) when it turned off, −S_j(k) when it turned on. */
  record(slot: number, sample: number, change: number): void {
    const at = this.#find(slot, sample);
    this.#data[at + 1] += change;
    this.#data[at + 2] += 1;
  }

  /** Puts back an entry of a checkpoint. */
  restore(slot: number, sample: number, base: number, flips: number): void {
    const at = this.#find(slot, sample);
    this.#data[at + 1] = base;
    this.#data[at + 2] = flips;
  }

  /** Σ_j row[offset + j]·base_rj over the flipped pairs of the slot. */
  weightedSum(slot: number, row: Float64Array, offset: number): number {
    const data = this.#data;
    const start = FIELDS * this.#starts[slot];
    const end = start + FIELDS * this.#lengths[slot];
    let sum = 0;
    for (let at = start; at < end; at += FIELDS) sum += row[offset + data[at]] * data[at + 1];
    return sum;
  }

  /** Adds base_rj to coefficients[j] for the flipped pairs of the slot. */
  addBases(slot: number, coefficients: Float64Array): void {
    const start = FIELDS * this.#starts[slot];
    const end = start + FIELDS * this.#lengths[slot];
    for (let at = start; at < end; at += FIELDS) coefficients[this.#data[at]] += this.#data[at + 1];
  }

  hasFlipped(slot: number): boolean {
    return this.#lengths[slot] > 0;
  }

  /** Every slot with a flipped pair, ascending. */
  *slots(): Generator<number> {
    for (let slot = 0; slot < this.#lengths.length; slot++) if (this.#lengths[slot] > 0) yield slot;
  }

  /** Every entry; those of a slot in the order of their first flips. */
  *entries(): Generator<{ slot: number; sample: number; base: number; flips: number }> {
    for (const slot of this.slots()) {
      const start = FIELDS * this.#starts[slot];
      for (let at = start; at < start + FIELDS * this.#lengths[slot]; at += FIELDS) {
        yield { slot, sample: this.#data[at], base: this.#data[at + 1], flips: this.#data[at + 2] };
      }
    }
  }

  /** Where the entry of the pair begins; makes one if there is none. */
  #find(slot: number, sample: number): number {
    const start = FIELDS * this.#starts[slot];
    const end = start + FIELDS * this.#lengths[slot];
    for (let at = start; at < end; at += FIELDS) if (this.#data[at] === sample) return at;
    if (this.#lengths[slot] === this.#rooms[slot]) this.#move(slot);
    const at = FIELDS * (this.#starts[slot] + this.#lengths[slot]);
    this.#lengths[slot] += 1;
    this.#pairs += 1;
    this.#data[at] = sample;
    this.#data[at + 1] = 0;
    this.#data[at + 2] = 0;
    return at;
  }

  #move(slot: number): void {
    const room = Math.max(FIRST_ROOM, 2 * this.#rooms[slot]);
    if (FIELDS * (this.#used + room) > this.#data.length) {
      const grown = new Float64Array(2 * this.#data.length + FIELDS * room);
      grown.set(this.#data);
      this.#data = grown;
    }
    const from = FIELDS * this.#starts[slot];
    this.#data.copyWithin(FIELDS * this.#used, from, from + FIELDS * this.#lengths[slot]);
    this.#starts[slot] = this.#used;
    this.#rooms[slot] = room;
    this.#used += room;
  }
}
