// One contestant in a process of its own, as ours.mjs: what a TypeScript user would pick today. Packages come from the folder that
// install-peers.sh filled (`peers` in the job), never from this repository.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const { task, backend: name, params, files, repeats, seconds, peers } = JSON.parse(process.argv[2]);
const { n } = params;
const require = createRequire(join(peers, "package.json"));
const load = (id) => import(pathToFileURL(require.resolve(id)).href);
const version = (id) => JSON.parse(readFileSync(join(peers, "node_modules", id, "package.json"), "utf8")).version;
const input = { gemm: "a", cholesky: "spd", eigenvalues: "symmetric" }[task];
const read = (key) => new Float64Array(new Uint8Array(readFileSync(files[key])).buffer);
const a = read(input);

const LIBRARIES = {
  "ml-matrix": async () => {
    const { Matrix, CholeskyDecomposition, EigenvalueDecomposition } = await load("ml-matrix");
    const x = Matrix.from1DArray(n, n, a);
    const y = task === "gemm" ? Matrix.from1DArray(n, n, read("b")) : undefined;
    return {
      gemm: () => x.mmul(y),
      cholesky: () => new CholeskyDecomposition(x).lowerTriangularMatrix,
      eigenvalues: () =>
        new EigenvalueDecomposition(x, { assumeSymmetric: true }).realEigenvalues.sort((p, q) => p - q),
      at: (m, i, j) => m.get(i, j),
      detail: `ml-matrix ${version("ml-matrix")}, float64`,
    };
  },
  "numpy-ts": async () => {
    const np = await load("numpy-ts");
    const x = np.array(a).reshape([n, n]);
    const y = task === "gemm" ? np.array(read("b")).reshape([n, n]) : undefined;
    return {
      gemm: () => np.matmul(x, y),
      cholesky: () => np.linalg.cholesky(x),
      eigenvalues: () => Array.from(np.linalg.eigvalsh(x).data),
      at: (m, i, j) => m.get([i, j]),
      detail: `numpy-ts ${version("numpy-ts")}, float64`,
    };
  },
  "jax-js float64": () => jax("float64", Float64Array),
  "jax-js float32": () => jax("float32", Float32Array),
  "tfjs float32": async () => {
    const tf = await load("@tensorflow/tfjs-core");
    await load("@tensorflow/tfjs-backend-wasm");
    await tf.setBackend("wasm");
    const x = tf.tensor2d(Float32Array.from(a), [n, n]);
    const y = task === "gemm" ? tf.tensor2d(Float32Array.from(read("b")), [n, n]) : undefined;
    return {
      gemm: async () => {
        const product = tf.matMul(x, y);
        const data = await product.data();
        product.dispose();
        return data;
      },
      at: (m, i, j) => m[i * n + j],
      detail: `tfjs ${version("@tensorflow/tfjs-core")} on its wasm backend, float32`,
    };
  },
};

async function jax(dtype, Numbers) {
  globalThis.Float16Array ??= class {}; // jax-js names it in an instanceof; Node has it from 24 on.
  const { init, defaultDevice, numpy: np } = await load("@jax-js/jax");
  await init("wasm");
  defaultDevice("wasm");
  const make = (data) => np.array(Numbers.from(data), { dtype: np[dtype] }).reshape([n, n]);
  const x = make(a);
  const y = task === "gemm" ? make(read("b")) : undefined;
  return {
    gemm: () => np.matmul(x.ref, y.ref).data(),
    cholesky: () => np.linalg.cholesky(x.ref).data(),
    eigenvalues: async () => Array.from(await np.linalg.eigvalsh(x.ref).data()),
    at: (m, i, j) => m[i * n + j],
    detail: `jax-js ${version("@jax-js/jax")} on its wasm backend, ${dtype}`,
  };
}

const library = await LIBRARIES[name]();
const call = library[task];
const entries = { gemm: [0, 1, n - 1, n - 2], cholesky: [1, 0, n - 1, n - 1] }[task];
const check = (r) =>
  task === "eigenvalues"
    ? [r[0], r[n - 1]]
    : [library.at(r, entries[0], entries[1]), library.at(r, entries[2], entries[3])];

const began = performance.now();
let result = await call();
const first = (performance.now() - began) / 1000;
// A call that takes a good part of the time allowed is its own measurement: nothing is left to warm up.
const times = first > seconds / 2 ? [first] : [];
while (times.length < repeats && (times.length === 0 || performance.now() - began < 1000 * seconds)) {
  const start = performance.now();
  result = await call();
  times.push((performance.now() - start) / 1000);
}
console.log(JSON.stringify({ times, check: check(result), detail: library.detail }));
process.exit(0);
