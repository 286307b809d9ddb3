import { matrix } from "../matrix.ts";
import { gemm as referenceGemm } from "../reference/products.ts";
import { eigenvalues } from "./eigen.ts";
import { cholesky } from "./factor.ts";
import type { NativeLibrary } from "./library.ts";
import { gemm } from "./products.ts";

/**
 * A library whose kernels are wrong for this processor, or whose integers are not what its name says, is found here: small
 * problems with exact answers. Returns the reason for refusing it, or undefined.
 */
export async function selfTest(library: NativeLibrary): Promise<string | undefined> {
  const n = 37; // Not a multiple of any register tile.
  const whole = (step: number) =>
    matrix(
      n,
      n,
      Float64Array.from({ length: n * n }, (_, i) => ((i * step) % 23) - 11),
    );
  const [a, b] = [whole(7), whole(13)];

  // Sums of small whole numbers are exact in any order.
  for (const transposeA of [false, true]) {
    const options = { transposeA, transposeB: !transposeA, alpha: 2 };
    const out = matrix(n, n, new Float64Array(n * n).fill(Number.NaN));
    const got = await gemm(library, a, b, { ...options, out });
    const want = referenceGemm(a, b, options);
    if (got.data.some((x, i) => x !== want.data[i])) return "its dgemm is wrong on small whole numbers";
  }

  const tiny = matrix(n, n, new Float64Array(n * n).fill(2 ** -530));
  if ((await gemm(library, tiny, tiny)).data.some((x) => x !== n * 2 ** -1060))
    return "it flushes subnormal numbers to zero";

  // L with whole entries and ones on the diagonal: L·Lᵀ is exact and so is every step back to L.
  const l = matrix(n, n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) l.data[i * n + j] = ((i * 5 + j * 3) % 7) - 3;
    l.data[i * n + i] = 1;
  }
  const factored = await cholesky(library, referenceGemm(l, l, { transposeB: true }));
  if (factored.status !== "ok" || factored.factor.data.some((x, i) => x !== l.data[i])) {
    return "its dpotrf does not return a factor that is exact";
  }

  const diagonal = matrix(n, n);
  for (let i = 0; i < n; i++) diagonal.data[i * n + i] = (i * 11) % n;
  const solved = await eigenvalues(library, diagonal);
  if (solved.status !== "ok" || solved.values.some((x, i) => x !== i))
    return "its dsyevd is wrong on a diagonal matrix";
  return undefined;
}
