/**
 * Which pairs fall due: for each sample a list of entries, one to each of its pairs, in three parts. `soon`: pairs that may fall due within
 * a few steps, gone through in every step. `later`: pairs that have been looked at and may rest. The rest, ascending: pairs that have
 * never been looked at. An entry is a clock reading (float32, rounded down: early is harmless, late never happens) and the number of the
 * pair within its sample, with DOWN where the sample's downward clock counts.
 */
import { barrier, nextTask } from "./barrier";

export const DOWN: u32 = 0x80000000;

/** Bytes of a sample's place: soon limits and bases of both clocks, lengths of `soon` and of `soon` with `later`. */
export const PLACE: usize = 64;

/** `soon` reaches this many steps of the present length ahead, and is made again when they have shrunk to an eighth. */
const AHEAD: f64 = 12;
const TOO_FAR: f64 = 100;
/** A clock that has advanced by more steps than this since its base gets a new one: a float32 would not resolve its steps. */
const UNRESOLVED: f64 = 1e6;

/** 2⁻⁴⁶: more than the rounding of a clock in a few steps. */
const CLOCK_ROUNDING: f64 = 1.4210854715202004e-14;

/** A float32 at or below `value`; −1 for values too small to be told from 0. */
export function keyBelow(value: f64): f32 {
  const size = Math.abs(value);
  if (size < 1e-30) return -1;
  return <f32>min(value - 1.3e-7 * size, 3e38);
}

const DIGIT: i32 = 11;
const BINS: usize = 2048;

/** Bytes of scratch that lazySort needs for each thread. */
export function sortSpace(longest: i32): i32 {
  return 8 * longest + 4 * <i32>BINS;
}

/** Makes the entries of all samples from ζ(0) of their pairs, ascending by distance, and their places. */
export function lazySort(
  thread: i32,
  threads: i32,
  n: i32,
  offsets: usize,
  zeta: usize,
  entries: usize,
  places: usize,
  scratch: usize,
  longest: i32,
): void {
  const bins = scratch + <usize>thread * <usize>sortSpace(longest);
  const other = bins + 4 * BINS;
  for (let i = nextTask(); i < n; i = nextTask()) {
    const first = <usize>load<u32>(offsets + (<usize>i << 2));
    const count = load<i32>(offsets + (<usize>i << 2), 4) - <i32>first;
    const own = entries + (first << 3);
    for (let q = 0; q < count; q++) {
      const value = load<f64>(zeta + ((first + <usize>q) << 3));
      store<f32>(other + (<usize>q << 3), max<f32>(keyBelow(Math.abs(value)), 0));
      store<u32>(other + (<usize>q << 3), <u32>q | (value < 0 ? 0 : DOWN), 4);
    }
    // Bits of floats that are not negative ascend as the floats do.
    sortDigit(other, own, count, 0, bins);
    sortDigit(own, other, count, DIGIT, bins);
    sortDigit(other, own, count, 2 * DIGIT, bins);
    const place = places + <usize>i * PLACE;
    memory.fill(place, 0, PLACE);
  }
  barrier(threads);
}

function sortDigit(from: usize, to: usize, count: i32, shift: i32, bins: usize): void {
  memory.fill(bins, 0, 4 * BINS);
  for (let q = 0; q < count; q++) {
    const bin = bins + <usize>(((load<u32>(from + (<usize>q << 3)) >> shift) & 2047) << 2);
    store<i32>(bin, load<i32>(bin) + 1);
  }
  let sum = 0;
  for (let b: usize = 0; b < BINS; b++) {
    const size = load<i32>(bins + (b << 2));
    store<i32>(bins + (b << 2), sum);
    sum += size;
  }
  for (let q = 0; q < count; q++) {
    const entry = load<u64>(from + (<usize>q << 3));
    const bin = bins + <usize>(((<u32>entry >> shift) & 2047) << 2);
    const at = load<i32>(bin);
    store<i32>(bin, at + 1);
    store<u64>(to + (<usize>at << 3), entry);
  }
}

