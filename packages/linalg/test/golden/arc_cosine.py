"""Writes arc-cosine.json: [g, |a|², |b|², κ₀, κ₁] by mpmath from the doubles g, |a|², |b|² as given.

Run from packages/linalg: python3 test/golden/arc_cosine.py
"""

import json
import pathlib
import random

from mpmath import atan2, cos, mp, mpf, pi, sin, sqrt

mp.prec = 2400
random.seed(20260102)


def kernels(g, a, b):
    g, a, b = mpf(g), mpf(a), mpf(b)
    r = sqrt(max(a * b - g * g, mpf(0)))
    theta = atan2(r, g)
    return float((pi - theta) / (2 * pi)), float(sqrt(a * b) * (sin(theta) + (pi - theta) * cos(theta)) / (2 * pi))


rows = []
for exponent in (0, 0, 0, 0, -480, 500):
    for _ in range(60):
        scale = 2.0 ** (exponent + random.uniform(-8, 8))
        a, b = scale * random.uniform(0.5, 2), scale * random.uniform(0.5, 2)
        length = float(sqrt(mpf(a) * mpf(b)))
        close = 1 - 2.0 ** random.uniform(-52, 0)
        for cosine in (random.uniform(-1, 1), close, -close):
            rows.append((length * cosine, a, b))
rows += [(1.0, 1.0, 1.0), (-1.0, 1.0, 1.0), (3.0, 3.0, 3.0), (0.0, 1.0, 2.0), (5e-324, 1.0, 1.0), (1e-200, 1.0, 1.0)]
path = pathlib.Path(__file__).with_name("arc-cosine.json")
path.write_text("[\n" + ",\n".join(json.dumps([*row, *kernels(*row)]) for row in rows) + "\n]\n")
