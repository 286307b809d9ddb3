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
let latest = 0;

self.onmessage = ({ data: order }: MessageEvent<Order>) => {
  switch (order.kind) {
    case "start":
      void start(order);
      break;
    case "pace":
      pace.set(order.playing, order.speed);
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
  const nextPace = new Pace(playing, speed);
  try {
    backend ??= createWasmBackend({ deterministic: true });
    const next = await startSession(run, { experiment, files, base, backend: await backend, pace: nextPace, tell });
    if (latest !== run) {
      next.end();
      return;
    }
    session?.end();
    session = next;
    pace = nextPace;
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
