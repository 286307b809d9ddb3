import { barrier, nextTask } from "./barrier";
import { packStrip } from "./pack";
import { setSubstitutionSpace, substitutionSpace } from "./substitute";
import { tile4x4, tile6x4 } from "./tile";

/**
 * Products in panels (Goto & van de Geijn, "Anatomy of high-performance matrix multiplication", 2008): a panel of ROWS × DEPTH of the left
 * operand and one of DEPTH × COLUMNS of the right one are packed by all threads, then the threads take blocks of the result.
 * DEPTH fixes the order of summation and with it the bits of the result; the other sizes do not.
 */
const DEPTH: i32 = 256;
const ROWS: i32 = 1152;
const COLUMNS: i32 = 2048;

/** Block of the result that one thread takes at a time, some 15 µs of work at full depth: rows are a multiple of both tile heights. */
const BLOCK_ROWS: i32 = 24;
const BLOCK_COLUMNS: i32 = 32;
const STRIPS_PER_TASK: i32 = 4;

/** Edge tiles are computed here and copied, 256 bytes a thread. */
const EDGE: usize = memory.data(256 * 1024, 64);

/** Where the packed panels lie, and the height of the register tile: set by `configure` on every instance. */
let leftPanel: usize = 0;
let rightPanel: usize = 0;
let tileRows: i32 = 4;

/** Bytes that `configure` needs for so many threads. */
export function workspaceSize(threads: i32): i32 {
  return (ROWS + COLUMNS) * DEPTH * 8 + substitutionSpace(threads);
}

/** Gives packed operands their place and chooses the register tile: 4 or 6 rows. */
export function configure(thread: i32, threads: i32, workspace: usize, rows: i32): void {
  leftPanel = workspace;
  rightPanel = workspace + ROWS * DEPTH * 8;
  setSubstitutionSpace(thread, rightPanel + COLUMNS * DEPTH * 8);
  tileRows = rows;
  barrier(threads);
}

/**
 * C ← α·A·B + β·C on all threads, C m × n with rows `ldc` apart, A m × k and B k × n with entry (i, j) at
 * i·rowStride + j·columnStride (all in doubles, any sign, so that a transpose or a reversal is a matter of strides). With `lower`
 * only tiles that touch the lower triangle are computed; what they hold above the diagonal is not defined.
 */
export function gemm(
  thread: i32,
  threads: i32,
  m: i32,
  n: i32,
  k: i32,
  alpha: f64,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
  beta: f64,
  c: usize,
  ldc: isize,
  lower: i32,
): void {
  aRow <<= 3;
  aColumn <<= 3;
  bRow <<= 3;
  bColumn <<= 3;
  ldc <<= 3;
  if (k == 0 || alpha == 0) {
    if (thread == 0) scale(m, n, beta, c, ldc);
    barrier(threads);
    return;
  }
  const sameOperand = tileRows == 4 && a == b && aRow == bColumn && aColumn == bRow;
  for (let j0 = 0; j0 < n; j0 += COLUMNS) {
    const columns = min(COLUMNS, n - j0);
    for (let p0 = 0; p0 < k; p0 += DEPTH) {
      const depth = min(DEPTH, k - p0);
      let rightStrips = (columns + 3) >> 2;
      for (let i0 = 0; i0 < m; i0 += ROWS) {
        const rows = min(ROWS, m - i0);
        if (lower && j0 >= i0 + rows) continue;
        // Rows of A that are columns of B, packed alike, need no panel of their own.
        const shared = sameOperand && i0 >= j0 && i0 + rows <= j0 + columns;
        const left = shared ? rightPanel + 8 * (i0 - j0) * depth : leftPanel;
        packPanels(
          shared ? 0 : rows,
          columns,
          rightStrips,
          depth,
          a + i0 * aRow + p0 * aColumn,
          aRow,
          aColumn,
          b + p0 * bRow + j0 * bColumn,
          bRow,
          bColumn,
        );
        barrier(threads);
        const above = lower ? i0 - j0 : i32.MAX_VALUE >> 1;
        const factor = p0 == 0 ? beta : 1;
        multiplyPanels(thread, left, rows, columns, depth, alpha, factor, c + i0 * ldc + (j0 << 3), ldc, above);
        barrier(threads);
        rightStrips = 0;
      }
    }
  }
}

