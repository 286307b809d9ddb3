"""Clopper-Pearson intervals (SciPy's beta quantiles) and logarithms of normal tails (mpmath) for chances.json. Run: python3 make-chances.py"""
import json
from pathlib import Path

from mpmath import erfc, log, mp, mpf, sqrt
from scipy.stats import beta

mp.dps = 60


def interval(k, n, confidence):
    tail = (1 - confidence) / 2
    lower = 0.0 if k == 0 else float(beta.ppf(tail, k, n - k + 1))
    upper = 1.0 if k == n else float(beta.ppf(1 - tail, k + 1, n - k))
    return {"successes": k, "trials": n, "confidence": confidence, "lower": lower, "upper": upper}


def tail(x):
    return erfc(mpf(x) / sqrt(mpf(2))) / 2


cases = [(0, 1), (1, 1), (0, 20), (20, 20), (1, 20), (10, 20), (19, 20), (3, 200), (197, 200), (500, 1000), (1, 5000)]
intervals = [interval(k, n, c) for k, n in cases for c in (0.9, 0.95, 0.99)]
points = [1e-6, 1e-3, 0.1, 0.4999, 0.5, 1.0, 2.5, 5.0, 12.0, 29.9, 30.0, 31.0, 38.5, 60.0, 400.0]
boxed = [{"t": t, "log": float(log(tail(t) - tail(2 * mpf(t))))} for t in points]
tails = [{"x": x, "log": float(log(tail(x)))} for x in [0.0, 0.3, 1.0, 4.0, 29.999, 30.0, 37.0, 39.0, 100.0, 1e4]]

out = Path(__file__).with_name("chances.json")
out.write_text(json.dumps({"intervals": intervals, "boxed": boxed, "tails": tails}, indent=1) + "\n")
