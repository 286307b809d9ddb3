import { type Arithmetic, point } from "../interval/arithmetic.ts";
import type { KappaBound, KappaName } from "./kappa.ts";

/**
 * The function M(ℓ) = start − ∫₀^ℓ κ of theorem S1 and its integral, for a step function κ that is nowhere below the bounds given:
 * on each cell the least of their values there (they do not decrease, so the right end counts). M is then piecewise linear and the
 * quadrature exact; rounding, in outward arithmetic, only lowers M and ∫M and raises κ, each of which the theorem allows.
 */
export interface Path {
  readonly start: number;
  readonly cells: readonly Cell[];
  /** r: where the walk ended, with M(r) ≥ 0 close to 0 (or κ out of hand). */
  readonly radius: number;
  /** ∫₀^r M, from below. */
  readonly integral: number;
}

export interface Cell {
  /** The cell is [left, right]. */
  readonly left: number;
  readonly right: number;
  /** M(left) and ∫₀^left M, from below. */
  readonly m: number;
  readonly integral: number;
  readonly kappa: number;
  /** Which bound was the least. */
  readonly bound: KappaName;
}

/** M falls by start/CELLS per cell, then by halves until it is below start·END: what is left out of ∫M is below END² of it. */
const CELLS = 64;
const END = 1e-4;
const MAX_CELLS = 400;

export function walkPath(
  start: number,
  bounds: readonly KappaBound[],
  arithmetic: Arithmetic,
  cellCount = CELLS,
): Path {
  const walks = bounds.map((bound) => ({ name: bound.name, walk: bound.walk() }));
  const cells: Cell[] = [];
  let left = 0;
  let m = start;
  let integral = 0;
  let guess = 0; // κ of the last cell, to choose the next length
  while (m > start * END && cells.length < MAX_CELLS) {
    const next = nextCell(left, m, Math.min(start / cellCount, m / 2), guess);
    if (!next) break;
    const { right, kappa, bound } = next;
    const h = arithmetic.sub(point(right), point(left));
    const end = Math.max(0, arithmetic.sub(point(m), arithmetic.mul(point(kappa), h)).lower);
    cells.push({ left, right, m, integral, kappa, bound });
    const area = arithmetic.mul(h, arithmetic.mul(point(0.5), arithmetic.add(point(m), point(end))));
    integral = arithmetic.add(point(integral), area).lower;
    left = right;
    m = end;
    guess = kappa;
    for (const { walk } of walks) walk.advance();
  }
  return { start, cells, radius: left, integral };

  /** A cell on which M falls by about `fall` and at most by m/2. */
  function nextCell(t: number, height: number, fall: number, last: number) {
    let h = fall / (last > 0 ? last : smallestKappa(t, t, height).kappa);
    if (!(h > 0)) return undefined; // κ is infinite or NaN
    if (!Number.isFinite(h)) h = longestCell(t, height); // κ = 0 so far
    for (let attempt = 0; attempt < 200; attempt++, h /= 2) {
      const right = t + h;
      if (!(right > t)) return undefined;
      const drop = Math.min(height / 2, 2 * fall);
      const { kappa, bound } = smallestKappa(t, right, height - drop);
      // 0.99: room for rounding, so that M ≥ height − drop, which the bound was told, holds on the cell
      if (kappa * (right - t) <= 0.99 * drop) return { right, kappa, bound };
    }
    return undefined;
  }

  function smallestKappa(left: number, right: number, floor: number): { kappa: number; bound: KappaName } {
    let kappa = Number.POSITIVE_INFINITY;
    let bound = walks[0].name;
    for (const { name, walk } of walks) {
      const value = walk.cell(left, right, floor);
      if (value < kappa) {
        kappa = value;
        bound = name;
      }
    }
    return { kappa, bound };
  }

  /** With κ = 0 every length will do: one cell that makes ∫M huge. */
  function longestCell(t: number, height: number): number {
    return Math.max(t, 1) * 2 ** 200 * Math.max(1, 1 / height);
  }
}

/** Where the path ends that S1 promises: ∫₀^ℓ* M = ‖e₀‖. */
export interface PathEnd {
  /** ℓ*, from above: total path length, radius of the ball. */
  readonly length: number;
  /** μ* = M(ℓ*), from below. */
  readonly mu: number;
  /** ∫₀^ℓ* κ = start − μ*, from above. */
  readonly drift: number;
  readonly kappa: number;
  readonly bound: KappaName | undefined;
}

/** Solves ∫₀^ℓ* M = `residual` on the path; undefined if the path's whole integral is not above it or μ* is not positive. */
export function pathEnd(path: Path, residual: number, arithmetic: Arithmetic): PathEnd | undefined {
  if (!(residual < path.integral)) return undefined;
  let index = path.cells.length - 1;
  while (index > 0 && path.cells[index].integral > residual) index--;
  const cell = path.cells[index];
  const rest = point(Math.max(0, arithmetic.sub(point(residual), point(cell.integral)).upper));
  const m = point(cell.m);
  const kappa = point(cell.kappa);
  // M² falls by 2κ·∫M on a cell
  const muSquared = arithmetic.sub(arithmetic.square(m), arithmetic.mul(arithmetic.mul(point(2), kappa), rest));
  if (!(muSquared.lower > 0)) return undefined;
  const mu = arithmetic.sqrt(point(muSquared.lower)).lower;
  const inside = arithmetic.div(arithmetic.mul(point(2), rest), arithmetic.add(m, point(mu)));
  return {
    length: arithmetic.add(point(cell.left), inside).upper,
    mu,
    drift: Math.max(0, arithmetic.sub(point(path.start), point(mu)).upper),
    kappa: cell.kappa,
    bound: cell.bound,
  };
}
