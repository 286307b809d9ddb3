/**
 * The suite every backend must pass. Bounds are those of backend.ts: any-order summation with γ_k; comparisons are against the
 * reference or by reconstruction. `conformance(name, create)` registers the tests with vitest.
 */
import { describe } from "vitest";
import { eigenTests } from "./conformance-eigen.ts";
import { factorTests } from "./conformance-factor.ts";
import { kernelTests } from "./conformance-kernels.ts";
import { lifeTests } from "./conformance-life.ts";
import { productTests } from "./conformance-products.ts";
import type { BackendFactory } from "./conformance-tools.ts";
import { widthTests } from "./conformance-width.ts";

export function conformance(name: string, create: BackendFactory): void {
  describe(`${name} backend`, () => {
    productTests(create);
    factorTests(create);
    eigenTests(create);
    kernelTests(create);
    widthTests(create);
    lifeTests(create);
  });
}
