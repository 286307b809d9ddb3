"""Instances at the threshold of theorem S3, judged at 50 digits: thresholds-s3.json.

f(x) = sum_r a_r tanh(w_r . x), all trained, W = 0, every a_r at least A > 0: u = 0, e0 = -y. With a step size of its own choice S3 holds iff
|y| < integral over [0, A] of mu, mu(r) = sqrt(lambda_min(X X^T)) sqrt(m) A sech^2(r max|x|) (1 - r/(A sqrt(m))).
Labels are placed so that the margin integral/|y| is about 1 + offset; then it is computed again from the doubles as they are.

`excess` is the exact margin minus 1. Needs mpmath. Usage: python3 thresholds-s3.py > thresholds-s3.json
"""

import json
import random

import mpmath as mp

mp.mp.dps = 50
rng = random.Random(11)


def reach(x, a):
    xs = [[mp.mpf(t) for t in row] for row in x]
    n, m, least = len(x), len(a), mp.mpf(min(a))
    gram = mp.matrix(n, n)
    for i in range(n):
        for j in range(n):
            gram[i, j] = mp.fdot(xs[i], xs[j])
    bottom = min(mp.eigsy(gram, eigvals_only=True))
    longest = mp.sqrt(max(gram[i, i] for i in range(n)))
    mu = lambda r: mp.sqrt(bottom * m) * least * mp.sech(r * longest) ** 2 * (1 - r / (least * mp.sqrt(m)))
    return mp.quad(mu, mp.linspace(0, least, 9))


out = []
for offset in [0.3, 0.1, 0.03, 0.02, 1e-2, 1e-3, 1e-5, 1e-8, 1e-11, 1e-14]:
    for sign in (1, -1):
        for _ in range(2):
            n, d, m = rng.choice([(2, 3, 3), (3, 5, 4), (4, 6, 2)])
            x = [[rng.gauss(0.0, 0.5) for _ in range(d)] for _ in range(n)]
            scale = rng.choice([0.5, 2.0, 20.0])
            a = [scale * (1 + rng.random()) for _ in range(m)]
            y = [rng.gauss(0.0, 1.0) for _ in range(n)]
            whole = reach(x, a)
            norm = lambda v: mp.sqrt(mp.fsum(mp.mpf(t) ** 2 for t in v))
            factor = whole / (norm(y) * (1 + mp.mpf(sign * offset)))
            y = [float(factor * t) for t in y]
            out.append({"x": x, "a": a, "y": y, "excess": mp.nstr(whole / norm(y) - 1, 20)})
print(json.dumps(out))