/** Packs `rows` rows of A and the first `rightStrips` strips of four columns of B. */
function packPanels(
  rows: i32,
  columns: i32,
  rightStrips: i32,
  depth: i32,
  a: usize,
  aRow: isize,
  aColumn: isize,
  b: usize,
  bRow: isize,
  bColumn: isize,
): void {
  const mr = tileRows;
  const leftStrips = (rows + mr - 1) / mr;
  const strips = leftStrips + rightStrips;
  for (let task = nextTask(); task * STRIPS_PER_TASK < strips; task = nextTask()) {
    const end = min(strips, (task + 1) * STRIPS_PER_TASK);
    for (let s = task * STRIPS_PER_TASK; s < end; s++) {
      if (s < leftStrips) {
        const i = s * mr;
        packStrip(leftPanel + 8 * i * depth, a + i * aRow, aRow, aColumn, mr, min(mr, rows - i), depth);
      } else {
        const j = (s - leftStrips) << 2;
        packStrip(rightPanel + 8 * j * depth, b + j * bColumn, bColumn, bRow, 4, min(4, columns - j), depth);
      }
    }
  }
}

/** Takes blocks of the result until none is left. Entry (i, j) is wanted if j ≤ i + above for some i of its tile. */
function multiplyPanels(
  thread: i32,
  left: usize,
  rows: i32,
  columns: i32,
  depth: i32,
  alpha: f64,
  beta: f64,
  c: usize,
  ldc: isize,
  above: i32,
): void {
  const across = (columns + BLOCK_COLUMNS - 1) / BLOCK_COLUMNS;
  const blocks = across * ((rows + BLOCK_ROWS - 1) / BLOCK_ROWS);
  for (let task = nextTask(); task < blocks; task = nextTask()) {
    const i = (task / across) * BLOCK_ROWS;
    const j = (task % across) * BLOCK_COLUMNS;
    const iEnd = min(rows, i + BLOCK_ROWS);
    if (j > iEnd - 1 + above) continue;
    multiplyBlock(thread, left, i, iEnd, j, min(columns, j + BLOCK_COLUMNS), depth, alpha, beta, c, ldc, above, rows, columns);
  }
}

function multiplyBlock(
  thread: i32,
  panel: usize,
  iStart: i32,
  iEnd: i32,
  jStart: i32,
  jEnd: i32,
  depth: i32,
  alpha: f64,
  beta: f64,
  c: usize,
  ldc: isize,
  above: i32,
  rows: i32,
  columns: i32,
): void {
  const mr = tileRows;
  for (let j = jStart; j < jEnd; j += 4) {
    const right = rightPanel + 8 * j * depth;
    for (let i = iStart; i < iEnd; i += mr) {
      if (j > i + mr - 1 + above) continue;
      const left = panel + 8 * i * depth;
      const target = c + i * ldc + (j << 3);
      if (i + mr <= rows && j + 4 <= columns) {
        if (mr == 4) tile4x4(depth, left, right, target, ldc, alpha, beta);
        else tile6x4(depth, left, right, target, ldc, alpha, beta);
      } else {
        const edge = EDGE + (thread << 8);
        if (mr == 4) tile4x4(depth, left, right, edge, 32, alpha, 0);
        else tile6x4(depth, left, right, edge, 32, alpha, 0);
        copyEdge(edge, target, ldc, min(mr, rows - i), min(4, columns - j), beta);
      }
    }
  }
}

function copyEdge(edge: usize, c: usize, ldc: isize, rows: i32, columns: i32, beta: f64): void {
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const target = c + i * ldc + (j << 3);
      const value = load<f64>(edge + (i << 5) + (j << 3));
      store<f64>(target, beta == 0 ? value : value + beta * load<f64>(target));
    }
  }
}

/** C ← β·C; β = 0 writes zeros. */
function scale(m: i32, n: i32, beta: f64, c: usize, ldc: isize): void {
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      const target = c + i * ldc + (j << 3);
      store<f64>(target, beta == 0 ? 0 : beta * load<f64>(target));
    }
  }
}

/** Copies the lower triangle of an n × n matrix with rows `ld` doubles apart onto the upper one, in tiles of the first-level cache. */
export function mirror(_thread: i32, threads: i32, n: i32, c: usize, ld: isize): void {
  const tile = 32;
  const tiles = (n + tile - 1) / tile;
  for (let task = nextTask(); task < tiles; task = nextTask()) {
    const i0 = task * tile;
    for (let j0 = 0; j0 <= i0; j0 += tile) mirrorTile(i0, min(n, i0 + tile), j0, c, ld << 3);
  }
  barrier(threads);
}

export function mirrorTile(i0: i32, i1: i32, j0: i32, c: usize, ld: isize): void {
  for (let i = i0; i < i1; i++) {
    const j1 = min(i, j0 + 32);
    for (let j = j0; j < j1; j++) store<f64>(c + j * ld + (i << 3), load<f64>(c + i * ld + (j << 3)));
  }
}
