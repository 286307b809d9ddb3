import type { LookName, Seen } from "../engine/protocol.ts";
import type { Run } from "../page/run.svelte.ts";

/** Milliseconds between two looks, which take time from the run; a look that had to wait for the run holds up the next one only so long. */
const BETWEEN = 120;
const BETWEEN_AT_MOST = 400;

/** Keeps looking at a run while it moves; `seen` is the last sight, `why` the reason where there is none. */
export class Looking<S extends Seen> {
  seen = $state.raw<S | null>(null);
  why = $state<string | null>(null);

  constructor(run: () => Run, look: LookName) {
    let busy = false;
    let again = false;
    let gone = false;
    const ask = async () => {
      if (busy) {
        again = true;
        return;
      }
      busy = true;
      const began = performance.now();
      const { seen, why } = await run().look(look);
      if (gone) return;
      if (seen?.look === look) this.seen = seen as S;
      else if (why !== undefined) this.seen = null;
      this.why = why ?? null;
      const cost = performance.now() - began;
      await new Promise((resolve) => setTimeout(resolve, Math.min(BETWEEN_AT_MOST, Math.max(BETWEEN, 3 * cost))));
      busy = false;
      if (again && !gone) {
        again = false;
        void ask();
      }
    };
    $effect(() => {
      void run().facts;
      void run().pulse;
      void ask();
    });
    $effect(() => () => {
      gone = true;
    });
  }
}
