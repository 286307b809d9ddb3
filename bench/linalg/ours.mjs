// One contestant in a process of its own: ours.mjs '{"task", "backend", "params", "files", "repeats", "seconds"}' prints one line of JSON.
import { readFileSync } from "node:fs";
import { chooseBackend, createReferenceBackend, matrix } from "@surefoot/linalg";

const { task, backend: name, threads, params, files, repeats, seconds } = JSON.parse(process.argv[2]);

const bytes = (path) => {
  const data = readFileSync(path);
  return data.buffer.slice(data.byteOffset, data.byteOffset + data.byteLength);
};
const square = (path, n) => matrix(n, n, new Float64Array(bytes(path)));
const fail = (status) => {
  throw new Error(`${task} on ${name}: ${status}`);
};

const { backend } =
  name === "reference" ? { backend: createReferenceBackend() } : await chooseBackend(name, { threads });

/** Each task: prepares, then gives a call to be timed and a few numbers of its result to be compared between contestants. */
const TASKS = {
  gemm: ({ n }) => {
    const [a, b, out] = [square(files.a, n), square(files.b, n), matrix(n, n)];
    return { call: () => backend.gemm(a, b, { out }), check: (c) => [c.data[1], c.data[n * n - 2]] };
  },
  cholesky: ({ n }) => {
    const a = square(files.spd, n);
    return {
      call: () => backend.cholesky(a),
      check: (o) => (o.status === "ok" ? [o.factor.data[n], o.factor.data[n * n - 1]] : fail(o.status)),
    };
  },
  eigenvalues: ({ n }) => {
    const a = square(files.symmetric, n);
    return {
      call: () => backend.eigenvalues(a),
      check: (o) => (o.status === "ok" ? [o.values[0], o.values[n - 1]] : fail(o.status)),
    };
  },
  lambdaMin: ({ n }) => {
    const a = square(files.kernel, n);
    return {
      call: () => backend.extremalEigenvalues(a, { which: "smallest" }),
      check: (o) => (o.status === "ok" ? [o.smallest.value] : fail(o.status)),
      note: (o) => o.method,
    };
  },
  maskCounts: ({ n, m }) => {
    const masks = { rows: n, bits: m, wordsPerRow: m / 32, words: new Uint32Array(bytes(files.words)) };
    return { call: () => backend.maskCounts(masks), check: (c) => [c.data[1], c.data[0], c.data[n * n - 2]] };
  },
  elementwise: ({ f, n }) => {
    const x = new Float64Array(bytes(files.x));
    const out = new Float64Array(n);
    return { call: () => backend.elementwise(f, x, out), check: (y) => [y[0], y[n - 1]] };
  },
  arcCosine: ({ n }) => {
    const gram = square(files.gram, n);
    const squared = Float64Array.from({ length: n }, (_, i) => gram.data[i * n + i]);
    const out = matrix(n, n);
    return {
      call: () => backend.arcCosine(1, gram, squared, squared, out),
      check: (c) => [c.data[1], c.data[n * n - 2]],
    };
  },
};

const { call, check, note } = TASKS[task](params);
const began = performance.now();
let result = await call(); // Warm-up: lets the engine compile, the library start its threads.
if (performance.now() - began < (1000 * seconds) / 4) result = await call();
const times = [];
while (times.length < repeats && (times.length === 0 || performance.now() - began < 1000 * seconds)) {
  const start = performance.now();
  result = await call();
  times.push((performance.now() - start) / 1000);
}
console.log(JSON.stringify({ times, check: check(result), detail: backend.info.detail, note: note?.(result) }));
await backend.close();
