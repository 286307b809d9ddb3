"""Writes evidence.json: what the certificates measure on small networks, from the exact reals that weights and data hold, by
mpmath at 60 digits. Every value is stored as the two doubles around it. Usage: python3 evidence.py > evidence.json"""
import json, math, random
from mpmath import mp, mpf, matrix, tanh, exp, log, erf, sqrt, ncdf, npdf, pi, eigsy, svd_r

mp.dps = 60
random.seed(11)


def around(v):
    g = float(v)
    while mpf(g) > v:
        g = math.nextafter(g, -math.inf)
    while mpf(math.nextafter(g, math.inf)) <= v:
        g = math.nextafter(g, math.inf)
    return [g, g] if mpf(g) == v else [g, math.nextafter(g, math.inf)]


sig = lambda x: 1 / (1 + exp(-x))
half = mpf(1) / 2
LEAKY = 0.3
activations = {
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2),
    "sigmoid": (lambda x: sig(x) - half, lambda x: sig(x) * (1 - sig(x))),
    "softplus": (lambda x: log((1 + exp(x)) / 2), sig),
    "erf": (erf, lambda x: 2 / sqrt(pi) * exp(-x * x)),
    "gelu": (lambda x: x * ncdf(x), lambda x: ncdf(x) + x * npdf(x)),
    "swish": (lambda x: x * sig(x), lambda x: sig(x) * (1 + x * (1 - sig(x)))),
    "smooth-leaky-relu": (
        lambda x: mpf(LEAKY) * x + (1 - mpf(LEAKY)) * log((1 + exp(x)) / 2),
        lambda x: mpf(LEAKY) + (1 - mpf(LEAKY)) * sig(x),
    ),
    "relu": (lambda x: x if x > 0 else mpf(0), None),
}


def draw(rows, cols, size):
    return [[random.gauss(0, 1) * size for _ in range(cols)] for _ in range(rows)]


def norm(v):
    return sqrt(sum(mpf(x) ** 2 for x in v))


def spectral(rows):
    return max(svd_r(matrix(rows), compute_uv=False))


def case(kind, widths, biases, scales, size, trains):
    n, d = 4, 3
    f, df = activations[kind]
    x, y = draw(n, d, size), draw(n, 1, 1)
    sizes = [d, *widths, 1]
    W = [draw(sizes[i + 1], sizes[i], 1) for i in range(len(sizes) - 1)]
    b = [draw(sizes[i + 1], 1, 1) if biases else None for i in range(len(sizes) - 1)]
    L = len(W)
    h = [[[mpf(v) for v in row] for row in x]]
    z = []
    for l in range(L):
        z.append([[mpf(scales[l]) * sum(mpf(W[l][r][c]) * row[c] for c in range(sizes[l])) + (mpf(b[l][r][0]) if biases else 0)
                   for r in range(sizes[l + 1])] for row in h[l]])
        if l + 1 < L:
            h.append([[f(v) for v in row] for row in z[l]])
    out = {"z": [around(row[0]) for row in z[-1]]}
    e = [z[-1][i][0] - mpf(y[i][0]) for i in range(n)]
    out["residualNorm"] = around(norm(e))
    gram = matrix(n, n)
    for i in range(n):
        for j in range(n):
            gram[i, j] = (mpf(scales[0]) ** 2 * sum(mpf(p) * mpf(q) for p, q in zip(x[i], x[j])) if trains[0][0] else 0) + (1 if trains[0][1] else 0)
    out["gram"] = [[around(gram[i, j]) for j in range(n)] for i in range(n)]
    out["hadamardNorm"] = around(sqrt(max(eigsy(matrix([[gram[i, j] ** 2 for j in range(n)] for i in range(n)]), eigvals_only=True))))
    out["inputNorm"] = around(sqrt(max(mpf(0), max(eigsy(gram, eigvals_only=True)))))
    out["featureBounds"] = [around(norm([h[1][i][r] for i in range(n)])) for r in range(widths[0])]
    out["magnitudes"] = [[around(abs(v)) for v in row] for row in z[0]]
    if df:
        g = [None] * L
        q = [None] * L
        g[L - 1] = [[mpf(1)] for _ in range(n)]
        for l in range(L - 2, -1, -1):
            q[l] = [[mpf(scales[l + 1]) * sum(mpf(W[l + 1][r][c]) * g[l + 1][i][r] for r in range(sizes[l + 2])) for c in range(sizes[l + 1])] for i in range(n)]
            g[l] = [[df(z[l][i][c]) * q[l][i][c] for c in range(sizes[l + 1])] for i in range(n)]
        K = matrix(n, n)
        for i in range(n):
            for j in range(n):
                for l in range(L):
                    gg = sum(p * r for p, r in zip(g[l][i], g[l][j]))
                    hh = sum(p * r for p, r in zip(h[l][i], h[l][j]))
                    K[i, j] += (mpf(scales[l]) ** 2 * hh * gg if trains[l][0] else 0) + (gg if trains[l][1] else 0)
        values = eigsy(K, eigvals_only=True)
        out["lambdaMin"], out["lambdaMax"] = around(min(values)), around(max(values))
        out["layers"] = [{
            "weightNorm": around(spectral(W[l])) if l else [0, 0],
            "inputBounds": [around(norm(row)) for row in h[l]],
            "gradientBounds": [around(norm(row)) for row in g[l]],
            **({"backpropagatedBounds": [around(max(abs(v) for v in row)) for row in q[l]]} if l + 1 < L else {}),
            "stackedInputNorm": around(spectral(h[l])),
            "stackedGradientNorm": around(spectral(g[l])),
        } for l in range(L)]
    return {"activation": {"kind": kind, "slope": LEAKY} if kind == "smooth-leaky-relu" else kind, "widths": widths, "biases": biases,
            "scales": scales, "trains": trains, "x": x, "y": [v[0] for v in y], "W": W, "b": b, "exact": out}


cases = []
for kind in activations:
    if kind == "relu":
        for size in (1, 1e-3):
            cases.append(case(kind, [6], False, [1.0, 1 / math.sqrt(6)], size, [[True, False], [False, False]]))
            cases.append(case(kind, [6], True, [1.0, 0.7], size, [[True, True], [False, False]]))
        continue
    cases.append(case(kind, [6], False, [1.0, math.sqrt(2.5 / 6)], 1, [[True, False], [True, False]]))
    cases.append(case(kind, [5, 4], True, [1.0, 0.6, 0.4], 2, [[True, True], [True, False], [False, True]]))
print(json.dumps(cases, indent=None, separators=(",", ":")).replace('},{"activation"', '},\n{"activation"'))
