import { describe, expect, test } from "vitest";
import { createTurns } from "../src/native/turns.ts";

/** Lets everything that can go on go on. */
const settle = () => new Promise((resolve) => setTimeout(resolve, 0));

describe("turns of calls on one setting of threads", () => {
  test("calls alone run beside one another up to the places; the other kind waits for its turn and they for it", async () => {
    const log: string[] = [];
    const turns = createTurns(
      (alone) => log.push(alone ? "one thread" : "all threads"),
      () => 2,
    );
    const ends: (() => void)[] = [];
    const begin = async (name: string, alone: boolean) => {
      const leave = await turns.enter(alone);
      log.push(name);
      ends.push(leave);
    };
    for (const [name, alone] of [
      ["a", true],
      ["b", true],
      ["c", true],
      ["X", false],
      ["d", true],
    ] as const) {
      void begin(name, alone);
    }
    await settle();
    expect(log).toEqual(["one thread", "a", "b"]);
    ends.shift()?.();
    await settle();
    expect(log.slice(3)).toEqual(["c"]);
    ends.shift()?.();
    ends.shift()?.();
    await settle();
    expect(log.slice(4)).toEqual(["all threads", "X"]);
    ends.shift()?.();
    await settle();
    expect(log.slice(6)).toEqual(["one thread", "d"]);
    ends.shift()?.();
    await settle();
    expect(log.slice(8)).toEqual(["all threads"]);
  });

  test("calls with all threads do not wait for one another, and need no turning", async () => {
    const log: boolean[] = [];
    const turns = createTurns(
      (alone) => log.push(alone),
      () => 1,
    );
    const ends = await Promise.all([turns.enter(false), turns.enter(false)]);
    for (const end of ends) end();
    expect(log).toEqual([]);
  });
});
