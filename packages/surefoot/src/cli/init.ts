import { Command } from "commander";
import { SurefootError } from "../error.ts";
import type { Network, Patches } from "../network/network.ts";
import { tensorShapes } from "../network/resolve.ts";
import { writeWeights } from "../record/index.ts";
import {
  addCommonOptions,
  addDataOptions,
  addNetworkOptions,
  type CommonArguments,
  type DataArguments,
  type NetworkArguments,
  openBackend,
  openData,
  openNetwork,
  wholeNumber,
} from "./inputs.ts";
import { print, printJson, say } from "./terminal.ts";

type Arguments = DataArguments & NetworkArguments & CommonArguments & { inputs?: number; out: string };

export function initCommand(): Command {
  const command = new Command("init")
    .summary("write initial weights for other frameworks")
    .description(
      "Draws initial weights as `certify` and `train` do, writes them in float64 under the names W1, b1, W2, … and prints how\n" +
        "PyTorch and JAX load them. The same seed gives the same bytes on every machine.",
    )
    .argument("[data]", "the data whose number of columns the network takes; or give --inputs")
    .option("--inputs <d>", "number of inputs of the network", wholeNumber(1))
    .requiredOption("--out <file>", "the weights: .safetensors or .npz");
  addNetworkOptions(addDataOptions(command));
  return addCommonOptions(command)
    .addHelpText(
      "after",
      "\nExamples:\n" +
        "  surefoot init --inputs 784 --network tanh:512,512 --out weights.safetensors\n" +
        "  surefoot init iris.csv --network two-layer-relu:4096 --init antisymmetric --seed 7 --out weights.npz",
    )
    .action(run);
}

async function run(source: string | undefined, options: Arguments): Promise<void> {
  if ((source === undefined) === (options.inputs === undefined)) {
    throw new SurefootError("argument", "give either DATA or --inputs d, to say how many inputs the network takes");
  }
  const x = options.inputs ?? (await openData(source ?? "", options)).x;
  const inputs = typeof x === "number" ? x : x.cols;
  const backend = await openBackend(options);
  try {
    const { network, weights, origin } = await openNetwork(options, x, backend);
    await writeWeights(options.out, weights);
    const tensors = tensorShapes(network);
    if (options.json) return printJson({ file: options.out, origin, inputs, parameters: network.parameters, tensors });
    say(`${options.out}: ${tensors.map(({ name, rows, cols }) => `${name} ${rows} × ${cols}`).join(", ")} (${origin})`);
    print(snippets(network, options.out));
  } finally {
    await backend.close();
  }
}

/** How PyTorch and JAX load the file and evaluate the network. */
export function snippets(network: Network, file: string): string {
  const npz = /\.npz$/i.test(file);
  const path = JSON.stringify(file);
  const torchLoad = npz
    ? `import numpy as np\nw = {k: torch.from_numpy(v) for k, v in np.load(${path}).items()}`
    : `from safetensors.torch import load_file\nw = load_file(${path})`;
  const jaxLoad = npz
    ? `import numpy as np\nw = {k: jnp.asarray(v) for k, v in np.load(${path}).items()}`
    : `from safetensors.flax import load_file\nw = load_file(${path})`;
  return [
    "# PyTorch",
    "import torch",
    torchLoad,
    ...patchesOf(network, torchPatches),
    "def f(x):  # x: n × d, float64",
    ...forward(network, TORCH, ".transpose(1, 2)"),
    "",
    "# JAX",
    "import jax",
    'jax.config.update("jax_enable_x64", True)  # before any array is made',
    "import jax.numpy as jnp",
    jaxLoad,
    ...patchesOf(network, jaxPatches),
    "def f(x):",
    ...forward(network, JAX, ".transpose(0, 2, 1)"),
  ].join("\n");
}

type ActivationText = (z: string, slope: number) => string;

