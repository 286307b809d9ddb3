/** The thresholds of S1, S2 and S3 from both sides, with mpmath at 50 digits as the judge (golden/thresholds.py, thresholds-s3.py). */
import { readFileSync } from "node:fs";
import { fromRows } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { certifyToFile } from "../../src/certificate/index.ts";
import { certify } from "../../src/certify/certify.ts";
import { provedMeasurer } from "../../src/certify/measure-proved.ts";
import { resolveNetwork } from "../../src/network/resolve.ts";
import { networkSpec } from "../../src/spec/network.ts";
import { checkHere } from "../certificate/cases.ts";
import { forge } from "../certificate/forge.ts";
import { backend, type Setting } from "../certify/setting.ts";
import { LIES } from "./lies.ts";

interface Judged {
  readonly x: number[][];
  readonly w: number[][];
  readonly a: number[];
  readonly y: number[];
  readonly eta?: number;
  /** Margin or least quotient, minus 1, at 50 digits. */
  readonly excess: string;
}

const { s1, s2 }: Record<"s1" | "s2", Judged[]> = JSON.parse(
  readFileSync(new URL("golden/thresholds.json", import.meta.url), "utf8"),
);

function settingOf({ x, w, a, y }: Judged, kind: "tanh" | "relu"): Setting {
  const spec =
    kind === "relu"
      ? { kind: "two-layer-relu", width: w.length }
      : { kind: "fully-connected", widths: [w.length], activation: "tanh", scaling: "standard", frozen: ["W2"] };
  const network = resolveNetwork(networkSpec.parse(spec), x[0].length);
  const provenance = { source: "golden", steps: [], sourceRows: y.map((_, i) => i) };
  return {
    network,
    weights: { W1: fromRows(w), W2: fromRows([a]) },
    dataset: { x: fromRows(x), y: Float64Array.from(y), provenance },
  };
}

const proved = { backend, mode: "proved", version: "test" } as const;

/** The walk of S1 leaves out what lies below 10⁻⁴ of M, 10⁻⁸ of ∫M; the vector that bounds √λ_max(G̃∘G̃) is as good as 100 steps make it. */
const S1_LEFT_OUT = 3e-7;
/** The linear prediction of S2 is simulated until the tail is 10⁻³ of it, then bounded. */
const S2_TAIL = 3e-3;

describe("S1 at its threshold", () => {
  it("is certified above it, up to what the quadrature leaves out, and never below", async () => {
    const tally = { above: 0, below: 0 };
    for (const one of s1) {
      const excess = Number(one.excess);
      const { verdict } = await certify({ ...settingOf(one, "tanh"), ...proved });
      if (excess <= 0) expect([one.excess, verdict]).toEqual([one.excess, "undecided"]);
      if (excess > S1_LEFT_OUT) expect([one.excess, verdict]).toEqual([one.excess, "certified"]);
      tally[excess > 0 ? "above" : "below"]++;
    }
    expect(tally).toEqual({ above: 42, below: 42 });
  });

  it("leaves room for a file, which is accepted, from one part in a million on", async () => {
    for (const one of s1.filter(({ excess }) => Number(excess) > 9e-7)) {
      const at = settingOf(one, "tanh");
      const { certificate } = await certifyToFile({ ...at, ...proved });
      expect(await checkHere(certificate, at)).toMatchObject({ verdict: "accepted" });
    }
  });

  it("a residual understated by as much as is missing makes a consistent file, which is rejected", async () => {
    const lie = LIES.find(({ name }) => name === "residual too small");
    for (const one of s1.filter(({ excess }) => Number(excess) < 0 && Number(excess) > -9e-3)) {
      const at = settingOf(one, "tanh");
      const { certificate } = await certifyToFile({ ...at, ...proved }, lie?.tell(provedMeasurer(backend)));
      expect(certificate).toBeDefined();
      expect(await checkHere(certificate, at)).toMatchObject({ verdict: "rejected", hypothesis: "residual" });
    }
  });
});

describe("S2 at the threshold of the first pair that may flip", () => {
  it("says that no pair flips only above it; and does, up to the bound of the tail", async () => {
    let [without, withPairs] = [0, 0];
    for (const one of s2) {
      const at = settingOf(one, "relu");
      const excess = Number(one.excess);
      const { outcome, certificate } = await certifyToFile({ ...at, ...proved, stepSize: one.eta ?? Number.NaN }).catch(
        () => ({ outcome: undefined, certificate: undefined }),
      );
      const unstable = certificate?.theorem === "S2" ? certificate.witness.unstable.flat().length : undefined;
      if (excess > S2_TAIL) expect([one.excess, outcome?.verdict, unstable]).toEqual([one.excess, "certified", 0]);
      if (excess <= 0) expect([one.excess, unstable]).not.toEqual([one.excess, 0]);
      if (!certificate || unstable === undefined) continue;
      expect(await checkHere(certificate, at)).toMatchObject({ verdict: "accepted" });
      if (unstable === 0) {
        without++;
        continue;
      }
      withPairs++;
      if (excess > 0) continue;
      const none = at.dataset.y.length;
      const forged = await forge(certificate, (file) => {
        (file.witness as { unstable: number[][] }).unstable = Array.from({ length: none }, () => []);
      });
      expect(await checkHere(forged, at)).toMatchObject({ verdict: "rejected" });
    }
    expect(without).toBeGreaterThan(5);
    expect(withPairs).toBeGreaterThan(5);
  });
});

/** ∫μ is summed with the lower end of 400 cells, over a radius beyond which μ is a thousandth of itself at most. */
const S3_LEFT_OUT = 2e-2;

describe("S3 at its threshold", () => {
  const s3: Pick<Judged, "x" | "a" | "y" | "excess">[] = JSON.parse(
    readFileSync(new URL("golden/thresholds-s3.json", import.meta.url), "utf8"),
  );

  it("is certified above it, up to what the quadrature leaves out, with a file that is accepted, and never below", async () => {
    const tally = { above: 0, below: 0 };
    for (const one of s3) {
      const excess = Number(one.excess);
      const width = one.a.length;
      const network = resolveNetwork(
        networkSpec.parse({ kind: "fully-connected", widths: [width], activation: "tanh", scaling: "standard" }),
        one.x[0].length,
      );
      const zero = fromRows(one.a.map(() => one.x[0].map(() => 0)));
      const provenance = { source: "golden", steps: [], sourceRows: one.y.map((_, i) => i) };
      const dataset = { x: fromRows(one.x), y: Float64Array.from(one.y), provenance };
      const at = { network, dataset, weights: { W1: zero, W2: fromRows([one.a]) } };
      const { outcome, certificate } = await certifyToFile({ ...at, ...proved });
      tally[excess > 0 ? "above" : "below"]++;
      // S1 may hold beyond what S3 proves, with its own bound
      const verdict = outcome.theorem === "S3" ? outcome.verdict : "undecided";
      if (excess <= 0) expect([one.excess, verdict]).toEqual([one.excess, "undecided"]);
      if (excess <= S3_LEFT_OUT) continue;
      expect([one.excess, outcome.verdict]).toEqual([one.excess, "certified"]);
      expect(await checkHere(certificate, at)).toMatchObject({ verdict: "accepted" });
    }
    expect(tally).toEqual({ above: 20, below: 20 });
  });
});
