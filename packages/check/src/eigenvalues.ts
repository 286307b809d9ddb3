/** Bounds of eigenvalues by Cholesky's method, with a bound of everything that it gets wrong: nothing is believed of the factor. */
import { type Ball, dot, gram, infinityNorm, largest, norms, total, transpose } from "./balls.ts";
import { down, gamma, raise, U, up } from "./directed.ts";
import { reject } from "./reading.ts";

/**
 * Whether sign·(A − cI) is positive semidefinite for every A of the ball. For any L whatever, B = LLᵀ + E gives λ_min(B) ≥ −‖E‖_∞:
 * take B = sign·(A − cI) − spare·I, L from Cholesky's method, and see that ‖E‖_∞ with all its roundings is at most `spare`.
 */
export function definite({ rows: n, mid, rad }: Ball, c: number, sign: 1 | -1): boolean {
  const radius = infinityNorm(rad, n);
  const trace = total(Float64Array.from({ length: n }, (_, i) => Math.abs(mid[i * n + i]) + Math.abs(c)));
  const spare = up(4 * up(radius + gamma(n + 8) * trace));
  const b = (i: number, j: number) => sign * mid[i * n + j] - (i === j ? sign * c + spare : 0);
  const l = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const rest = b(i, j) - dot(l, i * n, l, j * n, j);
      if (i === j && !(rest > 0 && rest < Number.MAX_VALUE)) return false;
      l[i * n + j] = i === j ? Math.sqrt(rest) : rest / l[j * n + j];
    }
  }
  const [size, sum] = [norms(l, n, n), total(norms(l, n, n))];
  return size.every((length, i) => {
    let row = radius + gamma(n + 4) * length * sum + 4 * U * (Math.abs(mid[i * n + i]) + Math.abs(c) + spare);
    for (let j = 0; j < n; j++) row += Math.abs(b(i, j) - dot(l, i * n, l, j * n, Math.min(i, j) + 1)) * (1 + 4 * U);
    return raise(row, n + 10) <= spare;
  });
}

/** `bound`, if λ_min ≥ bound (sign 1) or λ_max ≤ bound (sign −1) is proved for all of A; else rejects and says what can be. */
export function eigenvalue(a: Ball, bound: number, sign: 1 | -1, hypothesis: string, name: string): number {
  if (definite(a, bound, sign)) return bound;
  let [good, bad] = [-2, 2].map((end) => end * sign * a.rows * largest(a.mid));
  for (let step = 0; step < 24; step++) {
    const middle = (good + bad) / 2;
    if (definite(a, middle, sign)) good = middle;
    else bad = middle;
  }
  const relation = `${name} ${sign > 0 ? "≥" : "≤"}`;
  const best = definite(a, good, sign) ? `only ${relation} ${good}` : "nor any other bound";
  return reject(hypothesis, `${relation} ${bound} is not proved, ${best}`, sign * (bound - good));
}

/** `bound`, if it is proved to be at least ‖A‖₂ for all of A, by the smaller of AAᵀ and AᵀA. */
export function spectralNorm(a: Ball, bound: number, name: string): number {
  eigenvalue(gram(a.rows < a.cols ? a : transpose(a)), down(bound * bound), -1, "norms", `‖${name}‖₂²`);
  return bound;
}
