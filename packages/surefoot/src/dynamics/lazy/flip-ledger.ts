/** An entry: sample, base, flips. */
const FIELDS = 3;
const FIRST_ROOM = 2;

/** An array of `doubles` doubles that begins with `content`. */
export type LedgerRoom = (content: Float64Array, doubles: number) => Float64Array | Promise<Float64Array>;

const grown: LedgerRoom = (content, doubles) => {
  const room = new Float64Array(doubles);
  room.set(content);
  return room;
};

/**
 * What the flips so far have added to c_rj = η Σ_{s<k} s_rj(s) e_j(s) = base_rj + s_rj S_j: one entry for each pair that has ever
 * flipped, however often. The entries of a slot lie next to one another, in the order of their first flips; a slot that outgrows
 * its room moves to one of twice the size.
 */
export class FlipLedger {
  readonly #starts: Uint32Array;
  readonly #lengths: Uint32Array;
  readonly #rooms: Uint32Array;
  readonly #room: LedgerRoom;
  #data: Float64Array = new Float64Array(0);
  #used = 0;
  #pairs = 0;

  /** Start and length by slot (zero), and where longer lists of entries go. */
  constructor(starts: Uint32Array, lengths: Uint32Array, room: LedgerRoom = grown) {
    this.#starts = starts;
    this.#lengths = lengths;
    this.#rooms = new Uint32Array(starts.length);
    this.#room = room;
  }

  /** Makes sure that so many more pairs can be recorded: a slot with L entries has used up at most 4L, moves included. */
  async reserve(pairs: number): Promise<void> {
    const needed = 4 * FIELDS * (this.#pairs + pairs);
    if (needed > this.#data.length) this.#data = await this.#room(this.#data, Math.max(4096, 2 * needed));
  }

  /** Number of pairs that have flipped at least once. */
  get pairs(): number {
    return this.#pairs;
  }

  /** One flip of pair (slot, sample), for which there is room (`reserve`); `change` is +S_j(k) when it turned off, −S_j(k) when it turned on. */
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
    const from = FIELDS * this.#starts[slot];
    this.#data.copyWithin(FIELDS * this.#used, from, from + FIELDS * this.#lengths[slot]);
    this.#starts[slot] = this.#used;
    this.#rooms[slot] = room;
    this.#used += room;
  }
}
