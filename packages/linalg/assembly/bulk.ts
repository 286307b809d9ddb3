/** Elementwise functions over arrays; each thread takes a contiguous share, an even number of entries (src/wasm/bulk.ts pads). */
import { erf, exp, log, normalCdf, sigmoid, softplus, tanh } from "./elementary";

/** Entries handled by one call of a loop: the engine replaces a function by its optimised version between calls. */
const RUN: i32 = 1024;

function expRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, exp(v128.load(x + i)));
}

function logRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, log(v128.load(x + i)));
}

function tanhRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, tanh(v128.load(x + i)));
}

function sigmoidRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, sigmoid(v128.load(x + i)));
}

function softplusRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, softplus(v128.load(x + i)));
}

function erfRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, erf(v128.load(x + i)));
}

function normalCdfRun(x: usize, out: usize, count: i32): void {
  for (let i: usize = 0; i < <usize>count << 3; i += 16) v128.store(out + i, normalCdf(v128.load(x + i)));
}

/** out ← f(x); `code` numbers f as in src/wasm/bulk.ts, `count` is even. */
export function elementwise(thread: i32, threads: i32, code: i32, x: usize, out: usize, count: i32): void {
  const pairs = count >> 1;
  const end = 2 * <i32>((<i64>pairs * (thread + 1)) / threads);
  for (let i = 2 * <i32>((<i64>pairs * thread) / threads); i < end; i += RUN) {
    const length = min(RUN, end - i);
    const from = x + (<usize>i << 3);
    const to = out + (<usize>i << 3);
    if (code == 0) expRun(from, to, length);
    else if (code == 1) logRun(from, to, length);
    else if (code == 2) tanhRun(from, to, length);
    else if (code == 3) sigmoidRun(from, to, length);
    else if (code == 4) softplusRun(from, to, length);
    else if (code == 5) erfRun(from, to, length);
    else normalCdfRun(from, to, length);
  }
}
