"""Activations and their slopes at 50 digits, for doubles z over every range that the checker's code treats apart: activations.json.

Values are written as two doubles, high + low, exact to about 2^-106. Needs mpmath. Usage: python3 activations.py > activations.json
"""

import json
import random

import mpmath as mp

mp.mp.dps = 60
rng = random.Random(11)

sigmoid = lambda z: 1 / (1 + mp.exp(-z))
ACTIVATIONS = {
    "tanh": (mp.tanh, lambda z: mp.sech(z) ** 2),
    "sigmoid": (lambda z: sigmoid(z) - mp.mpf(1) / 2, lambda z: sigmoid(z) * sigmoid(-z)),
    "softplus": (lambda z: mp.log1p(mp.exp(z)) - mp.log(2), sigmoid),
    "erf": (mp.erf, lambda z: 2 / mp.sqrt(mp.pi) * mp.exp(-z * z)),
    "gelu": (lambda z: z * mp.ncdf(z), lambda z: mp.ncdf(z) + z * mp.npdf(z)),
    "swish": (lambda z: z * sigmoid(z), lambda z: sigmoid(z) * (1 + z * sigmoid(-z))),
}

points = [0.0, 5e-324, -1e-300, 1e-20, -1e-8, 0.5, -0.5, 5.999999, 6.0, -6.0, 8.5, -40.0, 345.0, -345.2, 700.0, -744.9, -1e5, 1e200]
points += [rng.uniform(-3, 3) for _ in range(200)]
points += [rng.uniform(-50, 50) for _ in range(60)]
points += [k * 0.6931471805599453 / 2 * sign for k in range(1, 30, 2) for sign in (1, -1)]


def pair(value):
    high = float(value)
    return [high, float(value - mp.mpf(high))]


out = {
    name: [[z, *pair(value(mp.mpf(z))), *pair(slope(mp.mpf(z)))] for z in points]
    for name, (value, slope) in ACTIVATIONS.items()
}
print(json.dumps(out, separators=(",", ":")))
