/** A guided walk through the lab: each step sets it up by a state as the URL holds it, and says what to look at and why. */
export interface Tour {
  readonly name: string;
  readonly title: string;
  /** The document that the tour follows. */
  readonly about: string;
  /** Pages of the manual that say more, with what they say. */
  readonly manual: readonly { readonly page: string; readonly about: string }[];
  readonly steps: readonly TourStep[];
}

export interface TourStep {
  readonly title: string;
  readonly text: string;
  /** After "#". */
  readonly state: string;
}
