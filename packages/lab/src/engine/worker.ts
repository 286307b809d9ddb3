import "../zod-without-eval.ts";
import { type Backend, createWasmBackend } from "@surefoot/linalg";
import type { LookName, News, Order } from "./protocol.ts";
import type { Session } from "./session.ts";
import { startSession } from "./start.ts";
import { Pace } from "./turns.ts";

/** The worker of one run slot: takes orders, tells news. A new run replaces the old one only when it can really be run. */

const tell = (news: News, transfer: Transferable[] = []) => self.postMessage(news, { transfer });

/** The same bits on every machine: what `surefoot train --backend wasm --deterministic` computes with. */
let backend: Promise<Backend> | undefined;
let session: Session | undefined;
let pace = new Pace(false, 0);
/** Of the run that is being prepared: play and pause mean it too. */
let nextPace = pace;
let latest = 0;

self.onmessage = ({ data: order }: MessageEvent<Order>) => {
  switch (order.kind) {
    case "start":
      void start(order);
      break;
    case "pace":
      for (const each of new Set([pace, nextPace])) each.set(order.playing, order.speed);
      break;
    case "step":
      pace.grantStep();
      break;
    case "look":
      void look(order.ticket, order.look);
  }
};

async function start(order: Order & { kind: "start" }): Promise<void> {
  const { run, experiment, files, base, playing, speed } = order;
  latest = run;
  const ownPace = new Pace(playing, speed);
  nextPace = ownPace;
  try {
    backend ??= createWasmBackend({ deterministic: true });
    const next = await startSession(run, { experiment, files, base, backend: await backend, pace: ownPace, tell });
    if (latest !== run) {
      next.end();
      return;
    }
    session?.end();
    session = next;
    pace = ownPace;
    tell({ kind: "started", facts: next.facts });
    await next.run();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    if (session?.facts.run === run) tell({ kind: "failed", reason });
    else if (latest === run) tell({ kind: "refused", run, reason });
  }
}

async function look(ticket: number, name: LookName): Promise<void> {
  const run = session?.facts.run ?? 0;
  try {
    const seen = session ? await session.see(name) : null;
    tell({ kind: "seen", ticket, run, seen });
  } catch (error) {
    tell({ kind: "seen", ticket, run, seen: null, why: error instanceof Error ? error.message : String(error) });
  }
}
