// Entry of the kernel module: what is exported here can be called from TypeScript by name.

export { barrierTest } from "./barrier";
export { configure, gemm, mirror, mirrorTile, workspaceSize } from "./gemm";
export { cholesky, findNonFinite, nonFiniteRow, solveLeft } from "./factor";
export { choleskyLeaf, loadTile, solveTile, storeTile, substituteStrip } from "./substitute";
export { packAdjacent, packAny, packPairs } from "./pack";
export { tile4x4, tile6x4 } from "./tile";
export { heapBase } from "./memory";
