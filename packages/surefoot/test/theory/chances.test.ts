import { readFileSync } from "node:fs";
import { createReferenceBackend } from "@surefoot/linalg";
import { describe, expect, it } from "vitest";
import { initialise, networkFromText, resolveNetwork } from "../../src/index.ts";
import { clopperPearson } from "../../src/random/clopper-pearson.ts";
import { likeliestBox, log10DrawsFor, logBoxed, logBoxProbability, logNormalTail } from "../../src/theory/box-event.ts";

const golden = JSON.parse(readFileSync(new URL("../golden/chances.json", import.meta.url), "utf8"));

describe("the Clopper–Pearson interval", () => {
  it.each(golden.intervals)("of $successes in $trials at $confidence is SciPy's", (wanted) => {
    const found = clopperPearson(wanted.successes, wanted.trials, wanted.confidence);
    expect(Math.abs(found.lower - wanted.lower)).toBeLessThanOrEqual(1e-10 * wanted.lower);
    expect(Math.abs(found.upper - wanted.upper)).toBeLessThanOrEqual(1e-10);
  });

  it("refuses what are no counts", () => {
    expect(() => clopperPearson(3, 2)).toThrow(RangeError);
    expect(() => clopperPearson(0, 0)).toThrow(RangeError);
    expect(() => clopperPearson(0.5, 2)).toThrow(RangeError);
    expect(() => clopperPearson(1, 2, 1)).toThrow(RangeError);
  });
});

describe("the box event", () => {
  it.each(golden.boxed)("has log(Φ(2t) − Φ(t)) of mpmath at t = $t", ({ t, log }) => {
    expect(Math.abs(logBoxed(t) - log)).toBeLessThanOrEqual(4e-15 * Math.max(1, Math.abs(log)));
  });

  it.each(golden.tails)("has log P(Z > $x) of mpmath", ({ x, log }) => {
    expect(Math.abs(logNormalTail(x) - log)).toBeLessThanOrEqual(4e-15 * Math.max(1, Math.abs(log)));
  });

  it("happens in draws as often as its probability says: the Clopper–Pearson interval at 99.9 % holds it", async () => {
    const backend = createReferenceBackend();
    const network = resolveNetwork(
      networkFromText('{"kind":"fully-connected","widths":[1,1],"activation":"tanh","scaling":"standard"}'),
      3,
    );
    const { box, logProbability } = likeliestBox(network);
    const trials = 10_000;
    let hits = 0;
    for (let seed = 0; seed < trials; seed++) {
      const weights = await initialise(network, { kind: "lecun" }, seed, backend);
      if ([weights.W2, weights.W3].every(({ data }) => data.every((w) => w >= box && w <= 2 * box))) hits++;
    }
    const interval = clopperPearson(hits, trials, 0.999);
    expect(hits).toBeGreaterThan(100);
    expect(Math.exp(logProbability)).toBeGreaterThan(interval.lower);
    expect(Math.exp(logProbability)).toBeLessThan(interval.upper);
    // the interval is narrow enough to tell another box apart
    expect(Math.exp(logBoxProbability(network, 2 * box))).toBeLessThan(interval.lower);
  });

  it("has its likeliest box where neighbours are less likely, and draws for a confidence beyond every float", () => {
    const network = resolveNetwork(
      networkFromText('{"kind":"fully-connected","widths":[40,40],"activation":"tanh","scaling":"standard"}'),
      5,
    );
    const { box, logProbability } = likeliestBox(network);
    for (const factor of [0.99, 1.01]) expect(logBoxProbability(network, factor * box)).toBeLessThan(logProbability);
    expect(logProbability).toBeLessThan(-1000);
    expect(log10DrawsFor(logProbability, 0.95)).toBeCloseTo(-logProbability / Math.LN10 + Math.log10(Math.log(20)), 6);
    expect(10 ** log10DrawsFor(Math.log(0.5), 0.75)).toBeCloseTo(2, 9);
  });
});
