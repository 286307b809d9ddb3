"""Writes h-infinity-proved.json: for small data sets (exact doubles) λ_min and λ_max of H^∞ and its entries, each as the two doubles around
it, by mpmath at 60 digits. Usage: python3 h-infinity-proved.py > h-infinity-proved.json"""
import json, math, random
from mpmath import mp, mpf, acos, pi, sqrt, matrix, eigsy

mp.dps = 60
random.seed(3)


def around(v):
    g = float(v)
    while mpf(g) > v:
        g = math.nextafter(g, -math.inf)
    while mpf(math.nextafter(g, math.inf)) <= v:
        g = math.nextafter(g, math.inf)
    return [g, g] if mpf(g) == v else [g, math.nextafter(g, math.inf)]


def case(name, rows):
    n = len(rows)
    dot = lambda a, b: sum(mpf(p) * mpf(q) for p, q in zip(a, b))
    H = matrix(n, n)
    for i in range(n):
        for j in range(n):
            g = dot(rows[i], rows[j])
            c = g / sqrt(dot(rows[i], rows[i]) * dot(rows[j], rows[j]))
            theta = mpf(0) if i == j else acos(max(mpf(-1), min(mpf(1), c)))
            H[i, j] = g * (pi - theta) / (2 * pi)
    e = eigsy(H, eigvals_only=True)
    return {"name": name, "x": rows, "entries": [[around(H[i, j]) for j in range(n)] for i in range(n)],
            "least": around(min(e)), "greatest": around(max(e))}


g = lambda n, d, s=1: [[random.gauss(0, 1) * s for _ in range(d)] for _ in range(n)]
cases = [case("gaussian", g(6, 4)), case("of many sizes", [[v * 10 ** (3 * i - 6) for v in row] for i, row in enumerate(g(5, 3))]),
         case("orthonormal", [[1.0, 0.0], [0.0, 1.0]])]
for k in (3, 7, 12):
    base = g(1, 3)[0]
    near = [v * (1 + 10.0 ** -k * random.uniform(-1, 1)) for v in base]
    cases.append(case(f"nearly parallel, 1e-{k}", [base, near, [-v for v in near], g(1, 3)[0]]))
cases.append(case("equal rows", [[0.3, 0.4], [0.3, 0.4]]))
cases.append(case("high dimension", g(4, 300, 0.1)))
print(json.dumps(cases, separators=(",", ":")).replace('},{"name"', '},\n{"name"'))