const TORCH: Readonly<Record<string, ActivationText>> = {
  relu: (z) => `torch.relu(${z})`,
  "leaky-relu": (z, a) => `torch.nn.functional.leaky_relu(${z}, ${a})`,
  tanh: (z) => `torch.tanh(${z})`,
  sigmoid: (z) => `(torch.sigmoid(${z}) - 0.5)`,
  softplus: (z) => `(torch.nn.functional.softplus(${z}, threshold=40) - ${Math.LN2})`,
  erf: (z) => `torch.erf(${z})`,
  gelu: (z) => `torch.nn.functional.gelu(${z})`,
  swish: (z) => `torch.nn.functional.silu(${z})`,
  "smooth-leaky-relu": (z, a) =>
    `(lambda z: ${a} * z + (1 - ${a}) * (torch.nn.functional.softplus(z, threshold=40) - ${Math.LN2}))(${z})`,
};

const JAX: Readonly<Record<string, ActivationText>> = {
  relu: (z) => `jax.nn.relu(${z})`,
  "leaky-relu": (z, a) => `jax.nn.leaky_relu(${z}, ${a})`,
  tanh: (z) => `jnp.tanh(${z})`,
  sigmoid: (z) => `(jax.nn.sigmoid(${z}) - 0.5)`,
  softplus: (z) => `(jax.nn.softplus(${z}) - ${Math.LN2})`,
  erf: (z) => `jax.scipy.special.erf(${z})`,
  gelu: (z) => `jax.nn.gelu(${z}, approximate=False)`,
  swish: (z) => `jax.nn.silu(${z})`,
  "smooth-leaky-relu": (z, a) => `(lambda z: ${a} * z + (1 - ${a}) * (jax.nn.softplus(z) - ${Math.LN2}))(${z})`,
};

/** Pixels left and right of a patch. */
function margins({ filter }: Patches): [number, number] {
  const left = Math.floor((filter - 1) / 2);
  return [left, filter - 1 - left];
}

function torchPatches(patches: Patches): string[] {
  return [
    "def patches(h):  # n × pixels × channels",
    `    h = torch.nn.functional.pad(h, (0, 0, ${margins(patches).join(", ")}))`,
    `    return torch.cat([h[:, o : o + ${patches.pixels}] for o in range(${patches.filter})], dim=-1)`,
  ];
}

function jaxPatches(patches: Patches): string[] {
  return [
    "def patches(h):  # n × pixels × channels",
    `    h = jnp.pad(h, ((0, 0), (${margins(patches).join(", ")}), (0, 0)))`,
    `    return jnp.concatenate([h[:, o : o + ${patches.pixels}] for o in range(${patches.filter})], axis=-1)`,
  ];
}

function patchesOf({ layers }: Network, write: (patches: Patches) => string[]): string[] {
  const [{ patches }] = layers;
  return patches ? write(patches) : [];
}

/** `channelsLast`: how the framework turns n × channels × pixels into n × pixels × channels. */
function forward(
  { activation, layers }: Network,
  texts: Readonly<Record<string, ActivationText>>,
  channelsLast: string,
): string[] {
  const kind = typeof activation === "string" ? activation : activation.kind;
  const slope = typeof activation === "string" ? 0 : activation.slope;
  return layers.map(({ weight, bias, scale, gain, skip, patches }, i) => {
    const below = layers[i - 1]?.patches && !patches ? "h.reshape(len(x), -1)" : i > 0 ? "h" : "x";
    const pixels = i === 0 && patches ? `x.reshape(len(x), -1, ${patches.pixels})${channelsLast}` : below;
    const input = patches ? `patches(${pixels})` : below;
    const sum = `${scale === 1 ? "" : `${scale} * `}(${input} @ w["${weight}"].T)${bias ? ` + w["${bias}"]` : ""}`;
    if (i === layers.length - 1) return `    return (${sum})[:, 0]`;
    return `    h = ${skip ? "h + " : ""}${gain === undefined ? "" : `${gain} * `}${texts[kind](sum, slope)}`;
  });
}
