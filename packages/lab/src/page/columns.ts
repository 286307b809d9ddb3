/** The record of a run as growing columns; NaN: not measured. */
export class Columns {
  readonly names: readonly string[];
  length = 0;
  readonly #data: Float64Array[];

  constructor(names: readonly string[]) {
    this.names = names;
    this.#data = names.map(() => new Float64Array(1024));
  }

  /** Rows one after the other, each in the order of the names. */
  append(rows: Float64Array): void {
    const count = rows.length / this.names.length;
    for (let c = 0; c < this.names.length; c++) {
      let column = this.#data[c];
      if (this.length + count > column.length) {
        const wider = new Float64Array(2 * Math.max(column.length, this.length + count));
        wider.set(column.subarray(0, this.length));
        this.#data[c] = wider;
        column = wider;
      }
      for (let i = 0; i < count; i++) column[this.length + i] = rows[i * this.names.length + c];
    }
    this.length += count;
  }

  has(name: string): boolean {
    return this.names.includes(name);
  }

  /** What was recorded so far; valid until the next append. */
  column(name: string): Float64Array {
    const at = this.names.indexOf(name);
    return at < 0 ? new Float64Array(0) : this.#data[at].subarray(0, this.length);
  }

  /** The last value that was measured, or null. */
  last(name: string): number | null {
    const values = this.column(name);
    for (let i = values.length - 1; i >= 0; i--) if (!Number.isNaN(values[i])) return values[i];
    return null;
  }
}
