import type { Experiment } from "./experiment.ts";
import { initialiserText, networkText } from "./text.ts";

/** The command that runs the same experiment to the same bits. */
export function commandOf({ data, ...rest }: Experiment): string {
  const options: (readonly [string, string | number | undefined])[] = [
    ["classes", data.classes?.join(",")],
    ["samples", data.samples],
    ["data-seed", data.sampleSeed === 0 ? undefined : data.sampleSeed],
    ["random-labels", data.shuffle],
    ["normalize", data.normalize === "unit-rows" ? undefined : data.normalize],
    ["mu", data.mu],
    ["label", data.label],
    ["network", networkText(rest.network)],
    ["init", initialiserText(rest.initialiser)],
    ["seed", rest.seed],
    ["loss", rest.loss === "sum" ? undefined : rest.loss],
    ["step-size", rest.stepSize],
    ["steps", rest.steps],
    // for two-layer ReLU networks the command otherwise chooses by size
    ["engine", rest.network.kind === "two-layer-relu" ? rest.engine : undefined],
  ];
  const words = options.flatMap(([name, value]) => (value === undefined ? [] : [`--${name} ${quote(String(value))}`]));
  return ["surefoot train", quote(data.source), ...words, "--backend wasm --deterministic"].join(" ");
}

/** For a POSIX shell. */
export function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}
