import type { Looker } from "@surefoot/linalg";

/** H(k) = G ∘ C(k) / m, kept as counts C_ij = Σ_r a_r² s_ri s_rj (integers where a_r = ±1) and, next to them, as numbers. */
export class TangentCounts {
  readonly n: number;
  readonly gram: Float64Array;
  readonly counts: Float64Array;
  /** H, row-major: always the rounded value of G_ij·C_ij/m, so that nothing drifts however many flips there are. */
  readonly h: Float64Array;
  readonly #width: number;
  readonly #pending: Float64Array;
  /** A byte to each row with a pending change. */
  readonly #changed: Uint8Array;
  readonly #looker: Looker | undefined;

  constructor(gram: Float64Array, counts: Float64Array, width: number, looker?: Looker) {
    this.n = Math.round(Math.sqrt(gram.length));
    this.#width = width;
    this.#looker = looker;
    this.gram = looker ? copied(looker.gram, gram) : gram;
    this.counts = looker ? copied(looker.counts, counts) : counts;
    this.h = looker?.h ?? new Float64Array(gram.length);
    for (let at = 0; at < gram.length; at++) this.h[at] = (gram[at] * counts[at]) / width;
    this.#pending = looker?.pending ?? new Float64Array(gram.length);
    this.#changed = looker?.changed ?? new Uint8Array(this.n);
  }

  /** The same counts in the memory of a looker, whose threads then do the work. */
  on(looker: Looker): TangentCounts {
    return new TangentCounts(this.gram, this.counts, this.#width, looker);
  }

  /** Row i of what `settle` adds: the caller sets entry j to what C_ij and C_ji get, once for a row between two of them. */
  pendingRow(i: number): Float64Array {
    this.#changed[i] = 1;
    return this.#pending.subarray(i * this.n, (i + 1) * this.n);
  }

  /** Makes the changes of rows take effect. */
  async settle(): Promise<void> {
    const changed = this.#changed.reduce((sum, flag) => sum + flag, 0);
    if (changed === 0) return;
    const { n } = this;
    const pending = this.#pending;
    if (changed * 16 < n) {
      for (let i = 0; i < n; i++) {
        if (this.#changed[i] === 0) continue;
        for (let j = 0; j < n; j++) this.#add(i, j, pending[i * n + j]);
        pending.fill(0, i * n, (i + 1) * n);
      }
    } else if (this.#looker) await this.#looker.settle(this.#width);
    else {
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
      pending.fill(0);
    }
    this.#changed.fill(0);
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
   * any ζ_ri, whatever its pattern: Σ_j max(∓G_ij e_j, 0), rounded up. Sums are in four chains, on threads and here.
   */
  async rates(e: Float64Array, product: Float64Array, up: Float64Array, down: Float64Array): Promise<void> {
    const looker = this.#looker;
    if (looker) {
      looker.residual.set(e);
      await looker.rates();
      product.set(looker.product);
      up.set(looker.upRates);
      down.set(looker.downRates);
      return;
    }
    const { n, gram, h } = this;
    const slack = (n + 16) * Number.EPSILON;
    const whole = n & ~3;
    for (let i = 0; i < n; i++) {
      const at = i * n;
      let [p0, p1, p2, p3] = [0, 0, 0, 0];
      let [s0, s1, s2, s3] = [0, 0, 0, 0];
      let [a0, a1, a2, a3] = [0, 0, 0, 0];
      for (let j = 0; j < whole; j += 4) {
        const step0 = gram[at + j] * e[j];
        const step1 = gram[at + j + 1] * e[j + 1];
        const step2 = gram[at + j + 2] * e[j + 2];
        const step3 = gram[at + j + 3] * e[j + 3];
        p0 += h[at + j] * e[j];
        p1 += h[at + j + 1] * e[j + 1];
        p2 += h[at + j + 2] * e[j + 2];
        p3 += h[at + j + 3] * e[j + 3];
        s0 += step0;
        s1 += step1;
        s2 += step2;
        s3 += step3;
        a0 += Math.abs(step0);
        a1 += Math.abs(step1);
        a2 += Math.abs(step2);
        a3 += Math.abs(step3);
      }
      let p = p0 + p2 + (p1 + p3);
      let signed = s0 + s2 + (s1 + s3);
      let absolute = a0 + a2 + (a1 + a3);
      for (let j = whole; j < n; j++) {
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

function copied(target: Float64Array, source: Float64Array): Float64Array {
  target.set(source);
  return target;
}

/** Two tiles of four matrices of 32 × 32 doubles are half of a second-level cache. */
const TILE = 32;
