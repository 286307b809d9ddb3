// Body of a worker thread, inlined into src/generated/kernels.ts by scripts/build-wasm.mjs: runs as it stands in Node
// (worker_threads) and in browsers (from a blob), so that no bundler has to find a file.
const port = globalThis.process?.getBuiltinModule?.("node:worker_threads").parentPort ?? globalThis;
let kernels;
let place;

port.onmessage = async ({ data }) => {
  try {
    if (data.module) {
      const instance = await WebAssembly.instantiate(data.module, { env: { memory: data.memory } });
      kernels = instance.exports;
      place = [data.thread, data.threads];
    } else {
      kernels[data.entry](...place, ...data.args);
    }
    port.postMessage({ status: "ok" });
  } catch (error) {
    port.postMessage({ status: "error", message: String(error) });
  }
};
