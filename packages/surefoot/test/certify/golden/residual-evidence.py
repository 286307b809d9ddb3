"""Writes residual-evidence.json: what S1 measures on small residual and convolutional residual networks, from the exact reals that weights,
gains and data hold, by mpmath at 50 digits; every value as the two doubles around it. Usage: python3 residual-evidence.py > residual-evidence.json"""
import json, math, random
from mpmath import mp, mpf, matrix, tanh, exp, sqrt, ncdf, npdf, eigsy

mp.dps = 50
random.seed(5)


def around(v):
    g = float(v)
    while mpf(g) > v:
        g = math.nextafter(g, -math.inf)
    while mpf(math.nextafter(g, math.inf)) <= v:
        g = math.nextafter(g, math.inf)
    return [g, g] if mpf(g) == v else [g, math.nextafter(g, math.inf)]


sig = lambda x: 1 / (1 + exp(-x))
SIGMA = {
    "tanh": (tanh, lambda x: 1 - tanh(x) ** 2),
    "gelu": (lambda x: x * ncdf(x), lambda x: ncdf(x) + x * npdf(x)),
    "swish": (lambda x: x * sig(x), lambda x: sig(x) * (1 + x * (1 - sig(x)))),
}


def draw(rows, cols, size=1.0):
    return [[random.gauss(0, 1) * size for _ in range(cols)] for _ in range(rows)]


def patches(h, q):
    """h: pixels × channels. Column block o of row l holds pixel l − (q−1)//2 + o."""
    p, c = len(h), len(h[0])
    zero = [mpf(0)] * c
    at = lambda l: h[l] if 0 <= l < p else zero
    return [sum((list(at(l - (q - 1) // 2 + o)) for o in range(q)), []) for l in range(p)]


def unpatch(g, q, c):
    p = len(g)
    out = [[mpf(0)] * c for _ in range(p)]
    for l in range(p):
        for o in range(q):
            t = l - (q - 1) // 2 + o
            if 0 <= t < p:
                for k in range(c):
                    out[t][k] += g[l][o * c + k]
    return out


times = lambda a, w: [[sum(x * mpf(y) for x, y in zip(row, r)) for r in w] for row in a]  # a wᵀ
norm = lambda rows: sqrt(sum(x * x for row in rows for x in row))


def spectral(rows):
    k = len(rows[0])
    g = matrix(k, k)
    for i in range(k):
        for j in range(k):
            g[i, j] = sum(row[i] * row[j] for row in rows)
    return sqrt(max(eigsy(g, eigvals_only=True)))


def extremes(k):
    n = len(k)
    e = eigsy(matrix(k), eigvals_only=True)
    return min(e), max(e)


def case(name, depth, inputs, pixels, q, m, n, conv, frozen=()):
    value, slope = SIGMA[name]
    channels = inputs // pixels
    w = [draw(m, q * (channels if h == 0 else m)) for h in range(depth)]
    a = draw(1, pixels * m)
    gains = [math.sqrt(1.9 / m)] + [0.8 / (depth * math.sqrt(m))] * (depth - 1)
    x = draw(n, inputs, 0.6)
    y = [random.gauss(0, 1) for _ in range(n)]
    ins, gs, qs, u = [[] for _ in range(depth + 1)], [[] for _ in range(depth + 1)], [[] for _ in range(depth)], []
    for row in x:
        h = [[mpf(row[c * pixels + l]) for c in range(channels)] for l in range(pixels)]
        z = []
        for k in range(depth):
            ph = patches(h, q)
            ins[k].append(ph)
            z.append(times(ph, w[k]))
            t = mpf(gains[k])
            h = [[(h[l][r] if k > 0 else 0) + t * value(z[k][l][r]) for r in range(m)] for l in range(pixels)]
        flat = [v for r in h for v in r]
        ins[depth].append([flat])
        u.append(sum(v * mpf(b) for v, b in zip(flat, a[0])))
        gs[depth].append([[mpf(1)]])
        d = [[mpf(a[0][l * m + r]) for r in range(m)] for l in range(pixels)]
        for k in range(depth - 1, -1, -1):
            qs[k].append(d)
            g = [[mpf(gains[k]) * slope(z[k][l][r]) * d[l][r] for r in range(m)] for l in range(pixels)]
            gs[k].append(g)
            if k > 0:
                back = unpatch(times(g, [list(c) for c in zip(*w[k])]), q, m)
                d = [[d[l][r] + back[l][r] for r in range(m)] for l in range(pixels)]
    trains = [f"W{k + 1}" not in frozen for k in range(depth + 1)]
    dot = lambda p, r: sum(s * t for s, t in zip(p, r))
    K = [[sum(sum(dot(ins[k][i][l], ins[k][j][r]) * dot(gs[k][i][l], gs[k][j][r]) for l in range(len(gs[k][i])) for r in range(len(gs[k][j])))
              for k in range(depth + 1) if trains[k]) for j in range(n)] for i in range(n)]
    S = [[sum(dot(ins[0][i][l], ins[0][j][r]) ** 2 for l in range(pixels) for r in range(pixels)) for j in range(n)] for i in range(n)]
    low, high = extremes(K)
    stack = lambda blocks: [row for block in blocks for row in block]
    exact_w = lambda k: [[mpf(v) for v in row] for row in (w[k] if k < depth else a)]
    layers = []
    for k in range(depth + 1):
        layer = {
            "inputBounds": [around(norm(b)) for b in ins[k]], "gradientBounds": [around(norm(b)) for b in gs[k]],
            "stackedInputNorm": around(spectral(stack(ins[k]))), "stackedGradientNorm": around(spectral(stack(gs[k]))),
            "weightNorm": around(spectral(exact_w(k)) if k > 0 else mpf(0)),
        }
        if k < depth:
            layer["backpropagatedBounds"] = [around(max(abs(v) for row in b for v in row)) for b in qs[k]]
        layers.append(layer)
    return {
        "kind": "convolutional-residual" if conv else "residual", "activation": name, "depth": depth, "inputs": inputs, "pixels": pixels,
        "filter": q, "width": m, "frozen": list(frozen), "gains": gains, "x": x, "y": y, "W": w + [a],
        "exact": {"residualNorm": around(sqrt(sum((s - mpf(t)) ** 2 for s, t in zip(u, y)))), "lambdaMin": around(low), "lambdaMax": around(high),
                  "hadamardNorm": around(sqrt(extremes(S)[1])), "layers": layers},
    }


print(json.dumps([
    case("tanh", 3, 4, 1, 1, 5, 4, False),
    case("swish", 2, 4, 1, 1, 4, 4, False, ("W1",)),
    case("gelu", 2, 6, 3, 2, 4, 4, True),
    case("tanh", 3, 4, 4, 3, 3, 4, True, ("W4",)),
], separators=(",", ":")))
