"""Writes elementary.json: for every function of src/elementary.ts, arguments and correctly rounded values (mpmath, 400 bits).

Run from packages/linalg: python3 test/golden/elementary.py
"""

import json
import math
import pathlib
import random

from mpmath import acos, atan, atan2, erf, erfc, exp, expm1, log, log1p, mp, mpf, sqrt, tanh

mp.prec = 1300
random.seed(20260101)


def uniform(low, high, count):
    return [random.uniform(low, high) for _ in range(count)]


def scales(low, high, count):
    """Positive numbers with uniformly spread exponents."""
    return [2.0 ** random.uniform(low, high) for _ in range(count)]


def both(values):
    return values + [-v for v in values]


def to_double(x):
    """Correct rounding to a double, subnormals included (mpmath's float() rounds those twice)."""
    if abs(x) >= mpf(2) ** 1024 - mpf(2) ** 970:
        return math.copysign(math.inf, x)
    if x == 0 or abs(x) >= mpf(2) ** -1022:
        return float(x)
    scaled = abs(x) * mpf(2) ** 1074
    whole = int(mp.floor(scaled))
    rest = scaled - whole
    if rest > 0.5 or (rest == 0.5 and whole % 2 == 1):
        whole += 1
    return math.copysign(math.ldexp(whole, -1074), x)


tiny = [5e-324, 1e-310, 2.2250738585072014e-308, 1e-300, 1e-20]
centre = both(tiny + scales(-60, 0, 60))
functions = {
    "exp": (exp, centre + uniform(-750, 715, 150) + uniform(-745.2, -708, 30) + [709.782712893384, 709.7827128933841]),
    "expm1": (expm1, centre + uniform(-50, 50, 120) + uniform(-1, 1, 80) + uniform(50, 715, 30)),
    "log": (log, tiny + scales(-1074, 1023, 120) + uniform(0.5, 2, 120) + [1 + v for v in both(scales(-52, -2, 40))]),
    "log1p": (log1p, centre + uniform(-1, 1, 150) + scales(0, 1023, 60) + [math.ldexp(1, -53) - 1]),
    "tanh": (tanh, centre + both(uniform(0, 25, 80)) + uniform(-1, 1, 120)),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), centre + uniform(-750, 50, 120) + uniform(-5, 5, 60)),
    "softplus": (lambda x: log1p(exp(x)), centre + uniform(-750, 50, 120) + uniform(-5, 5, 80) + scales(6, 1000, 10)),
    "erf": (erf, centre + uniform(-6.5, 6.5, 120) + uniform(-1.5, 1.5, 80)),
    "normal-cdf": (lambda x: erfc(-x / sqrt(mpf(2))) / 2, centre + uniform(-38.6, 10, 200) + uniform(-3, 3, 80)),
    "atan": (atan, centre + uniform(-4, 4, 100) + both(scales(0, 1023, 40))),
    "acos": (acos, centre + uniform(-1, 1, 100) + [1 - v for v in scales(-53, -1, 30)] + [v - 1 for v in scales(-53, -1, 30)]),
}
golden = {}
for name, (f, arguments) in functions.items():
    golden[name] = [[x, y] for x in arguments if math.isfinite(y := to_double(f(mpf(x))))]
points = [[random.uniform(-1, 1) * s, random.uniform(-1, 1) * t] for s, t in zip(scales(-500, 500, 40), scales(-500, 500, 40))]
points += [[random.uniform(-1, 1), random.uniform(-1, 1)] for _ in range(80)]
golden["atan2"] = [[y, x, v] for y, x in points if abs(v := to_double(atan2(mpf(y), mpf(x)))) > 0]
path = pathlib.Path(__file__).with_name("elementary.json")
path.write_text("{" + ",".join(f'\n"{k}": {json.dumps(v, separators=(",", ":"))}' for k, v in golden.items()) + "\n}\n")
