/**
 * Meeting point and work counter of the threads that run one kernel together. Every kernel is called on all threads with
 * (thread, threads, …arguments) and meets the others here; with one thread nothing waits, so the main thread may call it too.
 */

/** Zero-filled, in memory shared by all instances: arrivals, generation and counter on cache lines of their own. */
const CONTROL: usize = memory.data(192, 64);
const ARRIVED: usize = CONTROL;
const GENERATION: usize = CONTROL + 64;
const COUNTER: usize = CONTROL + 128;

/** Looks this often before it asks the engine to sleep; about 20 µs. */
const SPINS: i32 = 20000;

/** Returns when all `threads` threads have called it; their earlier writes are then visible to each. Also resets the counter. */
export function barrier(threads: i32): void {
  if (threads == 1) {
    store<i32>(COUNTER, 0);
    return;
  }
  const generation = atomic.load<i32>(GENERATION);
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.store<i32>(COUNTER, 0);
    atomic.add<i32>(GENERATION, 1);
    atomic.notify(GENERATION, -1);
    return;
  }
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(GENERATION) != generation) return;
  sleep(generation);
}

/**
 * A function that calls itself is never inlined, and this one must not be: the first-tier compiler of V8 11 (Node 20) loses locals that
 * live across a wait, here the caller's, so that threads disagree and never meet again.
 */
export function sleep(generation: i32): void {
  if (atomic.load<i32>(GENERATION) != generation) return;
  atomic.wait<i32>(GENERATION, generation, -1);
  sleep(generation);
}

/** The next piece of work since the last barrier: 0, 1, 2, …, each handed to one thread. */
// @ts-expect-error: decorator
@inline
export function nextTask(): i32 {
  return atomic.add<i32>(COUNTER, 1);
}

/** Adds 1 to the integer at `target` for `rounds` rounds of `tasks` tasks: fails to reach rounds·tasks if threads lose one another. */
export function barrierTest(_thread: i32, threads: i32, target: usize, rounds: i32, tasks: i32): void {
  for (let r = 0; r < rounds; r++) {
    barrier(threads);
    while (nextTask() < tasks) atomic.add<i32>(target, 1);
    barrier(threads);
  }
}
