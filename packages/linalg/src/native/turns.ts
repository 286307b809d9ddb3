/**
 * Calls of two kinds that must not run at one time, because the number of threads is one setting of the whole library: those that use all its
 * threads, and those that run beside one another on a thread each.
 */
export interface Turns {
  /** Resolves when a call of this kind may begin, with what it calls at its end. First come, first served. */
  enter(alone: boolean): Promise<() => void>;
}

/** `turnTo` is called before the first call of the other kind, and when none is left; `places`: how many calls `alone` may run at a time. */
export function createTurns(turnTo: (alone: boolean) => void, places: () => number): Turns {
  const waiting: { readonly alone: boolean; begin(): void }[] = [];
  let running = 0;
  let current = false;

  const may = (alone: boolean) => running === 0 || (alone === current && (!alone || running < places()));
  const begin = (alone: boolean) => {
    if (alone !== current) turnTo(alone);
    current = alone;
    running += 1;
  };
  const leave = () => {
    running -= 1;
    while (waiting.length > 0 && may(waiting[0].alone)) waiting.shift()?.begin();
    if (running === 0 && current) {
      turnTo(false);
      current = false;
    }
  };

  return {
    enter: async (alone) => {
      if (waiting.length === 0 && may(alone)) begin(alone);
      else
        await new Promise<void>((resolve) => {
          waiting.push({
            alone,
            begin: () => {
              begin(alone);
              resolve();
            },
          });
        });
      return leave;
    },
  };
}
