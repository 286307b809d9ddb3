import type { Tour } from "./tour.ts";

const RELU = "data=basis:n=10,d=10&network=two-layer-relu:1024&init=antisymmetric";

/** Du, Zhai, Póczos and Singh 2018. */
export const du2018: Tour = {
  name: "two-layer",
  title: "Wide two-layer ReLU networks",
  about: "Review of Du et al. 2018: why over-parametrised networks reach zero loss.",
  manual: [
    { page: "theory-desks", about: "what the paper claims, next to what happens" },
    { page: "certificates", about: "the theorem S2 behind the badge" },
    { page: "kernels", about: "kernels at infinite width" },
  ],
  steps: [
    {
      title: "Orthogonal data: the easy case",
      text: "Ten orthonormal inputs. The infinite-width kernel H^∞ is half the identity, so λ₀ = ½, the largest it can be. Only the first layer is trained. The run is certified from the start or nearly so, and the loss falls by the same factor in every step.",
      state: `${RELU}&steps=60&speed=5`,
    },
    {
      title: "The kernel behind it",
      text: "Entry (i, j) counts the neurons that are active on both samples, times the inner product of the two. Compare H(0) and H(t) with H^∞: off the diagonal they are zero because the inputs are orthogonal; the diagonal is ½ up to the luck of the draw.",
      state: `${RELU}&steps=60&speed=5&view=kernel`,
    },
    {
      title: "Two points come close",
      text: "Now two inputs are 0.5 apart. Their rows of the kernel are nearly the same, and λ_min is far below ½. The theorem needs a smaller residual before it holds: the certificate comes later. Look at the least eigenvalue.",
      state:
        "data=colliding-pair:n=10,d=10,epsilon=0.5&network=two-layer-relu:1024&init=antisymmetric&steps=300&view=spectrum",
    },
    {
      title: "Closer still",
      text: "At distance 0.05 with different labels λ_min is tiny and the loss gets stuck on the difference of the two labels for a long time. λ₀ → 0 as two points meet; at distance zero with different labels no network fits them at all.",
      state:
        "data=colliding-pair:n=10,d=10,epsilon=0.05&network=two-layer-relu:1024&init=antisymmetric&steps=600&speed=100",
    },
    {
      title: "What moves: sign patterns",
      text: "The kernel changes only where a neuron changes its sign on a sample. In the plane you can watch it: a neuron's direction turns, crosses the line of a sample, and lights up. Few neurons cross, and soon none does.",
      state: "data=separated:n=5,d=2,delta=0.6&network=two-layer-relu:1024&init=antisymmetric&steps=200&view=circle",
    },
    {
      title: "Wider networks flip less",
      text: "Run A has 256 neurons, run B 4096. Both fit the data, but the wider one keeps its kernel closer to where it started: λ_min(K(t)) hardly moves in B. This is lazy training, and it is what the proof rests on.",
      state:
        "data=sphere:n=10,d=10&network=two-layer-relu:256&init=antisymmetric&steps=150&vs=1&vs.network=two-layer-relu:4096",
    },
  ],
};
