"""Instances at the thresholds of theorems S1 and S2, judged at 50 digits: thresholds.json.

S1: f(x) = sum_r a_r tanh(w_r . x), only W trained, so kappa = B2 max|a| sqrt(lambda_max(G o G)) with B2 = 4/(3 sqrt 3) and S1 holds iff
2 kappa |e0| < lambda_min(K). Labels are placed so that the margin lambda_min/(2 kappa |e0|) is about 1 + offset; then everything is computed
again from the doubles as they are.

S2 with no pair that may flip (U empty, epsilon = 0, D = 0): f(x) = m^(-1/2) sum_r a_r max(w_r . x, 0), step size eta; it holds iff
|z_ri| > delta_ri = |a_r| m^(-1/2) sum over j active at r of |G_ij| V_j, V_j = eta sum_k |((I - eta M)^k e0)_j|. Labels are placed so that the
least |z_ri|/delta_ri is about 1 + offset.

`excess` is the exact margin, or least quotient, minus 1. Needs mpmath. Usage: python3 thresholds.py > thresholds.json
"""

import json
import math
import random

import mpmath as mp

mp.mp.dps = 50
rng = random.Random(7)


def doubles(count, scale=1.0):
    return [rng.gauss(0.0, scale) for _ in range(count)]


def least_and_largest(matrix):
    values = mp.eigsy(matrix, eigvals_only=True)
    return min(values), max(values)


def judge(x, w, a, y):
    n, m = len(x), len(w)
    exact = lambda v: [mp.mpf(t) for t in v]
    xs, ws, weights, labels = [exact(r) for r in x], [exact(r) for r in w], exact(a), exact(y)
    z = [[mp.fdot(ws[r], xs[i]) for r in range(m)] for i in range(n)]
    u = [mp.fsum(weights[r] * mp.tanh(z[i][r]) for r in range(m)) for i in range(n)]
    slope = [[mp.sech(z[i][r]) ** 2 for r in range(m)] for i in range(n)]
    gram = mp.matrix(n, n)
    kernel = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            gram[i, j] = mp.fdot(xs[i], xs[j])
            kernel[i, j] = gram[i, j] * mp.fsum(weights[r] ** 2 * slope[i][r] * slope[j][r] for r in range(m))
    squares = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            squares[i, j] = gram[i, j] ** 2
    curvature = 4 / (3 * mp.sqrt(3))
    kappa = curvature * max(abs(t) for t in weights) * mp.sqrt(least_and_largest(squares)[1])
    residual = mp.sqrt(mp.fsum((u[i] - labels[i]) ** 2 for i in range(n)))
    lambda_min = least_and_largest(kernel)[0]
    return u, lambda_min, kappa, lambda_min / (2 * kappa * residual) if residual else mp.inf


def instance(offset):
    n, d, m = rng.randint(2, 4), rng.randint(4, 6), rng.randint(8, 16)
    x = []
    for _ in range(n):
        row = doubles(d)
        length = sum(t * t for t in row) ** 0.5
        x.append([t / length for t in row])
    w = [doubles(d) for _ in range(m)]
    a = [rng.choice([-1, 1]) * rng.uniform(0.5, 1.0) for _ in range(m)]
    u, lambda_min, kappa, _ = judge(x, w, a, [0.0] * n)
    direction = doubles(n)
    size = mp.sqrt(mp.fsum(mp.mpf(t) ** 2 for t in direction))
    wanted = lambda_min / (2 * kappa * (1 + mp.mpf(offset)))
    y = [float(u[i] - mp.mpf(direction[i]) / size * wanted) for i in range(n)]
    margin = judge(x, w, a, y)[3]
    return {"x": x, "w": w, "a": a, "y": y, "offset": offset, "excess": mp.nstr(margin - 1, 20)}


def relu_judge(x, w, a, y, eta):
    n, m = len(x), len(w)
    exact = lambda v: [mp.mpf(t) for t in v]
    xs, ws, weights, labels = [exact(r) for r in x], [exact(r) for r in w], exact(a), exact(y)
    scale = mp.mpf(1 / math.sqrt(m))  # the double that defines the network
    z = [[mp.fdot(ws[r], xs[i]) for r in range(m)] for i in range(n)]
    u = [scale * mp.fsum(weights[r] * max(z[i][r], 0) for r in range(m)) for i in range(n)]
    gram = [[mp.fdot(xs[i], xs[j]) for j in range(n)] for i in range(n)]
    kernel = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            both = mp.fsum(weights[r] ** 2 for r in range(m) if z[i][r] > 0 and z[j][r] > 0)
            kernel[i, j] = scale**2 * gram[i][j] * both
    e = mp.matrix([u[i] - labels[i] for i in range(n)])
    start = mp.norm(e)
    total = [mp.mpf(0)] * n
    step = mp.eye(n) - mp.mpf(eta) * kernel
    while start and mp.norm(e) > start * mp.mpf(10) ** -40:
        total = [total[j] + mp.mpf(eta) * abs(e[j]) for j in range(n)]
        e = step * e
    least = mp.inf
    for i in range(n):
        for r in range(m):
            reach = mp.fsum(abs(gram[i][j]) * total[j] for j in range(n) if z[j][r] > 0)
            if reach:
                least = min(least, abs(z[i][r]) / (scale * abs(weights[r]) * reach))
    return u, kernel, least


def relu_instance(offset):
    while True:
        n, d, m = rng.randint(2, 3), rng.randint(4, 6), rng.randint(8, 14)
        x = []
        for _ in range(n):
            row = doubles(d)
            length = sum(t * t for t in row) ** 0.5
            x.append([t / length for t in row])
        w = [doubles(d) for _ in range(m)]
        a = [rng.choice([-1.0, 1.0]) for _ in range(m)]
        u, kernel, _ = relu_judge(x, w, a, [0.0] * n, 0.5)
        least, largest = least_and_largest(kernel)
        if least > largest / 30:
            break
    eta = float(0.5 / largest)
    direction = doubles(n)
    unit = [float(u[i] - mp.mpf(direction[i])) for i in range(n)]
    quotient = relu_judge(x, w, a, unit, eta)[2]
    y = [float(u[i] - mp.mpf(direction[i]) * quotient / (1 + mp.mpf(offset))) for i in range(n)]
    excess = relu_judge(x, w, a, y, eta)[2] - 1
    return {"x": x, "w": w, "a": a, "y": y, "eta": eta, "offset": offset, "excess": mp.nstr(excess, 20)}


offsets = [sign * 10.0**-k for k in range(1, 15) for sign in (1, -1)]
s1 = [instance(offset) for offset in offsets for _ in range(3)]
s2 = [relu_instance(offset) for offset in offsets for _ in range(3)]
print(json.dumps({"s1": s1, "s2": s2}, separators=(",", ":")))
