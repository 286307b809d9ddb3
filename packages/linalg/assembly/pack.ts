/**
 * Copies a strip of `width` vectors (rows of the left operand, columns of the right one) into the order in which tile.ts
 * reads it: element p of all vectors side by side. Vector v starts at source + v·stride, its elements are `step` apart (bytes, either
 * sign). Vectors from `valid` on are filled with zeros.
 */
export function packStrip(
  target: usize,
  source: usize,
  stride: isize,
  step: isize,
  width: i32,
  valid: i32,
  k: i32,
): void {
  if (valid == width && step == 8) packPairs(target, source, stride, width, k);
  else if (valid == width && stride == 8) packAdjacent(target, source, step, width, k);
  else packAny(target, source, stride, step, width, valid, k);
}

/** Vectors contiguous in memory: two elements of two vectors at a time. */
export function packPairs(target: usize, source: usize, stride: isize, width: i32, k: i32): void {
  const size = <usize>width << 3;
  const even = k & ~1;
  for (let v = 0; v < width; v += 2) {
    let from = source + <usize>v * stride;
    let to = target + (<usize>v << 3);
    for (let p = 0; p < even; p += 2) {
      const x = v128.load(from);
      const y = v128.load(from + stride);
      v128.store(to, v128.shuffle<f64>(x, y, 0, 2));
      v128.store(to + size, v128.shuffle<f64>(x, y, 1, 3));
      from += 16;
      to += 2 * size;
    }
    if (even < k) {
      store<f64>(to, load<f64>(from));
      store<f64>(to, load<f64>(from + stride), 8);
    }
  }
}

/** Element p of all vectors contiguous in memory. */
export function packAdjacent(target: usize, source: usize, step: isize, width: i32, k: i32): void {
  for (let p = 0; p < k; p++) {
    for (let v = 0; v < width; v += 2) {
      v128.store(target, v128.load(source + (<usize>v << 3)));
      target += 16;
    }
    source += step;
  }
}

export function packAny(
  target: usize,
  source: usize,
  stride: isize,
  step: isize,
  width: i32,
  valid: i32,
  k: i32,
): void {
  for (let p = 0; p < k; p++) {
    for (let v = 0; v < width; v++) {
      store<f64>(target, v < valid ? load<f64>(source + v * stride) : 0);
      target += 8;
    }
    source += step;
  }
}
