import type { Tour } from "./tour.ts";

const SPHERE = "data=sphere:n=10,d=20";

/** The slides on gradient flow and the kernel point of view. */
export const flow: Tour = {
  name: "kernel-view",
  title: "Gradient flow: a kernel point of view",
  about: "Slides: the residual obeys an equation of its own, driven by the kernel.",
  manual: [
    { page: "kernels", about: "kernels at infinite width and prediction in closed form" },
    { page: "lazy-simulator", about: "the lazy engine" },
    { page: "theory-desks", about: "the claims of the slides" },
  ],
  steps: [
    {
      title: "Outputs, not weights",
      text: "Follow the outputs u(t) instead of the weights: du/dt = −K(t)(u − y). If K(t) stays positive definite the residual must go to zero. Watch λ_min(K(t)): while it stays away from zero the loss falls exponentially, a straight line on the log axis.",
      state: `${SPHERE}&network=tanh:512&steps=200`,
    },
    {
      title: "Fast and slow directions",
      text: "Each eigenvalue of K(t) is the speed of one direction of the residual. The loss bends first, while the large eigenvalues do their work, then goes straight: the least eigenvalue is left.",
      state: `${SPHERE}&network=tanh:512&steps=200&view=spectrum`,
    },
    {
      title: "The kernel stays nearly put",
      text: "The change of K is small against K itself: the map of differences has its own, much smaller scale. If it were exactly zero, the network would be a linear model in its weights.",
      state: `${SPHERE}&network=tanh:512&steps=200&view=kernel`,
    },
    {
      title: "A step from the safe side",
      text: "Gradient descent follows the flow while η is below 2/λ_max. Here it is half of that, 1/λ_max, the usual choice: every direction shrinks.",
      state: `${SPHERE}&network=tanh:512&steps=200&step-size=1/lambda-max`,
    },
    {
      title: "A step from the other side",
      text: "η = 0.8 is about twice 2/λ_max of the first kernel (the red mark on the slider). The fastest direction grows, the loss rises, and the network is thrown to a place where its kernel is smaller; there it settles, at the edge of what η allows. Other networks diverge instead. No theorem covers this: the badge says what the step size would have to be.",
      state: `${SPHERE}&network=tanh:512&steps=200&step-size=0.8&speed=5`,
    },
    {
      title: "Infinitely wide, nearly",
      text: "The lazy engine follows two hundred thousand ReLU neurons exactly, in function space. H(0) and H^∞ can hardly be told apart, the drift is tiny, and the theorem holds from step 12 on: this is a picture of the limit. A step takes a moment.",
      state: "data=sphere:n=20,d=10&network=two-layer-relu:200000&init=antisymmetric&engine=lazy&steps=60&view=kernel",
    },
  ],
};
