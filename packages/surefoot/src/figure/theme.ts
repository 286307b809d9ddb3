/**
 * Colours by role. The curves' colours are the palette of Okabe and Ito (2008), told apart under the common colour-vision
 * deficiencies; the order puts those with the best contrast on each background first. No two roles of one theme share a colour, so
 * that a style sheet can exchange one theme for the other (render.ts).
 */
export interface Theme {
  readonly background: string;
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly frame: string;
  readonly certified: string;
  readonly threshold: string;
  readonly curves: readonly string[];
}

export const LIGHT: Theme = {
  background: "#ffffff",
  ink: "#1a1c1f",
  muted: "#5b6066",
  grid: "#e6e8eb",
  frame: "#b4b9bf",
  certified: "#007a5a",
  threshold: "#1a1c20",
  curves: ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"],
};

export const DARK: Theme = {
  background: "#15181c",
  ink: "#e9ebee",
  muted: "#a3a9b1",
  grid: "#2b3036",
  frame: "#525860",
  certified: "#2fc79a",
  threshold: "#e9ebef",
  curves: ["#56b4e9", "#e69f00", "#009e73", "#cc79a7", "#d55e00", "#0072b2", "#ffffff"],
};

/** Every colour of one theme with its counterpart in the other. */
export function themePairs(from: Theme, to: Theme): (readonly [string, string])[] {
  const roles = ["background", "ink", "muted", "grid", "frame", "certified", "threshold"] as const;
  return [
    ...roles.map((role) => [from[role], to[role]] as const),
    ...from.curves.map((colour, i) => [colour, to.curves[i]] as const),
  ];
}
