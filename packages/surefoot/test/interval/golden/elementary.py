"""Writes elementary.json: for each function a list of [x, down, up], the doubles next to f(x) on either side (equal where f(x)
is a double), from mpmath at 400 bits. Usage: python3 elementary.py [points per function] > elementary.json"""
import json, math, random, sys
from mpmath import mp, mpf, exp, expm1, log, log1p, tanh, erf, erfc, atan, acos, sqrt, ncdf

mp.prec = 400
count = int(sys.argv[1]) if len(sys.argv) > 1 else 160
random.seed(7)


def neighbours(v):
    # mpmath's conversion to float is not trusted to round subnormal results correctly, so the guess is settled by comparison.
    big = mpf(1.7976931348623157e308)
    if v > big:
        return 1.7976931348623157e308, math.inf
    if v < -big:
        return -math.inf, -1.7976931348623157e308
    g = float(v)
    for _ in range(4):
        if mpf(g) > v:
            g = math.nextafter(g, -math.inf)
    while mpf(math.nextafter(g, math.inf)) <= v:
        g = math.nextafter(g, math.inf)
    assert mpf(g) <= v
    return (g, g) if mpf(g) == v else (g, math.nextafter(g, math.inf))


def logarithmic(low, high):
    return random.choice([-1, 1]) * 2 ** random.uniform(low, high)


def around(points):
    out = []
    for p in points:
        for q in (p, math.nextafter(p, math.inf), math.nextafter(p, -math.inf)):
            out += [q, -q]
    return out


halves = [(k + 0.5) * math.log(2) for k in range(0, 6)]
nodes = [j / 16 for j in range(1, 100, 7)]
atoms = [(2 * j + 1) / 32 for j in range(0, 16)]
small = [5e-324, 2.2250738585072014e-308, 1e-310, 2.0 ** -100, 7e-31, 7.9e-31, 2.0 ** -54, 2.0 ** -27]


def softplus(x):
    return log1p(exp(x))


functions = {
    "exp": (exp, [-745.2, -745.13, -708.4, 709.78, 709.7827128933839, 0.0], lambda: random.uniform(-746, 709.7), halves),
    "expm1": (expm1, [-50.0, 199.9, 200.1, 0.0], lambda: random.uniform(-45, 300), halves),
    "log": (log, [], None, []),
    "log1p": (log1p, [], None, []),
    "tanh": (tanh, [0.0, 25.0, 700.0], lambda: random.uniform(-21, 21), halves),
    "sigmoid": (lambda x: 1 / (1 + exp(-x)), [-800.0, 800.0, 40.0, -40.0, 0.0], lambda: random.uniform(-60, 45), halves),
    "softplus": (softplus, [-800.0, 800.0, 40.0, -40.0, 0.0], lambda: random.uniform(-60, 45), halves),
    "softplusShifted": (lambda x: log1p(expm1(x) / 2), [-800.0, 800.0, 40.0, -40.0, 0.0], lambda: random.uniform(-60, 45), halves),
    "erf": (erf, [0.0, 6.0, 5.999999, 30.0], lambda: random.uniform(-6.2, 6.2), nodes),
    "normalCdf": (ncdf, [0.0, 9.0, -9.0, 40.0], lambda: random.uniform(-9, 9), nodes),
    "atan": (atan, [0.0, 1.0, 1e300], lambda: random.uniform(-3, 3), atoms),
    "acos": (acos, [0.0, 1.0, -1.0], lambda: random.uniform(-1, 1), atoms),
}

result = {}
for name, (f, special, draw, edges) in functions.items():
    xs = list(special)
    if name == "log":
        xs += [5e-324, 1e-310, 1.0, 2.0, 0.5, math.sqrt(2), math.sqrt(0.5), 1.7976931348623157e308]
        xs += [1 + 2.0 ** -k for k in range(1, 53, 5)] + [1 - 2.0 ** -k for k in range(1, 54, 5)]
        xs += [abs(logarithmic(-1074, 1023)) for _ in range(count // 2)] + [random.uniform(0.4, 3) for _ in range(count // 2)]
    elif name == "log1p":
        xs += around(small) + [1.7976931348623157e308, 2.0 ** 60, 1.2e18, -0.5, -0.9999, math.nextafter(-1, 0)]
        xs += [abs(logarithmic(-60, 1000)) for _ in range(count // 2)] + [random.uniform(-0.99, 2) for _ in range(count // 2)]
    else:
        xs += around(small) + around(edges)
        xs += [draw() for _ in range(count)]
        xs += [logarithmic(-60, -1 if name == "acos" else 2) for _ in range(count // 2)]
    if name == "acos":
        xs += [1 - 2.0 ** -k for k in range(1, 54, 4)] + [2.0 ** -k - 1 for k in range(1, 54, 4)]
        xs = [x for x in xs if abs(x) <= 1]
    result[name] = [[x, *neighbours(f(mpf(x)))] for x in xs]


def infinite(value):
    return value if math.isfinite(value) else ("Infinity" if value > 0 else "-Infinity")


print("{")
for i, (name, rows) in enumerate(result.items()):
    body = ",\n".join(json.dumps([infinite(v) for v in row]) for row in rows)
    print(f'"{name}": [\n{body}\n]' + ("," if i + 1 < len(result) else ""))
print("}")
