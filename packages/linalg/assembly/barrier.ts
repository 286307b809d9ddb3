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
  expected = generation;
  sleep();
}

/** The generation that this thread sleeps through: a global of the thread's own instance. */
let expected: i32 = 0;

/**
 * The first-tier compiler of V8 11 (Node 20) loses locals that live across a wait, so none may: neither a caller's (a function that
 * calls itself is never inlined) nor one of its own. A thread can be woken too early, by the notification of the meeting before, and must
 * then look at the right generation again.
 */
export function sleep(): void {
  if (atomic.load<i32>(GENERATION) != expected) return;
  atomic.wait<i32>(GENERATION, expected, -1);
  sleep();
}

/** Sleeps through `generation`, as a thread at a meeting point does: must not end when it is woken without reason. */
export function sleepTest(_thread: i32, _threads: i32, generation: i32): void {
  expected = generation;
  sleep();
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
