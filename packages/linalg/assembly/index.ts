// Entry of the kernel module: what is exported here can be called from TypeScript by name.

export { barrierTest } from "./barrier";
export { heapBase } from "./memory";
