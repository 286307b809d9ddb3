import type { Tour } from "./tour.ts";

/** Zou, Cao, Zhou and Gu 2019. */
export const zou: Tour = {
  name: "separation",
  title: "Separation of the data",
  about: "Presentation of Zou et al. 2019: deep ReLU networks and the distance φ between samples.",
  manual: [
    { page: "theory-desks", about: "what the paper claims, next to what happens" },
    { page: "data", about: "the generators and the constant coordinate" },
  ],
  steps: [
    {
      title: "The quantity φ",
      text: "Zou et al. ask only that any two samples with different labels be at least φ apart. Here all samples are at least 0.9 apart. The theorems in this lab are about the squared loss and full-batch steps, not the cross-entropy and SGD of the paper; what separation does is the same.",
      state: "data=separated:n=10,d=8,delta=0.9&network=two-layer-relu:1024&init=antisymmetric&steps=200",
    },
    {
      title: "Less separation, smaller λ_min",
      text: "Run A keeps samples 0.9 apart, in run B two of them are 0.2 apart. The least eigenvalue shrinks with φ, and with it the speed.",
      state:
        "data=separated:n=10,d=8,delta=0.9&network=two-layer-relu:1024&init=antisymmetric&steps=200&vs=1&vs.data=colliding-pair:n=10,d=8,epsilon=0.2",
    },
    {
      title: "Two clusters",
      text: "Points around two centres, one label each: samples with the same label may be close, and it does not hurt. Look at the kernel: two blocks.",
      state: "data=two-clusters:n=16,d=8&network=two-layer-relu:1024&init=antisymmetric&steps=300&view=kernel",
    },
    {
      title: "Clusters with shuffled labels",
      text: "The same points with labels at random: now neighbours disagree, the small eigenvalues matter, and the loss falls slowly. Same kernel, harder labels.",
      state: "data=two-clusters:n=16,d=8&shuffle=1&network=two-layer-relu:1024&init=antisymmetric&steps=300",
    },
    {
      title: "The constant coordinate μ",
      text: "The paper appends a constant coordinate to every input, so that opposite points are not parallel. Two flowers of the Iris data with such a coordinate, 0.3: the samples of one species are close to each other, and the kernel shows it.",
      state:
        "data=examples/data/iris.csv&classes=setosa,virginica&samples=20&mu=0.3&network=two-layer-relu:1024&init=antisymmetric&steps=300&view=kernel",
    },
  ],
};
