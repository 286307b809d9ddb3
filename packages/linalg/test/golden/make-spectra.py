"""Golden spectra for the conformance suite: LAPACK (scipy.linalg.eigvalsh, driver "ev") next to 40-digit mpmath values.

    python3 make-spectra.py > spectra.json

Matrices are stored entry by entry (shortest round-trip decimals), so that the test needs no formula of its own.
"""
import json
import sys

import mpmath
import numpy as np
import scipy
import scipy.linalg

mpmath.mp.dps = 40


def hilbert(n):
    return [[1.0 / (i + j + 1) for j in range(n)] for i in range(n)]


def wilkinson(n):
    m = (n - 1) // 2
    a = np.diag(np.abs(np.arange(-m, m + 1)).astype(float)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)
    return a.tolist()


def second_difference(n):
    a = 2 * np.eye(n) - np.diag(np.ones(n - 1), 1) - np.diag(np.ones(n - 1), -1)
    return a.tolist()


def repeated(n):
    """Identity plus a rank-one matrix: n − 1 equal eigenvalues."""
    return (np.eye(n) + np.ones((n, n))).tolist()


def graded(n):
    rng = np.random.default_rng(7)
    g = rng.standard_normal((n, n))
    s = 10.0 ** -np.arange(n)
    a = (g @ g.T) * np.outer(s, s)
    return ((a + a.T) / 2).tolist()


def indefinite(n):
    rng = np.random.default_rng(11)
    g = rng.standard_normal((n, n))
    return (g + g.T).tolist()


def arc_cosine_kernel(n, d):
    """E[1{u >= 0} 1{v >= 0}]<x, x'> of unit data in d dimensions: clustered at the bottom when d is small."""
    rng = np.random.default_rng(13)
    x = rng.standard_normal((n, d))
    x /= np.linalg.norm(x, axis=1, keepdims=True)
    c = np.clip(x @ x.T, -1, 1)
    k = c * (np.pi - np.arccos(c)) / (2 * np.pi)
    np.fill_diagonal(k, 0.5)
    return ((k + k.T) / 2).tolist()


MATRICES = {
    "Hilbert, order 8": hilbert(8),
    "Wilkinson W21+ (pairs that agree to 14 digits)": wilkinson(21),
    "second difference, order 30": second_difference(30),
    "repeated eigenvalue, order 12": repeated(12),
    "graded over 16 decades, order 9": graded(9),
    "random indefinite, order 25": indefinite(25),
    "arc-cosine kernel, 24 points in 3 dimensions": arc_cosine_kernel(24, 3),
}

out = {
    "made_with": {"numpy": np.__version__, "scipy": scipy.__version__, "mpmath": mpmath.__version__},
    "spectra": [],
}
for name, a in MATRICES.items():
    exact = sorted(mpmath.eigsy(mpmath.matrix(a), eigvals_only=True))
    out["spectra"].append(
        {
            "name": name,
            "order": len(a),
            "entries": [x for row in a for x in row],
            "lapack": scipy.linalg.eigvalsh(np.array(a), driver="ev").tolist(),
            "exact": [float(x) for x in exact],
        }
    )
json.dump(out, sys.stdout)
