import { parseHTML } from "linkedom";
import { describe, expect, it } from "vitest";
import { type ReportInput, renderReport } from "../../src/report/index.ts";
import { certifiedInput } from "./synthetic-report.ts";

const parse = (text: string) => parseHTML(text).document;
const flat = (node: { textContent: string | null } | null) => (node?.textContent ?? "").replace(/\s+/g, " ").trim();

function cell(document: Document, heading: string): string | undefined {
  const th = Array.from(document.querySelectorAll('th[scope="row"]')).find((node) => flat(node).startsWith(heading));
  return th?.parentElement ? flat(th.parentElement.querySelector("td")) : undefined;
}

describe("the report of a certified run", () => {
  const text = renderReport(certifiedInput());
  const document = parse(text);

  it("begins with the verdict in one sentence and says how it was checked", () => {
    expect(flat(document.querySelector(".verdict.certified .sentence"))).toBe(
      "From step 3 012 on, it is a theorem that gradient descent drives the training loss of this network to zero.",
    );
    expect(flat(document.querySelector(".verdict"))).toMatch(/computed in floating point/);
  });

  it("says what the verdict means and what it does not mean", () => {
    expect(flat(document.querySelector('[aria-labelledby="means"]'))).toMatch(/step size 0\.01369.*a tenth/);
    expect(flat(document.querySelector('[aria-labelledby="not"]'))).toMatch(/not trained on/);
  });

  it("holds the certificate, each hypothesis with its status, and the run", () => {
    expect(cell(document, "Theorem")).toMatch(/^S1/);
    expect(cell(document, "Margin")).toMatch(/^1\.002/);
    expect(cell(document, "Radius")).toMatch(/^0\.4821/);
    // 1 − 0.99917 in binary is 8.3e-4 to the digits shown.
    expect(cell(document, "Rate per step")).toMatch(/^1 − 8\.3×10⁻⁴/);
    expect(Array.from(document.querySelectorAll("td.status"), flat)).toEqual([
      "≈ computed in floating point",
      "✓ proved",
    ]);
    expect(cell(document, "Backend")).toBe("native, OpenBLAS 0.3.21, 2 threads");
    expect(cell(document, "Samples")).toBe("100 × 784");
    expect(flat(document.body)).toContain("3 012 (certified)");
    expect(flat(document.body)).toContain(certifiedInput().command);
  });

  it("counts the recorded losses that confirm the certified curve", () => {
    expect(cell(document, "Against the certified curve")).toBe("all 989 recorded losses lie on or below it");
    expect(document.querySelector(".warning")).toBeNull();
  });

  it("shows four figures with captions and descriptions, each for wide and narrow screens", () => {
    const figures = Array.from(document.querySelectorAll("figure"));
    expect(figures.length).toBe(4);
    for (const figure of figures) {
      expect(flat(figure.querySelector("figcaption")).length).toBeGreaterThan(40);
      const drawings = Array.from(figure.querySelectorAll("svg"));
      expect(drawings.map((svg) => svg.getAttribute("width"))).toEqual(["780", "380"]);
      for (const svg of drawings) expect(svg.getAttribute("aria-label")?.length).toBeGreaterThan(20);
    }
  });

  it("loads and runs nothing", () => {
    expect(document.querySelector("script, link, img, iframe, object, embed, base, form")).toBeNull();
    const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]')?.getAttribute("content");
    expect(policy).toMatch(/^default-src 'none'; style-src 'unsafe-inline'/);
    expect(text).not.toMatch(/@import|url\(|(?:src|href)=/);
    expect(text.match(/https?:\/\/[^"\s<]*/g)?.filter((url) => url !== "http://www.w3.org/2000/svg") ?? []).toEqual([]);
  });

  it("has one first heading, no skipped level, unique ids, and headers with a scope in every table", () => {
    const levels = Array.from(document.querySelectorAll("h1, h2, h3, h4"), (node) => Number(node.localName[1]));
    expect(levels.filter((level) => level === 1).length).toBe(1);
    levels.slice(1).forEach((level, i) => {
      expect(level - levels[i]).toBeLessThanOrEqual(1);
    });
    const ids = Array.from(document.querySelectorAll("[id]"), (node) => node.id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const node of document.querySelectorAll("[aria-labelledby]"))
      expect(ids).toContain(node.getAttribute("aria-labelledby"));
    for (const th of document.querySelectorAll("th")) expect(th.getAttribute("scope")).toMatch(/^(row|col)$/);
    for (const table of document.querySelectorAll("table")) expect(table.querySelector("caption")).not.toBeNull();
    expect(document.documentElement.getAttribute("lang")).toBe("en");
  });

  it("is the same text for the same input", () => {
    expect(renderReport(certifiedInput())).toBe(text);
  });
});

describe("a report whose record contradicts its certificate", () => {
  const broken = (factor: number, roundingFloor = 0) => {
    const input = certifiedInput();
    const record = { ...input.record, step: input.record?.step ?? [] };
    const loss = Array.from(record.loss ?? [], Number);
    loss[3500] = Number(record.certifiedLoss?.[3500]) * factor;
    return parse(renderReport({ ...input, run: { ...input.run, roundingFloor }, record: { ...record, loss } }));
  };

  it("warns about a loss above the certified curve by more than rounding, and only then", () => {
    expect(flat(broken(1 + 1e-8).querySelector(".warning"))).toMatch(/contradicts.*step 3500/);
    expect(cell(broken(1 + 1e-8), "Against")).toBe("1 of 989 recorded losses lie above it");
    expect(broken(1 + 1e-10).querySelector(".warning")).toBeNull();
    expect(broken(1.5, 1).querySelector(".warning")).toBeNull();
  });

  it("does not take a loss that is not a number for a confirmation", () => {
    expect(broken(Number.NaN).querySelector(".warning")).not.toBeNull();
  });
});

describe("the verdict sentence", () => {
  const sentence = (input: ReportInput) => flat(parse(renderReport(input)).querySelector(".verdict"));

  it("speaks of the first step, of a later one, or of given weights", () => {
    const certificate = { verdict: "certified", warrant: "proved" } as const;
    expect(sentence({ certificate, run: { certifiedStep: 0 } })).toMatch(/From its very first step, it is a theorem/);
    expect(sentence({ certificate })).toMatch(/From the given weights, it is a theorem.*Every hypothesis was proved/);
  });

  it("claims nothing when undecided, and tells what would help", () => {
    const input: ReportInput = {
      certificate: {
        verdict: "undecided",
        reasons: ["the residual is too large"],
        advice: ["continue training"],
        warrant: "computed",
      },
      run: { certifiedStep: null, stopped: "diverged" },
    };
    const document = parse(renderReport(input));
    expect(flat(document.querySelector(".verdict.undecided"))).toMatch(/Undecided: no theorem applied.*diverged/);
    expect(flat(document.querySelector('[aria-labelledby="advice"]'))).toMatch(/too large.*continue training/);
    expect(flat(document.body)).not.toMatch(/it is a theorem/i);
  });

  it("says of impossible data that it is proved, with the reason", () => {
    const input: ReportInput = {
      certificate: {
        verdict: "impossible",
        statement: "Rows 3 and 17 differ only in their labels.",
        warrant: "proved",
      },
    };
    expect(sentence(input)).toMatch(/no setting of the trained weights/);
    expect(flat(parse(renderReport(input)).body)).toContain("Rows 3 and 17 differ only in their labels.");
  });

  it("never sounds surer than the weakest hypothesis", () => {
    const hypotheses = [
      { name: "a", status: "proved" },
      { name: "exact data", status: "assumed" },
    ] as const;
    const input: ReportInput = { certificate: { verdict: "certified", warrant: "proved", hypotheses } };
    expect(sentence(input)).toMatch(/assumed, not checked: exact data/);
    expect(sentence({ certificate: { verdict: "certified" } })).toMatch(/was not recorded/);
  });
});

describe("a report from little", () => {
  it.each<[string, ReportInput]>([
    ["nothing", {}],
    ["an empty record", { record: { step: [] } }],
    ["one row", { record: { step: [0], loss: [1] } }],
    [
      "columns without a measurement",
      { record: { step: [0, 1], loss: [null, null], certifiedLoss: [null, null], margin: [null, null] } },
    ],
    ["losses that cannot be drawn", { record: { step: [0, 1, 2], loss: [0, Number.NaN, Number.POSITIVE_INFINITY] } }],
    ["a certificate of nulls", { certificate: { verdict: "undecided", theorem: null, margin: null, stepSize: null } }],
    [
      "an unknown theorem and loss",
      { certificate: { verdict: "certified", theorem: "constructor" }, run: { loss: "toString" } },
    ],
  ])("made of %s is whole and shows no broken value", (_, input) => {
    const text = renderReport(input);
    expect(text.trimEnd().endsWith("</html>")).toBe(true);
    expect(text).not.toMatch(/undefined|\[object|\bNaN\b|\bnull\b|native code/);
    expect(parse(text).querySelectorAll("h1").length).toBe(1);
  });
});

describe("text from outside", () => {
  const attack = `"'><script>alert(1)</script><img src=x onerror=alert(1)></style></title>&lt;{{x}}\u0000`;

  /** The input with every string that a user's files or arguments can set replaced. */
  function poisoned(): ReportInput {
    const input = certifiedInput();
    const poison = (value: unknown): unknown => {
      if (typeof value === "string") return attack;
      if (Array.isArray(value)) return value.map(poison);
      if (value !== null && typeof value === "object") {
        return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, poison(inner)]));
      }
      return value;
    };
    const { record, certificate, ...rest } = input;
    const hypotheses = certificate?.hypotheses?.map((h) => ({ ...h, name: attack, statement: attack }));
    return {
      ...(poison(rest) as ReportInput),
      title: attack,
      versions: { [attack]: attack },
      network: { [attack]: attack },
      record: { step: [], ...record, [`drift:${attack}`]: record?.loss },
      certificate: {
        verdict: "undecided",
        theorem: attack,
        form: attack,
        statement: attack,
        reasons: [attack],
        advice: [attack],
        hypotheses: hypotheses ?? [],
      },
    };
  }

  it("is shown as text wherever it appears, and makes no element", () => {
    const text = renderReport(poisoned());
    const document = parse(text);
    expect(text).not.toContain("<script");
    expect(text).not.toContain("<img");
    expect(text).not.toContain("\u0000");
    expect(document.querySelector("script, img, [onerror]")).toBeNull();
    // An unescaped quote in an attribute would leave attributes of other names behind.
    const names = new Set(
      Array.from(document.querySelectorAll("*")).flatMap((node) => Array.from(node.attributes, (a) => a.name)),
    );
    for (const name of names) expect(name).toMatch(/^[a-zA-Z][a-zA-Z0-9-]*$/);
    expect(document.querySelectorAll("style").length).toBe(1 + document.querySelectorAll("svg").length);
    const shown = text.split("&#60;script&#62;alert(1)&#60;/script&#62;").length - 1;
    expect(shown).toBeGreaterThan(20);
  });
});
