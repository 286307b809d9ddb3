import { type Html, html } from "./html.ts";

interface TheoremWords {
  readonly title: string;
  readonly idea: Html;
}

/** The certificate theorems in words, by name. */
const THEOREMS: Readonly<Record<string, TheoremWords>> = {
  S1: {
    title: "tangent-kernel certificate for smooth networks",
    idea: html`<p>Near its present weights a network is almost a linear function of them. Were it exactly linear, gradient descent
would shrink every part of the error by a constant factor per step; the smallest eigenvalue λₘᵢₙ of the tangent kernel gives the
slowest factor. S1 bounds how fast the network's derivative can change as the weights move (the constant κ) and
compares two lengths: how far the weights must travel to remove the present error, and how far they can travel before the smallest
eigenvalue could reach zero. If the first is shorter, the journey ends, at zero loss, before anything can go wrong. With a constant κ this reads
2κ‖e‖ &lt; λₘᵢₙ. The margin is the ratio of the two sides.</p>`,
  },
  S2: {
    title: "sign-pattern certificate for two-layer ReLU networks with a trained first layer",
    idea: html`<p>A ReLU network is exactly linear in its first layer as long as no neuron switches between on and off for any sample. S2 simulates
the error of that linear problem, bounds how far each neuron's input can move, and marks the pairs of neuron and sample that
might switch. What the switching of these could change in the kernel is bounded by ε. If the smallest eigenvalue λ stays above ε, and every pair
that was not marked indeed keeps its sign, the loss must go to zero. The margin is λ/ε.</p>`,
  },
};

export const theoremTitle = (name: string): string | undefined =>
  Object.hasOwn(THEOREMS, name) ? THEOREMS[name].title : undefined;

/** The explanation of one theorem, or of all if it is not known which one matters. */
export function explainTheorems(name: string | null | undefined): Html {
  const known = name !== null && name !== undefined && Object.hasOwn(THEOREMS, name) ? [name] : Object.keys(THEOREMS);
  return html`<section aria-labelledby="idea"><h2 id="idea">The idea of the theorem${known.length > 1 && "s"}</h2>
${known.map((key) => html`<h3>${key}: ${THEOREMS[key].title}</h3>${THEOREMS[key].idea}`)}</section>`;
}
