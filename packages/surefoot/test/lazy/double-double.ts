import type { Matrix } from "@surefoot/linalg";
import type { Dataset } from "../../src/data/dataset.ts";

/** An unevaluated sum high + low with about 106 bits (Dekker 1971, Knuth's two-sum). */
type Wide = readonly [high: number, low: number];

const twoSum = (a: number, b: number): Wide => {
  const s = a + b;
  const t = s - a;
  return [s, a - (s - t) + (b - t)];
};

const twoProduct = (a: number, b: number): Wide => {
  const p = a * b;
  const [ah, al] = split(a);
  const [bh, bl] = split(b);
  return [p, al * bl - (p - ah * bh - al * bh - ah * bl)];
};

const split = (a: number): Wide => {
  const t = 134217729 * a;
  const high = t - (t - a);
  return [high, a - high];
};

const add = (a: Wide, b: Wide): Wide => {
  const [s, e] = twoSum(a[0], b[0]);
  return twoSum(s, e + a[1] + b[1]);
};

const times = (a: Wide, b: Wide): Wide => {
  const [p, e] = twoProduct(a[0], b[0]);
  return twoSum(p, e + a[0] * b[1] + a[1] * b[0]);
};

const divide = (a: Wide, b: Wide): Wide => {
  const q = a[0] / b[0];
  const rest = add(a, times([-q, 0], b));
  return twoSum(q, rest[0] / b[0]);
};

const squareRoot = (a: number): Wide => {
  const r = Math.sqrt(a);
  const rest = add([a, 0], times([-r, 0], [r, 0]));
  return twoSum(r, rest[0] / (2 * r));
};

/** Gradient descent in weight space with about 32 digits. */
export class WideDescent {
  readonly #x: Wide[][];
  readonly #y: Wide[];
  readonly #w: Wide[][];
  readonly #a: Wide[];
  readonly #rootWidth: Wide;
  readonly #eta: Wide;
  #z: Wide[][] = [];
  #e: Wide[] = [];

  constructor({ x, y }: Dataset, w: Matrix, a: Float64Array, eta: number) {
    const rows = (matrix: Matrix): Wide[][] =>
      Array.from({ length: matrix.rows }, (_, i) =>
        Array.from(matrix.data.subarray(i * matrix.cols, (i + 1) * matrix.cols), (value): Wide => [value, 0]),
      );
    this.#x = rows(x);
    this.#y = Array.from(y, (value): Wide => [value, 0]);
    this.#w = rows(w);
    this.#a = Array.from(a, (value): Wide => [value, 0]);
    this.#rootWidth = squareRoot(a.length);
    this.#eta = [eta, 0];
    this.#forward();
  }

  #forward(): void {
    this.#z = this.#w.map((w) =>
      this.#x.map((x) => x.reduce<Wide>((sum, value, q) => add(sum, times(value, w[q])), [0, 0])),
    );
    this.#e = this.#x.map((_, i) => {
      const u = this.#z.reduce<Wide>((sum, z, r) => (z[i][0] >= 0 ? add(sum, times(this.#a[r], z[i])) : sum), [0, 0]);
      return add(divide(u, this.#rootWidth), times([-1, 0], this.#y[i]));
    });
  }

  step(): void {
    this.#w.forEach((w, r) => {
      this.#x.forEach((x, j) => {
        if (this.#z[r][j][0] < 0) return;
        const c = divide(times(times(this.#eta, this.#a[r]), this.#e[j]), this.#rootWidth);
        x.forEach((value, q) => {
          w[q] = add(w[q], times(times([-1, 0], c), value));
        });
      });
    });
    this.#forward();
  }

  get loss(): number {
    return 0.5 * this.#e.reduce<Wide>((sum, value) => add(sum, times(value, value)), [0, 0])[0];
  }

  /** min |z_ri|. */
  get closest(): number {
    return Math.min(...this.#z.flat().map(([high]) => Math.abs(high)));
  }
}