/**
 * Lists in `out` which entries of a sample's `count` may have come within `pad` of their kinks, at clock readings `up` and `down` whose
 * last steps were `upStep` and `downStep`. They stay where they are; whoever looks at a pair gives its entry a new reading.
 */
export function collectDue(
  place: usize,
  entries: usize,
  count: i32,
  up: f64,
  down: f64,
  upStep: f64,
  downStep: f64,
  pad: f64,
  out: usize,
): i32 {
  const upTick = upStep + CLOCK_ROUNDING * up;
  const downTick = downStep + CLOCK_ROUNDING * down;
  const upAhead = load<f64>(place) - (up + pad);
  const downAhead = load<f64>(place, 8) - (down + pad);
  if (upAhead < 0 || downAhead < 0 || upAhead > TOO_FAR * upTick || downAhead > TOO_FAR * downTick) {
    divide(place, entries, up, down, upTick, downTick, pad);
  }
  const upBase = load<f64>(place, 16);
  const downBase = load<f64>(place, 24);
  let soon = load<i32>(place, 32);
  let hot = load<i32>(place, 36);
  const farthest = max(up, down) + pad;
  while (hot < count) {
    const at = entries + (<usize>hot << 3);
    const key = <f64>load<f32>(at);
    if (key > farthest) break;
    const word = load<u32>(at, 4);
    const gap = entries + (<usize>soon << 3);
    store<u64>(at, load<u64>(gap));
    store<f32>(gap, keyBelow(key - (word & DOWN ? downBase : upBase)));
    store<u32>(gap, word, 4);
    soon++;
    hot++;
  }
  store<i32>(place, soon, 32);
  store<i32>(place, hot, 36);
  const upLimit = up - upBase + pad;
  const downLimit = down - downBase + pad;
  let found = 0;
  for (let q = 0; q < soon; q++) {
    const at = entries + (<usize>q << 3);
    const limit = load<u32>(at, 4) & DOWN ? downLimit : upLimit;
    store<i32>(out + (<usize>found << 2), q);
    found += <i32>(<f64>load<f32>(at) <= limit);
  }
  return found;
}

/** Divides the entries that have been looked at into `soon` and `later` afresh. */
function divide(place: usize, entries: usize, up: f64, down: f64, upTick: f64, downTick: f64, pad: f64): void {
  const upLimit = up + pad + AHEAD * upTick;
  const downLimit = down + pad + AHEAD * downTick;
  const upBefore = load<f64>(place, 16);
  const downBefore = load<f64>(place, 24);
  const upBase = up - upBefore > UNRESOLVED * upTick ? up : upBefore;
  const downBase = down - downBefore > UNRESOLVED * downTick ? down : downBefore;
  const moved = upBase != upBefore || downBase != downBefore;
  const hot = load<i32>(place, 36);
  let soon = 0;
  for (let q = 0; q < hot; q++) {
    const at = entries + (<usize>q << 3);
    const word = load<u32>(at, 4);
    const downward = (word & DOWN) != 0;
    let key = load<f32>(at);
    if (moved) {
      key = keyBelow(<f64>key + (downward ? downBefore - downBase : upBefore - upBase));
      store<f32>(at, key);
    }
    if (<f64>key <= (downward ? downLimit - downBase : upLimit - upBase)) {
      const gap = entries + (<usize>soon << 3);
      const entry = load<u64>(at);
      store<u64>(at, load<u64>(gap));
      store<u64>(gap, entry);
      soon++;
    }
  }
  store<f64>(place, upLimit);
  store<f64>(place, downLimit, 8);
  store<f64>(place, upBase, 16);
  store<f64>(place, downBase, 24);
  store<i32>(place, soon, 32);
}

/** A pair at ζ = `zeta`, at least `distance` from its kink: it may rest until its clock has advanced by that. */
export function rest(place: usize, entry: usize, zeta: f64, distance: f64, up: f64, down: f64): void {
  const pair = load<u32>(entry, 4) & ~DOWN;
  const downward = !(zeta < 0);
  store<f32>(entry, keyBelow((downward ? down - load<f64>(place, 24) : up - load<f64>(place, 16)) + distance));
  store<u32>(entry, downward ? pair | DOWN : pair, 4);
}
