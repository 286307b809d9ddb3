// The inputs of the comparison, as raw little-endian files that every contestant reads: made once a run from fixed seeds.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { chooseBackend, matrix } from "@surefoot/linalg";

const SEED = [20260101, 3];

/** Makes what `task` needs in `folder`; gives the files by name. */
export async function makeInputs(folder, task, params) {
  const { backend } = await chooseBackend("wasm");
  const normals = (rows, cols, stream) => backend.normals({ seed: SEED, stream, firstRow: 0, rows, cols });
  const save = (name, data) => {
    const path = join(folder, `${name}-${Object.values(params).join("-")}.bin`);
    writeFileSync(path, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    return path;
  };
  try {
    return await MAKERS[task]({ backend, normals, save, ...params });
  } finally {
    await backend.close();
  }
}

const MAKERS = {
  gemm: async ({ n, normals, save }) => ({
    a: save("a", (await normals(n, n, 0)).data),
    b: save("b", (await normals(n, n, 1)).data),
  }),
  /** G·Gᵀ/n + I. */
  cholesky: async ({ n, backend, normals, save }) => {
    const spd = await backend.syrk(await normals(n, n, 0), { alpha: 1 / n });
    for (let i = 0; i < n; i++) spd.data[i * n + i] += 1;
    return { spd: save("spd", spd.data) };
  },
  eigenvalues: async ({ n, normals, save }) => {
    const a = await normals(n, n, 0);
    for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) a.data[j * n + i] = a.data[i * n + j];
    return { symmetric: save("symmetric", a.data) };
  },
  /** H∞ of a two-layer ReLU network on n unit vectors in d dimensions: ⟨x, x′⟩(π − θ)/2π. The larger d, the tighter the bottom cluster. */
  lambdaMin: async ({ n, d, backend, normals, save }) => {
    const gram = await unitGram(backend, await normals(n, d, 0));
    const squared = new Float64Array(n).fill(1);
    const kernel = await backend.arcCosine(0, gram, squared, squared);
    for (let i = 0; i < n * n; i++) kernel.data[i] *= gram.data[i];
    return { kernel: save("kernel", kernel.data) };
  },
  maskCounts: async ({ n, m, normals, save }) => {
    const words = new Uint32Array((n * m) / 32);
    for (let i = 0; i < n; i++) {
      const line = (await normals(1, m, i)).data;
      for (let r = 0; r < m; r++) if (line[r] >= 0) words[(i * m) / 32 + (r >>> 5)] |= 1 << (r & 31);
    }
    return { words: save("words", words) };
  },
  elementwise: async ({ n, normals, save }) => ({ x: save("x", (await normals(n, 1, 0)).data) }),
  arcCosine: async ({ n, backend, normals, save }) => ({
    gram: save("gram", (await backend.syrk(await normals(n, 20, 0))).data),
  }),
};

async function unitGram(backend, x) {
  const unit = matrix(x.rows, x.cols, x.data.slice());
  for (let i = 0; i < x.rows; i++) {
    const line = unit.data.subarray(i * x.cols, (i + 1) * x.cols);
    const norm = Math.hypot(...line);
    for (let j = 0; j < x.cols; j++) line[j] /= norm;
  }
  const gram = await backend.syrk(unit);
  for (let i = 0; i < x.rows; i++) gram.data[i * x.rows + i] = 1;
  return gram;
}
