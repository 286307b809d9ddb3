const SLICE_MILLISECONDS = 12;

/**
 * Gives the event loop its turn when the last one is more than a frame ago: awaiting promises that are already settled does not,
 * so without it a long computation would hold up timers, signals and drawing.
 */
export function createBreather(): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < SLICE_MILLISECONDS) return;
    await nextTurn();
    last = performance.now();
  };
}

/** A message to oneself: a turn of the event loop without the delay that browsers add to nested timers. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
