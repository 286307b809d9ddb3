/** An entry: base; sample and number of flips, two words of 32 bits in the place of a double. */
const FIELDS = 2;
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
  /** The same memory: the words of the entry at `at` are 2·at + 2 (sample) and 2·at + 3 (flips). */
  #words: Uint32Array = new Uint32Array(0);
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
    if (needed <= this.#data.length) return;
    this.#data = await this.#room(this.#data, Math.max(4096, 2 * needed));
    const { buffer, byteOffset, length } = this.#data;
    this.#words = new Uint32Array(buffer, byteOffset, 2 * length);
  }

  /** Number of pairs that have flipped at least once. */
  get pairs(): number {
    return this.#pairs;
  }

  /** One flip of pair (slot, sample), for which there is room (`reserve`); `change` is +S_j(k) when it turned off, −S_j(k) when it turned on. */
  record(slot: number, sample: number, change: number): void {
    const at = this.#find(slot, sample);
    this.#data[at] += change;
    this.#words[2 * at + 3] += 1;
  }

  /** Puts back an entry of a checkpoint. */
  restore(slot: number, sample: number, base: number, flips: number): void {
    const at = this.#find(slot, sample);
    this.#data[at] = base;
    this.#words[2 * at + 3] = flips;
  }

  /** Σ_j row[offset + j]·base_rj over the flipped pairs of the slot, in four chains as lazy-look.ts has them. */
  weightedSum(slot: number, row: Float64Array, offset: number): number {
    const data = this.#data;
    const words = this.#words;
    let at = FIELDS * this.#starts[slot];
    const end = at + FIELDS * this.#lengths[slot];
    let [s0, s1, s2, s3] = [0, 0, 0, 0];
    for (; at + 3 * FIELDS < end; at += 4 * FIELDS) {
      s0 += row[offset + words[2 * at + 2]] * data[at];
      s1 += row[offset + words[2 * at + 6]] * data[at + 2];
      s2 += row[offset + words[2 * at + 10]] * data[at + 4];
      s3 += row[offset + words[2 * at + 14]] * data[at + 6];
    }
    for (; at < end; at += FIELDS) s0 += row[offset + words[2 * at + 2]] * data[at];
    return s0 + s1 + (s2 + s3);
  }

  /** Adds base_rj to coefficients[j] for the flipped pairs of the slot. */
  addBases(slot: number, coefficients: Float64Array): void {
    const start = FIELDS * this.#starts[slot];
    const end = start + FIELDS * this.#lengths[slot];
    for (let at = start; at < end; at += FIELDS) coefficients[this.#words[2 * at + 2]] += this.#data[at];
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
        yield {
          slot,
          sample: this.#words[2 * at + 2],
          base: this.#data[at],
          flips: this.#words[2 * at + 3],
        };
      }
    }
  }

  /** Where the entry of the pair begins; makes one if there is none. */
  #find(slot: number, sample: number): number {
    const start = FIELDS * this.#starts[slot];
    const end = start + FIELDS * this.#lengths[slot];
    for (let at = start; at < end; at += FIELDS) if (this.#words[2 * at + 2] === sample) return at;
    if (this.#lengths[slot] === this.#rooms[slot]) this.#move(slot);
    const at = FIELDS * (this.#starts[slot] + this.#lengths[slot]);
    this.#lengths[slot] += 1;
    this.#pairs += 1;
    this.#data[at] = 0;
    this.#words[2 * at + 2] = sample;
    this.#words[2 * at + 3] = 0;
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
