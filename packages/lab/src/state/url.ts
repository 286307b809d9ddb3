import { initialiserFromText, networkFromText } from "surefoot";
import { z } from "zod";
import {
  DEFAULT_EXPERIMENT,
  DEFAULT_STATE,
  type Experiment,
  experimentSpec,
  type LabState,
  labState,
} from "./experiment.ts";
import { initialiserText, networkText } from "./text.ts";

/** What a URL says, or the default and why. */
export interface ReadState {
  readonly state: LabState;
  /** Why the default stands here; undefined when the URL was read. */
  readonly problem?: string;
}

/** The part of the URL after "#". The default state is the empty string; every field that differs from it is written in full. */
export function formatState(state: LabState): string {
  const pairs: [string, string][] = experimentPairs(state.experiment, DEFAULT_EXPERIMENT);
  if (state.versus) {
    pairs.push(["vs", "1"]);
    for (const [name, value] of experimentPairs(state.versus, state.experiment)) pairs.push([`vs.${name}`, value]);
  }
  if (state.view !== DEFAULT_STATE.view) pairs.push(["view", state.view]);
  if (state.speed !== DEFAULT_STATE.speed) pairs.push(["speed", String(state.speed)]);
  if (!state.playing) pairs.push(["paused", "1"]);
  if (state.theme !== DEFAULT_STATE.theme) pairs.push(["theme", state.theme]);
  if (state.tour) pairs.push(["tour", `${state.tour.name}:${state.tour.step}`]);
  return pairs.map(([name, value]) => `${name}=${encode(value)}`).join("&");
}

/** Never throws: what cannot be read is the default state with the reason. */
export function parseState(hash: string): ReadState {
  try {
    const fields = new Map<string, string>();
    for (const part of hash.replace(/^#/, "").split("&")) {
      if (part === "") continue;
      const at = part.indexOf("=");
      if (at < 1) throw new Error(`"${part}" is not of the form name=value`);
      const name = part.slice(0, at);
      if (!KNOWN.has(name)) throw new Error(`there is no field "${name}"`);
      fields.set(name, decodeURIComponent(part.slice(at + 1)));
    }
    const experiment = readExperiment(fields, "", DEFAULT_EXPERIMENT);
    const [tour, step] = (fields.get("tour") ?? "").split(":");
    const state = {
      experiment,
      ...(fields.has("vs") ? { versus: readExperiment(fields, "vs.", experiment) } : {}),
      view: fields.get("view") ?? DEFAULT_STATE.view,
      speed: number(fields, "speed") ?? DEFAULT_STATE.speed,
      playing: !fields.has("paused"),
      theme: fields.get("theme") ?? DEFAULT_STATE.theme,
      ...(tour ? { tour: { name: tour, step: Number(step ?? 0) } } : {}),
    };
    return { state: labState.parse(state) };
  } catch (error) {
    return { state: DEFAULT_STATE, problem: explain(error) };
  }
}

const FIELDS = [
  "data",
  "classes",
  "samples",
  "sample-seed",
  "shuffle",
  "normalize",
  "mu",
  "label",
  "network",
  "init",
  "seed",
  "loss",
  "step-size",
  "steps",
  "engine",
] as const;
const KNOWN: ReadonlySet<string> = new Set([
  ...FIELDS,
  ...FIELDS.map((name) => `vs.${name}`),
  ...["vs", "view", "speed", "paused", "theme", "tour"],
]);

/** The fields in which `experiment` differs from `base`; the empty text takes an optional field away. */
function experimentPairs(experiment: Experiment, base: Experiment): [string, string][] {
  const [mine, others] = [asFields(experiment), asFields(base)];
  return FIELDS.flatMap((name): [string, string][] => (mine[name] === others[name] ? [] : [[name, mine[name]]]));
}

function asFields({ data, ...rest }: Experiment): Record<(typeof FIELDS)[number], string> {
  return {
    data: data.source,
    classes: data.classes?.join(",") ?? "",
    samples: text(data.samples),
    "sample-seed": String(data.sampleSeed),
    shuffle: text(data.shuffle),
    normalize: data.normalize,
    mu: text(data.mu),
    label: data.label ?? "",
    network: networkText(rest.network),
    init: initialiserText(rest.initialiser),
    seed: String(rest.seed),
    loss: rest.loss,
    "step-size": String(rest.stepSize),
    steps: String(rest.steps),
    engine: rest.engine,
  };
}

function readExperiment(fields: ReadonlyMap<string, string>, prefix: string, base: Experiment): Experiment {
  const defaults = asFields(base);
  const merged = new Map(FIELDS.map((name) => [name as string, fields.get(prefix + name) ?? defaults[name]]));
  const optional = (name: string) => merged.get(name) || undefined;
  const step = merged.get("step-size") ?? "";
  return experimentSpec.parse({
    data: withoutUndefined({
      source: merged.get("data"),
      classes: optional("classes")?.split(","),
      samples: number(merged, "samples"),
      sampleSeed: number(merged, "sample-seed"),
      shuffle: number(merged, "shuffle"),
      normalize: merged.get("normalize"),
      mu: number(merged, "mu"),
      label: optional("label"),
    }),
    network: networkFromText(merged.get("network") ?? ""),
    initialiser: initialiserFromText(merged.get("init") ?? ""),
    seed: number(merged, "seed"),
    loss: merged.get("loss"),
    stepSize: Number.isNaN(Number(step)) ? step : Number(step),
    steps: number(merged, "steps"),
    engine: merged.get("engine"),
  });
}

const text = (value: number | undefined) => (value === undefined ? "" : String(value));

function number(fields: ReadonlyMap<string, string>, name: string): number | undefined {
  const value = fields.get(name);
  if (value === undefined || value === "") return undefined;
  if (!Number.isFinite(Number(value))) throw new Error(`${name}: "${value}" is not a number`);
  return Number(value);
}

const withoutUndefined = (value: object) =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined));

/** As encodeURIComponent, but what is safe after "#" stays readable. */
const encode = (value: string) => encodeURIComponent(value).replace(/%(3A|2C|2F|3D)/g, (c) => decodeURIComponent(c));

function explain(error: unknown): string {
  if (error instanceof z.ZodError) {
    return error.issues.map(({ path, message }) => `${path.join(".")}: ${message}`).join("; ");
  }
  return error instanceof Error ? error.message : String(error);
}
