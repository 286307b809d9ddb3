/** Colours by role, from the style sheet, so that light and dark have one source. */
export interface Colours {
  readonly ink: string;
  readonly muted: string;
  readonly grid: string;
  readonly certified: string;
  readonly curves: readonly string[];
  readonly surface: string;
  readonly dark: boolean;
}

export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element);
  const of = (name: string) => style.getPropertyValue(name).trim();
  return {
    ink: of("--ink"),
    muted: of("--muted"),
    grid: of("--grid"),
    certified: of("--certified"),
    surface: of("--surface"),
    curves: [1, 2, 3, 4, 5, 6].map((k) => of(`--curve-${k}`)),
    dark: of("--dark") === "1",
  };
}
