import type { Tour } from "./tour.ts";

const DATA = "data=orthonormal:n=8,d=10";

/** Chatterjee 2022. */
export const chatterjee: Tour = {
  name: "local-condition",
  title: "A local condition and positive weights",
  about: "Chatterjee 2022: convergence of deep networks of fixed width on independent inputs.",
  manual: [
    { page: "theory-desks", about: "what the paper claims, next to what happens" },
    { page: "certificates", about: "the theorems S1 and S3, positive weights included" },
  ],
  steps: [
    {
      title: "A condition at one point",
      text: "If near the starting point the squared gradient is at least α times the loss, over a ball that is large enough for the loss at the start, gradient descent cannot leave the ball and must reach zero loss. No width is needed, only a comparison of numbers. The badge is such a comparison.",
      state: `${DATA}&network=softplus:32,32&steps=400`,
    },
    {
      title: "The ball",
      text: "This is the ball of the certificate, once there is one. The weights move inside it; its radius bounds the length of their whole way from there on.",
      state: `${DATA}&network=softplus:32,32&steps=400&view=ball`,
    },
    {
      title: "Positive weights",
      text: "Chatterjee starts with the first layer at zero, positive hidden weights and large output weights. With the first layer at zero the kernel is a multiple of the Gram matrix of the inputs, here of the identity: at the start all its eigenvalues are equal. Look how far they spread.",
      state: `${DATA}&network=${encodeURIComponent('{"kind":"fully-connected","widths":[32,32],"activation":"softplus","scaling":"standard"}')}&init=positive:5&steps=300&step-size=certified&view=spectrum`,
    },
    {
      title: "Against LeCun",
      text: "Run A starts positive, run B from LeCun's random weights, with the same widths, both with the step size that a theorem suggests for their own kernel. Compare the slopes of the loss.",
      state: `${DATA}&network=${encodeURIComponent('{"kind":"fully-connected","widths":[32,32],"activation":"softplus","scaling":"standard"}')}&init=positive:5&steps=300&step-size=certified&vs=1&vs.init=lecun`,
    },
    {
      title: "Why independent inputs",
      text: "Twelve inputs in ten dimensions are not independent. The condition of the theorem asks for more than the data give, and a positive start makes the network nearly linear: the kernel loses its least eigenvalues.",
      state: `data=sphere:n=12,d=10&network=${encodeURIComponent('{"kind":"fully-connected","widths":[32,32],"activation":"softplus","scaling":"standard"}')}&init=positive:5&steps=300&view=spectrum`,
    },
  ],
};
