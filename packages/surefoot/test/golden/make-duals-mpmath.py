"""Golden values of dual kernels E[f(u)f(v)] in 30 digits: python make-duals-mpmath.py > duals-mpmath.json (some minutes).

Smooth functions: trapezoidal rule in two dimensions, checked against the rule on the shifted grid. Homogeneous functions: the integral over
the angle, by mpmath's quadrature between the kinks. The covariances are the doubles in the file, taken as exact.
"""
import json
import sys
from mpmath import mp, mpf, sqrt, exp, tanh, log, erf, sin, cos, pi, acos, quad, fabs, erfc

mp.dps = 30


def sigmoid(x):
    return 1 / (1 + exp(-x))


def softplus(x):
    return log(1 + exp(-fabs(x))) + (x if x > 0 else 0)


def cdf(x):
    return erfc(-x / sqrt(mpf(2))) / 2


def pdf(x):
    return exp(-x * x / 2) / sqrt(2 * pi)


A = mpf(0.3)
SMOOTH = {
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2),
    "sigmoid": (lambda x: sigmoid(x) - mpf(1) / 2, lambda x: sigmoid(x) * sigmoid(-x)),
    "softplus": (lambda x: softplus(x) - log(mpf(2)), sigmoid),
    "swish": (lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x))),
    "smooth-leaky-relu": (lambda x: A * x + (1 - A) * (softplus(x) - log(mpf(2))), lambda x: A + (1 - A) * sigmoid(x)),
    "erf": (erf, lambda x: 2 / sqrt(pi) * exp(-x * x)),
    "gelu": (lambda x: x * cdf(x), lambda x: cdf(x) + x * pdf(x)),
    "sin": (sin, cos),
    "cos": (cos, lambda x: -sin(x)),
    "exp": (exp, exp),
    "polynomial": (lambda x: mpf(0.5) - x + mpf(0.25) * x**3, lambda x: -1 + mpf(0.75) * x**2),
}
ALL_RHO = [0.0, 1e-8, 0.1, 0.5, 0.9, 1 - 1e-5, 1 - 1e-16, 1.0]
RHO = sorted({s * r for s in (-1, 1) for r in ALL_RHO})
FEW = [-1.0, -(1 - 1e-16), -0.5, 1e-8, 0.3, 1 - 1e-16]
VARIANCES = [(1.0, 1.0), (0.25, 0.25), (4.0, 4.0), (1.0, 0.36)]
H = mpf(1) / 9
REACH = mpf(12)


def trapezoid(f, a, c, b, shift=0):
    s = sqrt(a)
    slope = c / s
    det = a * b - c * c
    rest = sqrt(det / a) if det > 0 else mpf(0)
    n = int(REACH / H)
    grid = [(j + shift) * H for j in range(-n, n + 1)]
    weight = [H * exp(-z * z / 2) / sqrt(2 * pi) for z in grid]
    first = [f(s * z) * w for z, w in zip(grid, weight)]
    total = mpf(0)
    for z1, x in zip(grid, first):
        if rest == 0:
            total += x * f(slope * z1)
            continue
        if fabs(x) < mpf(10) ** -30:
            continue
        base = slope * z1
        total += x * mp.fsum(f(base + rest * z2) * w for z2, w in zip(grid, weight))
    return total


def by_angle(f, degree, a, c, b):
    """E[f(u)f(v)] for f(tx) = t^degree f(x), t > 0: u = √a r cos φ, v = √b r cos(φ − θ), E[r^(2·degree)] = 2^degree·degree!."""
    rho = c / sqrt(a * b)
    theta = acos(min(mpf(1), max(mpf(-1), rho)))
    cuts = sorted({-pi, pi, -pi / 2, pi / 2} | {p for k in (-2, -1, 0, 1, 2) for p in [theta + pi / 2 + k * pi] if -pi < p < pi})
    integral = sum(quad(lambda t: f(cos(t)) * f(cos(t - theta)), [lo, hi]) for lo, hi in zip(cuts, cuts[1:]) if hi > lo)
    return integral / (2 * pi) * (2 * sqrt(a * b) if degree == 1 else 1)


def rows():
    for name, (value, derivative) in SMOOTH.items():
        closed = name in ("erf", "gelu", "sin", "cos", "exp", "polynomial")
        for a, b in VARIANCES:
            for what, f in (("value", value), ("derivative", derivative)):
                for rho in RHO if a == b == 1 and not closed else FEW:
                    c = rho * (a * b) ** 0.5
                    found = trapezoid(f, mpf(a), mpf(c), mpf(b))
                    if rho == -0.5:
                        other = trapezoid(f, mpf(a), mpf(c), mpf(b), mpf(1) / 2)
                        assert fabs(found - other) < mpf(10) ** -16 * (1 + fabs(found)), (name, a, b, what, found - other)
                    yield name, what, a, c, b, found
        print(name, file=sys.stderr)
    for name, slope in (("relu", 0.0), ("leaky-relu", 0.1), ("abs", -1.0)):
        mp.dps = 60
        for a, b in VARIANCES:
            for rho in RHO:
                c = rho * (a * b) ** 0.5
                f = lambda x: x if x >= 0 else mpf(slope) * x
                g = lambda x: mpf(1) if x >= 0 else mpf(slope)
                yield name, "value", a, c, b, by_angle(f, 1, mpf(a), mpf(c), mpf(b))
                yield name, "derivative", a, c, b, by_angle(g, 0, mpf(a), mpf(c), mpf(b))
        mp.dps = 30


print("[")
print(",\n".join(json.dumps([n, w, a, c, b, float(mp.nstr(v, 25))]) for n, w, a, c, b, v in rows()))
print("]")
