import { check } from "@surefoot/check";
import { beforeAll, describe, expect, it } from "vitest";
import type { CertificateFile, Certified } from "../../src/certificate/index.ts";
import type { Setting } from "../certify/setting.ts";
import { CASES, certificateOfCase, checkHere, inputsOf } from "./cases.ts";
import { constantOf, forge, type Loose, readdress, setConstant, setWitnessList } from "./forge.ts";

/** Constants by the direction in which they claim more than was proved. */
const CLAIMS_MORE: Readonly<Record<string, "up" | "down">> = {
  lambdaMin: "up",
  lambdaMax: "down",
  residualNorm: "down",
  mu: "up",
  kappa: "down",
  radius: "down",
  contraction: "down",
  ratePerStep: "down",
  margin: "up",
  epsilon: "down",
  path: "down",
  deviation: "down",
};

for (const one of CASES.filter(({ name }) => /wide|antisymmetric|three hidden|full|its own|residual/.test(name))) {
  describe(`of ${one.name}`, () => {
    let at: Setting;
    let certificate: CertificateFile;
    beforeAll(async () => {
      const made: Certified & { at: Setting } = await certificateOfCase(one);
      if (!made.certificate) throw new Error("nothing to forge");
      at = made.at;
      certificate = made.certificate;
    });
    const rejects = async (change: (file: Loose) => void, hypothesis?: string) => {
      const verdict = await checkHere(await forge(certificate, change), at);
      expect(verdict.verdict).toBe("rejected");
      if (hypothesis !== undefined) expect(verdict).toMatchObject({ hypothesis });
    };

    it("a file that was merely sealed again is accepted", async () => {
      expect((await checkHere(await forge(certificate, () => {}), at)).verdict).toBe("accepted");
    });

    it("each constant that claims one part in a thousand more than was proved is rejected", async () => {
      for (const name of Object.keys(certificate.constants)) {
        const direction = CLAIMS_MORE[name];
        if (direction === undefined) continue;
        const value = constantOf(certificate, name);
        const more = value * (direction === "up" ? 1 + 1e-3 : 1 - 1e-3);
        const verdict = await checkHere(await forge(certificate, (file) => setConstant(file, name, more)), at);
        expect([name, verdict.verdict]).toEqual([name, "rejected"]);
      }
    });

    it("λ_min raised together with everything that would follow from it is rejected", async () => {
      await rejects((file) => {
        setConstant(file, "lambdaMin", constantOf(certificate, "lambdaMin") * 1.01);
        setConstant(file, "margin", constantOf(certificate, "margin") * 1.005);
      });
    });

    it("a step size beyond what the theorem admits is rejected", async () => {
      await rejects((file) => setConstant(file, "stepSize", constantOf(certificate, "stepSize") * 2.1), "step size");
    });

    it("weights one unit in the last place away are rejected: first by their hash", async () => {
      const [name, tensor] = Object.entries(at.weights)[0];
      const data = tensor.data.slice();
      data[0] += Math.abs(data[0]) * 2 ** -52;
      const moved = { ...at, weights: { ...at.weights, [name]: { ...tensor, data } } };
      expect(await checkHere(certificate, moved)).toMatchObject({ verdict: "rejected", hypothesis: "weights" });
      expect((await checkHere(await readdress(certificate, moved), moved)).verdict).toBe("accepted");
    });

    it("the same certificate readdressed to other labels, a duplicated sample with another label, or larger weights is rejected", async () => {
      const { x, y } = at.dataset;
      const relabelled = { ...at, dataset: { ...at.dataset, y: y.map((v) => v + 3) } };
      expect(await checkHere(await readdress(certificate, relabelled), relabelled)).toMatchObject({
        verdict: "rejected",
        hypothesis: "residual",
      });
      const twins = x.data.slice();
      twins.copyWithin(x.cols, 0, x.cols);
      const duplicated = { ...at, dataset: { ...at.dataset, x: { ...x, data: twins } } };
      expect((await checkHere(await readdress(certificate, duplicated), duplicated)).verdict).toBe("rejected");
      if (certificate.theorem === "S2") return; // its hypotheses do not change with the size of W1 where u = 0
      const [name, tensor] = Object.entries(at.weights)[0];
      const larger = { ...at, weights: { ...at.weights, [name]: { ...tensor, data: tensor.data.map((v) => 3 * v) } } };
      expect((await checkHere(await readdress(certificate, larger), larger)).verdict).toBe("rejected");
    });

    it("other facts about the network are rejected", async () => {
      const layer = (l: number, change: Loose) => (file: Loose) => {
        const network = file.network as { layers: Loose[] };
        network.layers[l] = { ...network.layers[l], ...change };
      };
      await rejects(layer(0, { rows: 3 }));
      await rejects(layer(0, { scale: { hex: "0x1.0000000000000p+3", decimal: 8 } }));
      await rejects(layer(0, { trainsWeight: !at.network.layers[0].trainsWeight }));
      await rejects(layer(0, { skip: true }));
      await rejects(layer(0, { gain: { hex: "0x1.0000000000000p+1", decimal: 2 } }));
      await rejects(layer(1, { gain: { hex: "0x1.0000000000000p-1", decimal: 0.5 } }));
      for (const patches of [null, { pixels: 0, filter: 1 }, { pixels: 3, filter: 1 }, { pixels: 1, filter: 0 }]) {
        await rejects(layer(0, { patches }), "network");
      }
      await rejects((file) => {
        (file.network as Loose).activation = { kind: certificate.theorem === "S2" ? "tanh" : "relu" };
      });
    });

    it("names that are not those of the format are rejected, those that every object has included", async () => {
      for (const field of ["theorem", "form", "loss", "format"]) {
        for (const name of ["constructor", "toString", "__proto__", "S3", "", null, 1]) {
          const changed = await forge(certificate, (file) => Object.assign(file, { [field]: name }));
          expect([field, name, (await checkHere(changed, at)).verdict]).toEqual([field, name, "rejected"]);
        }
      }
      const activations = ["constructor", "relu2", "__proto__"];
      for (const kind of activations)
        await rejects((file) => Object.assign(file.network as Loose, { activation: { kind } }));
    });

    it("an object that answers differently when it is asked again is read once", async () => {
      const { data, weights } = inputsOf(at);
      const forged = await forge(certificate, (file) =>
        setConstant(file, "radius", constantOf(certificate, "radius") / 2),
      );
      let asked = 0;
      const shifty = { ...forged };
      Object.defineProperty(shifty, "constants", {
        enumerable: true,
        get: () => (asked++ % 2 === 0 ? forged.constants : certificate.constants),
      });
      expect((await check(shifty, data, weights)).verdict).toBe("rejected");
      for (const odd of [undefined, null, 5, "text", [], () => 1, Symbol("s"), 5n]) {
        expect((await check(odd, data, weights)).verdict).toBe("rejected");
      }
    });

    it("a path, norms or pairs that are not as claimed are rejected", async () => {
      const { witness } = certificate;
      if ("right" in witness) {
        const kappa = witness.kappa.decimal;
        if (kappa.some((k) => k > 0)) {
          await rejects((file) =>
            setWitnessList(
              file,
              "kappa",
              kappa.map((k) => k * 0.99),
            ),
          );
          await rejects((file) =>
            setWitnessList(
              file,
              "kappa",
              kappa.map(() => 0),
            ),
          );
        }
        await rejects((file) =>
          setWitnessList(
            file,
            "right",
            witness.right.decimal.map((t) => t * 1.5),
          ),
        );
        await rejects((file) => setWitnessList(file, "right", witness.right.decimal.toReversed()));
        await rejects((file) => setWitnessList(file, "right", []));
        await rejects((file) => {
          (file.witness as Loose).norms = {
            ...witness.norms,
            hadamard: { hex: "0x1.0000000000000p-9", decimal: 2 ** -9 },
          };
        });
      } else {
        const count = witness.unstable.flat().length;
        if (count > 0) await rejects((file) => Object.assign(file.witness as Loose, { unstable: [] }));
        await rejects((file) => Object.assign(file.witness as Loose, { steps: 0 }));
      }
    });
  });
}
