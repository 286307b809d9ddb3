// Entry of the kernel module: what is exported here can be called from TypeScript by name.

export { arcCosine } from "./arc-cosine";
export { barrierTest, sleep, sleepTest } from "./barrier";
export { elementwise } from "./bulk";
export { dualPairs } from "./dual-pairs";
export { cholesky, findNonFinite, nonFiniteRow, solveLeft } from "./factor";
export { configure, gemm, mirror, mirrorTile, workspaceSize } from "./gemm";
export { applyHalf, applyRotations, applySweep, collectRotations, converge, rotationSpace, sweep, tridiagonalValues } from "./implicit-ql";
export { collectDue, lazySort, rest, sortSpace } from "./lazy-entries";
export { lazyLook, ledgerSum, lookAtSample, lookExactly, lookRoughly, lookSpace, sortResults } from "./lazy-look";
export { fromNibbles, fromValues, prepareNibbles, prepareRough, roughSums, setValues, transpose } from "./lazy-sums";
export { scanCounts, scanNeurons, scanSpace } from "./lazy-scan";
export { flipSpace, lazyFlip, lazyRates, lazySettle } from "./lazy-step";
export { countRow, countTables, flushRow, maskCounts, maskSpace, weightedCounts, weightedRow, weightTables } from "./masks";
export { heapBase } from "./memory";
export { normals } from "./normals";
export { enterRow, piecewiseLinear, turnRows } from "./piecewise-linear";
export { packAdjacent, packAny, packPairs } from "./pack";
export { choleskyLeaf, solveTile, storeTile, substituteStrip } from "./substitute";
export { tile4x4, tile6x4 } from "./tile";
export { formTranspose, reflectorSpace } from "./reflectors";
export { addTo, dot, fourRows, fourSums, reflector, storeVector, tridiagonalise, tridiagonalSpace } from "./tridiagonal";
export {
  backwardBlock,
  choleskySolve,
  copyRow,
  forwardBlock,
  productSpace,
  shiftedCopy,
  subtractDot,
  subtractRow,
  subtractRows,
  symmetricProduct,
} from "./lanczos";
