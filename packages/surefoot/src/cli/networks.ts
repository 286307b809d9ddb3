import { Command } from "commander";
import { PLAIN_ACTIVATIONS } from "../spec/activation.ts";
import { print } from "./terminal.ts";

const TEXT = `A network is written as JSON, as a file that holds JSON, or as a shorthand.

  {"kind":"two-layer-relu","width":4096}                      or  two-layer-relu:4096
      f(x) = (1/√m) Σ_r a_r max(w_r·x, 0); W1 is trained, a (W2) is fixed.
  {"kind":"fully-connected","widths":[512,512],"activation":"tanh"}  or  tanh:512,512
      z_ℓ = s_ℓ W_ℓ h_{ℓ−1} + b_ℓ, h_ℓ = σ(z_ℓ), f = s_L W_L h_{L−1} + b_L.
      "scaling": "ntk" (default; s_1 = 1, s_ℓ = √(c_σ/m_{ℓ−1})) or "standard" (1)
      "biases":  false (default) or true
      "frozen":  names of tensors that are not trained, e.g. ["W2"] trains the
                 first layer of a two-layer network only
      "activation": ${PLAIN_ACTIVATIONS.join(", ")},
                 {"kind":"leaky-relu","slope":0.1},
                 {"kind":"smooth-leaky-relu","slope":0.3}

  {"kind":"residual","depth":3,"width":512,"activation":"tanh"}  or  resnet-tanh:3x512
      x1 = √(c_σ/m) σ(W1 x), x_h = x_{h−1} + (c_res/(H√m)) σ(W_h x_{h−1}) for
      h = 2 … H = depth, f = W_{H+1} x_H (Du et al. 2019); no biases.
      "cRes":    c_res between 0 and 1 (default 0.5); "frozen" as above
  {"kind":"convolutional-residual","depth":2,"width":64,"activation":"tanh",
   "pixels":28}                                       or  conv-resnet-tanh:2x64@28
      the same with convolutions: a row of the data is channels × pixels, W_h is
      m × (filter·channels) and multiplies the patch around every pixel (stride 1,
      zeros beyond the border); W_{H+1} has a weight for every pixel and channel.
      "filter":  pixels in a patch (default 3)

Tensors are W1, W2, … (and b1, b2, … with biases); W_ℓ has a row per neuron.

Initial weights (--init); biases start at 0:
  gaussian          every weight N(0, 1); output ±1 for two-layer-relu
  lecun, he         N(0, 1/inputs of the layer); N(0, 2/its neurons), output ±1
  sphere            rows of W1 on the unit sphere, the rest as gaussian
  antisymmetric     every last hidden neuron twice with opposite outputs ±1: u(0) = 0
                    (in residual networks every hidden neuron twice)
  positive:A        W1 = 0, hidden entries 1/d, output entries A (Chatterjee 2022);
                    this and boxed-lecun: not for residual networks
  absolute-lecun    |entries| of lecun
  boxed-lecun:BOX   lecun with W2, W3, … conditioned to [BOX, 2·BOX]
  {"kind":"gaussian","output":"uniform"}   JSON: output sign, uniform or gaussian`;

/** A help topic: `surefoot networks`, `surefoot help networks`. */
export function networksCommand(): Command {
  return new Command("networks")
    .summary("how to write a network and an initialiser")
    .helpOption(false)
    .configureHelp({ formatHelp: () => `${TEXT}\n` })
    .action(() => print(TEXT));
}
