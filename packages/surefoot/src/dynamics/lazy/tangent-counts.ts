/** H(k) = G ∘ C(k) / m, kept as counts C_ij = Σ_r a_r² s_ri s_rj (integers where a_r = ±1) and, next to them, as numbers. */
export class TangentCounts {
  readonly n: number;
  readonly gram: Float64Array;
  readonly counts: Float64Array;
  /** H, row-major: always the rounded value of G_ij·C_ij/m, so that nothing drifts however many flips there are. */
  readonly h: Float64Array;
  readonly #width: number;
  readonly #pending: Float64Array;
  readonly #changed: number[] = [];

  constructor(gram: Float64Array, counts: Float64Array, width: number) {
    this.n = Math.round(Math.sqrt(gram.length));
    this.gram = gram;
    this.counts = counts;
    this.#width = width;
    this.#pending = new Float64Array(gram.length);
    this.h = gram.map((g, at) => (g * counts[at]) / width);
  }

  /** Adds change[j] to C_ij and C_ji for every j, at the next `settle`; at most once for a row between two of them. */
  changeRow(i: number, change: Float64Array): void {
    this.#pending.set(change, i * this.n);
    this.#changed.push(i);
  }

  /** Makes the changes of rows take effect. */
  settle(): void {
    const { n } = this;
    const pending = this.#pending;
    if (this.#changed.length * 16 < n) {
      for (const i of this.#changed) for (let j = 0; j < n; j++) this.#add(i, j, pending[i * n + j]);
    } else {
      // By tiles, so that a row and the column that mirrors it stay in the cache together.
      for (let i0 = 0; i0 < n; i0 += TILE) {
        for (let j0 = 0; j0 <= i0; j0 += TILE) {
          const end = Math.min(i0 + TILE, n);
          for (let i = i0; i < end; i++) {
            const last = Math.min(j0 + TILE - 1, i);
            for (let j = j0; j <= last; j++) {
              this.#add(i, j, i === j ? pending[i * n + i] : pending[i * n + j] + pending[j * n + i]);
            }
          }
        }
      }
    }
    for (const i of this.#changed) pending.fill(0, i * n, (i + 1) * n);
    this.#changed.length = 0;
  }

  #add(i: number, j: number, change: number): void {
    if (change === 0) return;
    const { n, gram, counts, h } = this;
    const at = i * n + j;
    const count = counts[at] + change;
    const value = (gram[at] * count) / this.#width;
    counts[at] = count;
    h[at] = value;
    counts[j * n + i] = count;
    h[j * n + i] = value;
  }

  /**
   * For residual e: product ← H e, and in `up` and `down` the largest upward and downward movement that one unit of step size can give
   * any ζ_ri, whatever its pattern: Σ_j max(∓G_ij e_j, 0), rounded up.
   */
  rates(e: Float64Array, product: Float64Array, up: Float64Array, down: Float64Array): void {
    const { n, gram, h } = this;
    const slack = (n + 16) * Number.EPSILON;
    for (let i = 0; i < n; i++) {
      const at = i * n;
      let [p, signed, absolute] = [0, 0, 0];
      for (let j = 0; j < n; j++) {
        const step = gram[at + j] * e[j];
        p += h[at + j] * e[j];
        signed += step;
        absolute += Math.abs(step);
      }
      product[i] = p;
      up[i] = 0.5 * (absolute - signed) + slack * absolute;
      down[i] = 0.5 * (absolute + signed) + slack * absolute;
    }
  }
}

/** Two tiles of four matrices of 32 × 32 doubles are half of a second-level cache. */
const TILE = 32;
