import { SurefootError } from "../error.ts";
import type { Network } from "../network/network.ts";
import type { InitialiserSpec } from "../spec/initialiser.ts";

export const ENGINES = ["direct", "lazy", "auto"] as const;
export type EngineChoice = (typeof ENGINES)[number];
export type Engine = Exclude<EngineChoice, "auto">;

/** Steps' worth of direct descent that the lazy start costs. */
const LAZY_START = 3;
/** Operations per entry of H and step that flips cost at n ≥ 1000: break-even at m ≈ 2000 there (theory/06). */
const FLIP_WORK = 8000;
/** Direct runs of less work than this take a second or so, and leave their weights. */
const SMALL = 1e10;

/** Why the lazy simulator cannot run this; undefined where it can. It needs a_r = ±1 from the generator and only W1 trained. */
export function lazyExcludes(network: Network, initialiser: InitialiserSpec, fromFile: boolean): string | undefined {
  if (network.spec.kind !== "two-layer-relu") {
    return `it trains only two-layer-relu networks, not ${network.spec.kind}`;
  }
  if (fromFile) return "it draws its initial weights from the generator and takes none from a file";
  const law = initialiser.kind === "gaussian" || initialiser.kind === "antisymmetric" ? initialiser.output : "other";
  if (law !== undefined && law !== "sign") {
    return `it starts from --init gaussian or antisymmetric with output weights ±1, not ${JSON.stringify(initialiser)}`;
  }
  return undefined;
}

/**
 * The engine that a run uses; `auto` is the break-even rule of theory/06 in counts of operations, so that it is the same on every machine:
 * direct descent 4·n·m·d a step, the lazy simulator a start of about three such steps, n² operations a step and work per flip that hardly
 * depends on m. At n = d = 1000 that is m ≈ 2000. Throws `argument` for a lazy run that is not possible.
 */
export function chooseEngine(
  choice: EngineChoice,
  network: Network,
  initialiser: InitialiserSpec,
  fromFile: boolean,
  samples: number,
  steps: number,
): Engine {
  if (choice === "direct") return "direct";
  const reason = lazyExcludes(network, initialiser, fromFile);
  if (choice === "lazy") {
    if (reason) throw new SurefootError("argument", `--engine lazy: ${reason}; use --engine direct`);
    return "lazy";
  }
  if (reason) return "direct";
  const step = 4 * samples * network.layers[0].rows * network.inputs;
  const lazyStep = samples * samples * FLIP_WORK * Math.min(1, samples / 1000) + 1e6;
  return step * steps > SMALL && step * steps > LAZY_START * step + lazyStep * steps ? "lazy" : "direct";
}

/** Weights, products and margins of a certificate that holds all neurons may take so many bytes before `auto` streams them. */
const HELD = 2e9;

/** The engine of a certificate: `auto` streams the neurons where holding them takes more than 2 GB. Throws as chooseEngine does. */
export function chooseCertifyEngine(
  choice: EngineChoice,
  network: Network,
  initialiser: InitialiserSpec,
  fromFile: boolean,
  samples: number,
): Engine {
  const bytes = 8 * network.layers[0].rows * (network.inputs + 4 * samples);
  if (choice === "auto" && (bytes <= HELD || lazyExcludes(network, initialiser, fromFile))) return "direct";
  return chooseEngine(choice === "auto" ? "lazy" : choice, network, initialiser, fromFile, samples, 1);
}
