import { type Backend, type Matrix, matrix } from "@surefoot/linalg";
import type { Dataset } from "../../src/data/dataset.ts";
import type { NeuronSource } from "../../src/dynamics/lazy/neuron-source.ts";

/** Gradient descent in weight space, written from the definition: the oracle of the simulator. */
export class DirectDescent {
  readonly x: Matrix;
  readonly y: Float64Array;
  readonly w: Float64Array;
  readonly a: Float64Array;
  readonly eta: number;
  readonly m: number;
  z: Float64Array;
  e: Float64Array;

  constructor({ x, y }: Dataset, w: Matrix, a: Float64Array, eta: number) {
    this.x = x;
    this.y = y;
    this.w = w.data.slice();
    this.a = a;
    this.eta = eta;
    this.m = a.length;
    this.z = new Float64Array(this.m * x.rows);
    this.e = new Float64Array(x.rows);
    this.#forward();
  }

  static async from(dataset: Dataset, source: NeuronSource, eta: number): Promise<DirectDescent> {
    const { w, a } = await source.block(0, source.width);
    return new DirectDescent(dataset, w, a, eta);
  }

  #forward(): void {
    const { x, m } = this;
    const [n, d] = [x.rows, x.cols];
    for (let i = 0; i < n; i++) {
      let u = 0;
      for (let r = 0; r < m; r++) {
        let z = 0;
        for (let q = 0; q < d; q++) z += this.w[r * d + q] * x.data[i * d + q];
        this.z[r * n + i] = z;
        if (z >= 0) u += this.a[r] * z;
      }
      this.e[i] = u / Math.sqrt(m) - this.y[i];
    }
  }

  step(): void {
    const { x, m, eta } = this;
    const [n, d] = [x.rows, x.cols];
    for (let r = 0; r < m; r++) {
      for (let j = 0; j < n; j++) {
        if (this.z[r * n + j] < 0) continue;
        const c = (eta * this.a[r] * this.e[j]) / Math.sqrt(m);
        for (let q = 0; q < d; q++) this.w[r * d + q] -= c * x.data[j * d + q];
      }
    }
    this.#forward();
  }

  get loss(): number {
    return 0.5 * this.e.reduce((sum, value) => sum + value * value, 0);
  }

  pattern(r: number): Uint8Array {
    return Uint8Array.from({ length: this.x.rows }, (_, i) => (this.z[r * this.x.rows + i] >= 0 ? 1 : 0));
  }

  /** Whether some |z_ri| is at or below 16·2⁻⁵²·‖w_r‖‖x_i‖. */
  hasNearTie(): boolean {
    const { x, m } = this;
    const [n, d] = [x.rows, x.cols];
    const norm = (data: Float64Array, row: number) => {
      let sum = 0;
      for (let q = 0; q < d; q++) sum += data[row * d + q] ** 2;
      return Math.sqrt(sum);
    };
    const norms = Array.from({ length: n }, (_, i) => norm(x.data, i));
    for (let r = 0; r < m; r++) {
      const length = norm(this.w, r);
      for (let i = 0; i < n; i++) {
        if (Math.abs(this.z[r * n + i]) <= 16 * Number.EPSILON * length * norms[i]) return true;
      }
    }
    return false;
  }
}

/** λ_max of G ∘ C / m by power iteration: for choosing step sizes. */
export function largestEigenvalue(h: Float64Array, n: number): number {
  let v = new Float64Array(n).map((_, i) => 1 + 0.1 * Math.sin(i));
  let value = 0;
  for (let round = 0; round < 200; round++) {
    const next = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) next[i] += h[i * n + j] * v[j];
    value = Math.sqrt(next.reduce((sum, x) => sum + x * x, 0));
    if (value === 0) return 0;
    v = next.map((x) => x / value);
  }
  return value;
}

/** Unit rows in general position; with `closeness` > 0 sample 1 is within that angle of sample 0. */
export async function sphere(backend: Backend, seed: number, n: number, d: number, closeness = 0): Promise<Dataset> {
  const x = await backend.normals({ seed: [seed, 0], stream: 101, firstRow: 0, rows: n, cols: d });
  const y = (await backend.normals({ seed: [seed, 0], stream: 102, firstRow: 0, rows: n, cols: 1 })).data;
  const out = matrix(n, d, x.data.slice());
  if (closeness > 0 && n > 1) {
    for (let q = 0; q < d; q++) out.data[d + q] = out.data[q] + (closeness * x.data[d + q]) / Math.sqrt(d);
  }
  for (let i = 0; i < n; i++) {
    let norm = 0;
    for (let q = 0; q < d; q++) norm += out.data[i * d + q] ** 2;
    for (let q = 0; q < d; q++) out.data[i * d + q] /= Math.sqrt(norm);
  }
  return { x: out, y: y.slice(), provenance: { source: "test sphere", steps: [], sourceRows: [...Array(n).keys()] } };
}
