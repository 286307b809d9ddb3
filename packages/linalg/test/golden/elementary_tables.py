"""Computes the constants of src/elementary.ts and writes src/elementary-tables.ts and assembly/elementary-tables.ts.

Run from packages/linalg: python3 test/golden/elementary_tables.py      (needs mpmath)

Polynomials are Chebyshev interpolants (mpmath.chebyfit, within a small factor of the best approximation); the script fails
if one misses the accuracy it is used for.
"""

import pathlib

from mpmath import asin, atan, atanh, chebyfit, cos, erf, erfc, exp, expm1, floor, log, mp, mpf, pi, sin, sqrt

mp.dps = 60
TINY = mpf(10) ** -18


def fit(f, low, high, terms, accuracy):
    coefficients, error = chebyfit(f, [low, high], terms, error=True)
    assert error < accuracy, (f.__name__, error)
    return [float(c) for c in reversed(coefficients)]


def leading_bits(x, bits):
    """x rounded towards zero to so many bits, and the rest."""
    shift = mpf(2) ** (bits - 1 - int(floor(log(x, 2))))
    high = floor(x * shift) / shift
    return float(high), float(x - high)


def exp_rest(r):
    return (expm1(r) - r) / r**2 if abs(r) > TINY else mpf(1) / 2


def log_rest(z):
    if z < TINY:
        return mpf(2) / 3 + 2 * z / 5
    s = sqrt(z)
    return (2 * atanh(s) - 2 * s) / (s * z)


def atan_rest(z):
    if z < TINY:
        return mpf(1) / 3 - z / 5
    t = sqrt(z)
    return (t - atan(t)) / (t * z)


def asin_rest(z):
    if z < TINY:
        return mpf(1) / 6 + 3 * z / 40
    x = sqrt(z)
    return (asin(x) - x) / (x * z)


def erf_quotient(z):
    return erf(sqrt(z)) / sqrt(z) if z > TINY else 2 / sqrt(pi) * (1 - z / 3)


def sine_quotient(z):
    return sin(sqrt(z)) / sqrt(z) if z > TINY else 1 - z / 6


def cosine_root(z):
    return cos(sqrt(z))


TAIL_CENTRE = mpf(5)
TAIL_END = mpf(40)


def tail(w):
    t = TAIL_CENTRE * (1 + w) / (1 - w)
    return erfc(t / sqrt(mpf(2))) * exp(t * t / 2) / 2 * (t + TAIL_CENTRE)


STEPS = 128
step = log(mpf(2)) / STEPS
quarter = (pi / 4) ** 2
exp_table = []
for j in range(STEPS):
    exact = mpf(2) ** (mpf(j) / STEPS)
    exp_table += [float(exact), float(exact - mpf(float(exact)))]

# n·EXP_STEP_HI is exact for |n| < 2^18, k·LN2_HI for |k| < 2^21.
step_hi, step_lo = leading_bits(step, 35)
ln2_hi, ln2_lo = leading_bits(log(mpf(2)), 32)
scalars = {
    "EXP_STEPS_PER_UNIT": float(1 / step),
    "EXP_STEP_HI": step_hi,
    "EXP_STEP_LO": step_lo,
    "LN2_HI": ln2_hi,
    "LN2_LO": ln2_lo,
    "HALF_PI_HI": float(pi / 2),
    "HALF_PI_LO": float(pi / 2 - mpf(float(pi / 2))),
    "TAIL_CENTRE": float(TAIL_CENTRE),
}
tables = {
    "EXP_TABLE": ("2^(j/128) as a double and what it lacks, j = 0 … 127", exp_table),
    "EXP_POLY": ("(eʳ − 1 − r)/r² for |r| ≤ ln 2/256", fit(exp_rest, -step * 0.51, step * 0.51, 4, 1.1e-14)),
    "LOG_POLY": ("(2 artanh s − 2s)/s³ in s², s ≤ (√2 − 1)/(√2 + 1)", fit(log_rest, 0, (3 - 2 * sqrt(mpf(2))) ** 2, 7, 1e-15)),
    "ATAN_POLY": ("(t − arctan t)/t³ in t², t ≤ 1", fit(atan_rest, 0, 1, 21, 1e-17)),
    "ASIN_POLY": ("(arcsin x − x)/x³ in x², x ≤ ½", fit(asin_rest, 0, mpf(1) / 4, 12, 3e-16)),
    "ERF_POLY": ("erf(x)/x in x², x ≤ 1", fit(erf_quotient, 0, 1, 12, 1e-17)),
    "TAIL_POLY": (
        "exp(t²/2)·Φ(−t)·(t + 5) in (t − 5)/(t + 5), t ≤ 40",
        fit(tail, -1, (TAIL_END - TAIL_CENTRE) / (TAIL_END + TAIL_CENTRE), 23, 1e-17),
    ),
    "SINE_POLY": ("sin(x)/x in x², x ≤ π/4", fit(sine_quotient, 0, quarter, 7, 1e-17)),
    "COSINE_POLY": ("cos x in x², x ≤ π/4", fit(cosine_root, 0, quarter, 8, 1e-18)),
}

HEADER = "/** Written by test/golden/elementary_tables.py. Polynomials: lowest power first. */\n"


def literal(x):
    return repr(x).removesuffix(".0").replace("e-0", "e-")


def lines(values):
    return "".join(f"  {literal(v)},\n" for v in values)


def scalar_lines(opening, closing):
    return "".join(f"export const {name}{opening}{literal(value)}{closing};\n" for name, value in scalars.items())


def table_lines(opening, closing):
    return "".join(f"\n/** {doc}. */\nexport const {name}{opening}\n{lines(v)}{closing};\n" for name, (doc, v) in tables.items())


root = pathlib.Path(__file__).resolve().parents[2]
source = HEADER + scalar_lines(" = ", "") + table_lines(" = Float64Array.of(", ")")
(root / "src/elementary-tables.ts").write_text(source.replace(literal(float(sqrt(mpf(2)))), "Math.SQRT2"))
data = ": usize = memory.data<f64>(["
(root / "assembly/elementary-tables.ts").write_text(HEADER + scalar_lines(data, "], 8)") + table_lines(data, "], 16)"))
