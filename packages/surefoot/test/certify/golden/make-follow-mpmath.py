"""Golden iterates of gradient descent at 60 digits, to hold the proved distances of followed runs against.

    python3 make-follow-mpmath.py > follow-mpmath.json        (made with mpmath 1.3.0)

A number with more digits than a double is [high, low] with high + low its value to about 32 digits. Steps are those of the loss c·½‖e‖²,
c = 1 (sum) or 2/n (mean).
"""
import json
import random

from mpmath import mp, mpf, tanh, erf, sqrt, exp, pi, matrix

mp.dps = 60


def gelu(x):
    return x * (1 + erf(x / sqrt(2))) / 2


def gelu_slope(x):
    return (1 + erf(x / sqrt(2))) / 2 + x * exp(-x * x / 2) / sqrt(2 * pi)


SIGMA = {
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2),
    "gelu": (gelu, gelu_slope),
    "relu": (lambda x: x if x >= 0 else mpf(0), lambda x: mpf(1) if x >= 0 else mpf(0)),
}


def forward(ws, bs, scales, sigma, x):
    h, zs, hs = [mpf(v) for v in x], [], []
    for l, w in enumerate(ws):
        hs.append(h)
        z = [scales[l] * sum(a * b for a, b in zip(row, h)) + (bs[l][r] if bs else 0) for r, row in enumerate(w)]
        zs.append(z)
        h = [sigma(v) for v in z]
    return zs, hs


def step(ws, bs, scales, trains, act, xs, ys, eta):
    sigma, slope = SIGMA[act]
    gw = [[[mpf(0)] * len(w[0]) for _ in w] for w in ws]
    gb = [[mpf(0)] * len(w) for w in ws]
    for x, y in zip(xs, ys):
        zs, hs = forward(ws, bs, scales, sigma, x)
        g = [zs[-1][0] - mpf(y)]
        for l in range(len(ws) - 1, -1, -1):
            for r in range(len(ws[l])):
                gb[l][r] += g[r]
                for c in range(len(ws[l][0])):
                    gw[l][r][c] += scales[l] * g[r] * hs[l][c]
            if l:
                q = [scales[l] * sum(ws[l][r][c] * g[r] for r in range(len(g))) for c in range(len(ws[l][0]))]
                g = [slope(z) * v for z, v in zip(zs[l - 1], q)]
    for l in range(len(ws)):
        if trains[l]:
            for r in range(len(ws[l])):
                for c in range(len(ws[l][0])):
                    ws[l][r][c] -= eta * gw[l][r][c]
                if bs:
                    bs[l][r] -= eta * gb[l][r]


def pair(v):
    high = float(v)
    return [high, float(v - mpf(high))]


def case(name, act, sizes, scales, trains, biased, n, eta, loss, at, seed):
    rng = random.Random(seed)
    draw = lambda rows, cols: [[rng.gauss(0, 1) for _ in range(cols)] for _ in range(rows)]
    xs, ys = draw(n, sizes[0]), [rng.gauss(0, 1) for _ in range(n)]
    w0 = [draw(sizes[l + 1], sizes[l]) for l in range(len(sizes) - 1)]
    b0 = [[rng.gauss(0, 0.3) for _ in range(s)] for s in sizes[1:]] if biased else None
    ws = [[[mpf(v) for v in row] for row in w] for w in w0]
    bs = [[mpf(v) for v in b] for b in b0] if biased else None
    exact = [mpf(s) if isinstance(s, float) else s for s in scales]
    factor = mpf(1) if loss == "sum" else mpf(2) / n
    iterates = []
    for k in range(1, max(at) + 1):
        step(ws, bs, exact, trains, act, xs, ys, factor * mpf(eta))
        if k in at:
            iterates.append({"step": k, "W": [[[pair(v) for v in row] for row in w] for w in ws], "b": [[pair(v) for v in b] for b in bs] if biased else None})
    return dict(name=name, activation=act, widths=sizes[1:-1], scales=scales, biases=biased, x=xs, y=ys, W=w0, b=b0, loss=loss, stepSize=eta, iterates=iterates)


print(json.dumps([
    case("tanh, two hidden layers with biases", "tanh", [2, 5, 4, 1], [1.0, 1.0, 1.0], [True] * 3, True, 3, 0.02, "sum", [1, 10, 40], 1),
    case("gelu, mean loss", "gelu", [3, 6, 1], [1.0, 1.0], [True] * 2, False, 3, 0.05, "mean", [1, 10, 40], 2),
    case("relu, hidden layer trained", "relu", [3, 8, 1], [1.0, 1.0], [True, False], False, 2, 0.02, "sum", [1, 10, 100], 3),
], indent=0))
