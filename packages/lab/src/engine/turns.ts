/** Lets a run go on step by step: at a pace, one step at a time, or not at all. */
export class Pace {
  #playing: boolean;
  /** Steps a second; 0: no limit. */
  #speed: number;
  #granted = 0;
  #due = 0;
  #wake: (() => void) | undefined;
  #ended = false;

  constructor(playing: boolean, speed: number) {
    this.#playing = playing;
    this.#speed = speed;
  }

  set(playing: boolean, speed: number): void {
    this.#playing = playing;
    this.#speed = speed;
    this.#due = 0;
    this.#wake?.();
  }

  grantStep(): void {
    this.#granted++;
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** Resolves when the next step may be taken: true, or false when the run is to end. `beforeWaiting` is called if it has to wait. */
  async turn(beforeWaiting: () => void): Promise<boolean> {
    for (;;) {
      if (this.#ended) return false;
      if (this.#granted > 0) {
        this.#granted--;
        return true;
      }
      const now = performance.now();
      if (this.#playing && (this.#speed === 0 || now >= this.#due)) {
        // Behind by more than a tenth of a second: do not catch up in a burst.
        if (this.#speed > 0) this.#due = Math.max(this.#due, now - 100) + 1000 / this.#speed;
        return true;
      }
      beforeWaiting();
      await new Promise<void>((resolve) => {
        const timer = this.#playing ? setTimeout(resolve, Math.max(1, this.#due - now)) : undefined;
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
  }
}

/** Runs tasks one after another. */
export class Queue {
  #last: Promise<unknown> = Promise.resolve();

  add<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task);
    this.#last = result.catch(() => undefined);
    return result;
  }
}
