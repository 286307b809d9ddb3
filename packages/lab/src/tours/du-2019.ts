import type { Tour } from "./tour.ts";

const DATA = "data=sphere:n=10,d=20";

/** Du, Lee, Li, Wang and Zhai 2019. */
export const du2019: Tour = {
  name: "deep",
  title: "Deep networks",
  about: "Notes on Du et al. 2019: deep networks with smooth activations.",
  manual: [
    { page: "certificates", about: "the theorem S1 and its bounds of κ" },
    { page: "theory-desks", about: "what the paper claims, next to what happens" },
  ],
  steps: [
    {
      title: "One hidden layer",
      text: "tanh, a smooth activation that is no polynomial, on inputs no two of which are parallel: then the limit kernel is positive definite. The factor 1/√m in the forward pass, with c_σ that keeps the size of the signal, is the scaling called ntk.",
      state: `${DATA}&network=tanh:128&steps=300`,
    },
    {
      title: "Two hidden layers",
      text: "The same with two layers of 64. Every layer is trained; the tangent kernel is a sum over layers. It becomes certified after some thirty steps: the bound κ on how fast the Jacobian turns now comes from a recursion over the layers.",
      state: `${DATA}&network=tanh:64,64&steps=300`,
    },
    {
      title: "Who moves how far",
      text: "The drift of each layer, from the first to the output. In the proof each layer must stay within R√m of its start; here you see by how much less it moves.",
      state: `${DATA}&network=tanh:64,64,64&steps=300&view=drift`,
    },
    {
      title: "Depth changes the eigenvalues",
      text: "Three hidden layers: the kernel grows with the number of layers, and so does its largest eigenvalue; the step size 1/λ_max shrinks accordingly.",
      state: `${DATA}&network=tanh:64,64,64&steps=300&view=spectrum`,
    },
    {
      title: "Width against depth",
      text: "Run A is 64 wide, run B 128, both two layers deep. The margin of the wider one is larger from the first step: its Jacobian turns more slowly relative to its kernel.",
      state: `${DATA}&network=tanh:64,64&steps=300&vs=1&vs.network=tanh:128,128`,
    },
  ],
};
