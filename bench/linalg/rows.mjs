// What is compared: one entry a row of the results. `ours` against `peer` on the same input; `must` and `aim` are speeds relative to
// the peer (2 = twice as fast). Rows without them are for information.
const rows = [];

for (const n of [1024, 2048]) {
  rows.push({ title: `GEMM, n = ${n}`, task: "gemm", params: { n }, ours: "native", peer: "numpy", must: 0.9, aim: 1 });
  rows.push({
    title: `GEMM, n = ${n}`,
    task: "gemm",
    params: { n },
    ours: "wasm",
    peer: "numpy",
    must: 0.3,
    aim: 0.35,
  });
}
rows.push({
  title: "mask counts, n = 1 000, m = 65 536 (peer: float32 M.T @ M)",
  task: "maskCounts",
  params: { n: 1000, m: 65536 },
  ours: "wasm",
  peer: "numpy",
  must: 3,
  aim: 4,
});
for (const [n, must, aim] of [
  [1024, 2.3, 2.8],
  [2048, 1.8, 2.2],
]) {
  const row = { title: `Cholesky, n = ${n}`, task: "cholesky", params: { n }, peer: "numpy" };
  rows.push({ ...row, ours: "wasm", must, aim }, { ...row, ours: "native" });
}
for (const [d, must, aim] of [
  [10, 2, 3],
  [50, 1, undefined],
]) {
  const row = {
    title: `λ_min, n = 2 048, kernel of d = ${d} data (peer: eigvalsh)`,
    task: "lambdaMin",
    params: { n: 2048, d },
    peer: "numpy",
  };
  rows.push({ ...row, ours: "wasm", must, aim }, { ...row, ours: "native", must, aim });
}
for (const n of [1024, 2048]) {
  const row = { title: `all eigenvalues, n = ${n}`, task: "eigenvalues", params: { n } };
  rows.push({ ...row, ours: "native", peer: "scipy", must: 0.9, aim: 1 });
  rows.push({ ...row, ours: "wasm", peer: "numpy", must: 0.5, aim: 1 / 1.2 });
}
rows.push({
  title: "arc-cosine kernel, 4 M entries",
  task: "arcCosine",
  params: { n: 2000 },
  ours: "wasm",
  peer: "numpy",
  must: 0.6,
  aim: 1.1,
});
for (const f of ["exp", "tanh"]) {
  const n = 4_000_000;
  rows.push({ title: `${f}, 4 M entries`, task: "elementwise", params: { f, n }, ours: "wasm", peer: "numpy" });
}

/** The same rows at sizes that take seconds: to see that all works, not to quote. */
const SMALL = { 1024: 256, 2048: 384, 2000: 300, 1000: 200, 4000000: 100_000 };
export function comparisons(quick) {
  if (!quick) return rows;
  return rows.map((row) => {
    const params = { ...row.params, n: SMALL[row.params.n], ...(row.params.m ? { m: 4096 } : {}) };
    return { ...row, params, title: `${row.title}: quick form, n = ${params.n}`, must: undefined, aim: undefined };
  });
}

/** What TypeScript users have today, at a size that all of them finish. */
export const TYPESCRIPT_PEERS = ["jax-js float64", "jax-js float32", "numpy-ts", "ml-matrix", "tfjs float32"];
export const TYPESCRIPT_TASKS = ["gemm", "cholesky", "eigenvalues"];
export const LACKS = { "tfjs float32": ["cholesky", "eigenvalues"] };
export const typescriptSize = (quick) => (quick ? 128 : 512);
