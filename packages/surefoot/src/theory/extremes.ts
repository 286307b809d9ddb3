/** The extremes of a quantity over a run, and when they were reached. NaN is remembered: it makes every comparison open. */
export interface Extremes {
  see(step: number, value: number): void;
  /** Undefined before the first value. */
  readonly least: Extreme | undefined;
  readonly greatest: Extreme | undefined;
  readonly first: Extreme | undefined;
  readonly last: Extreme | undefined;
  /** Everything that was seen, in order. */
  readonly history: readonly Extreme[];
}

export interface Extreme {
  readonly step: number;
  readonly value: number;
}

export function createExtremes(): Extremes {
  let [least, greatest, first, last]: (Extreme | undefined)[] = [];
  const history: Extreme[] = [];
  return {
    history,
    see: (step, value) => {
      const here = { step, value };
      history.push(here);
      first ??= here;
      last = here;
      if (least === undefined || !(value >= least.value)) least = Number.isNaN(least?.value) ? least : here;
      if (greatest === undefined || !(value <= greatest.value))
        greatest = Number.isNaN(greatest?.value) ? greatest : here;
    },
    get least() {
      return least;
    },
    get greatest() {
      return greatest;
    },
    get first() {
      return first;
    },
    get last() {
      return last;
    },
  };
}
