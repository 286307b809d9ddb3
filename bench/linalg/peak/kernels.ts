// AssemblyScript. Arithmetic that never leaves the registers: `chains` independent accumulators, each step one multiplication and
// one addition per lane, so that neither memory nor latency limits it. Returns their sum, so that nothing can be left out.

/** Twelve chains of one double: 24 operations a step. */
export function scalar(steps: i32, x: f64, y: f64): f64 {
  let a: f64 = 0.1,
    b: f64 = 0.2,
    c: f64 = 0.3,
    d: f64 = 0.4,
    e: f64 = 0.5,
    f: f64 = 0.6;
  let g: f64 = 0.7,
    h: f64 = 0.8,
    i: f64 = 0.9,
    j: f64 = 1.0,
    k: f64 = 1.1,
    l: f64 = 1.2;
  for (; steps > 0; steps--) {
    a = a * x + y;
    b = b * x + y;
    c = c * x + y;
    d = d * x + y;
    e = e * x + y;
    f = f * x + y;
    g = g * x + y;
    h = h * x + y;
    i = i * x + y;
    j = j * x + y;
    k = k * x + y;
    l = l * x + y;
  }
  return a + b + c + d + e + f + (g + h + i + j + k + l);
}

function step(s: v128, x: v128, y: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(s, x, y);
  return f64x2.add(f64x2.mul(s, x), y);
}

function sum(s: v128): f64 {
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** Twelve chains of two doubles: 48 operations a step. */
export function vector(steps: i32, xValue: f64, yValue: f64): f64 {
  const x = f64x2.splat(xValue),
    y = f64x2.splat(yValue);
  let a = f64x2.splat(0.1),
    b = f64x2.splat(0.2),
    c = f64x2.splat(0.3),
    d = f64x2.splat(0.4);
  let e = f64x2.splat(0.5),
    f = f64x2.splat(0.6),
    g = f64x2.splat(0.7),
    h = f64x2.splat(0.8);
  let i = f64x2.splat(0.9),
    j = f64x2.splat(1.0),
    k = f64x2.splat(1.1),
    l = f64x2.splat(1.2);
  for (; steps > 0; steps--) {
    a = step(a, x, y);
    b = step(b, x, y);
    c = step(c, x, y);
    d = step(d, x, y);
    e = step(e, x, y);
    f = step(f, x, y);
    g = step(g, x, y);
    h = step(h, x, y);
    i = step(i, x, y);
    j = step(j, x, y);
    k = step(k, x, y);
    l = step(l, x, y);
  }
  return sum(a) + sum(b) + sum(c) + sum(d) + sum(e) + sum(f) + (sum(g) + sum(h) + sum(i) + sum(j) + sum(k) + sum(l));
}
