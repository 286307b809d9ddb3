"""One contestant in a process of its own, as ours.mjs: NumPy or SciPy on the same input files, one line of JSON out."""
import json
import sys
import time

import numpy as np

job = json.loads(sys.argv[1])
task, params, files = job["task"], job["params"], job["files"]
n = params["n"]


def square(name):
    return np.fromfile(files[name], dtype="<f8").reshape(n, n)


def gemm():
    a, b = square("a"), square("b")
    out = np.empty((n, n))
    return lambda: np.matmul(a, b, out=out), lambda c: [c[0, 1], c[n - 1, n - 2]]


def cholesky():
    a = square("spd")
    return lambda: np.linalg.cholesky(a), lambda c: [c[1, 0], c[n - 1, n - 1]]


def eigenvalues():
    a = square("symmetric")
    if job["backend"] == "scipy":
        import scipy.linalg

        solve = lambda: scipy.linalg.eigvalsh(a)
    else:
        solve = lambda: np.linalg.eigvalsh(a)
    return solve, lambda w: [w[0], w[-1]]


def lambda_min():
    a = square("kernel")
    return lambda: np.linalg.eigvalsh(a), lambda w: [w[0]]


def mask_counts():
    m = params["m"]
    words = np.fromfile(files["words"], dtype="u1").reshape(n, m // 8)
    bits = np.ascontiguousarray(np.unpackbits(words, axis=1, bitorder="little").T.astype(np.float32))  # m × n
    return lambda: bits.T @ bits, lambda c: [float(c[0, 1]), float(c[0, 0]), float(c[n - 1, n - 2])]


def arc_cosine():
    gram = square("gram")
    squared = np.diag(gram).copy()

    def kernel():
        norms = np.sqrt(np.outer(squared, squared))
        c = np.clip(gram / norms, -1, 1)
        return norms * (np.sqrt(1 - c * c) + (np.pi - np.arccos(c)) * c) / (2 * np.pi)

    return kernel, lambda k: [k[0, 1], k[n - 1, n - 2]]


def elementwise():
    x = np.fromfile(files["x"], dtype="<f8")
    out = np.empty(n)
    f = {"exp": np.exp, "tanh": np.tanh}[params["f"]]
    return lambda: f(x, out=out), lambda y: [y[0], y[n - 1]]


TASKS = {
    "elementwise": elementwise,
    "gemm": gemm,
    "cholesky": cholesky,
    "eigenvalues": eigenvalues,
    "lambdaMin": lambda_min,
    "maskCounts": mask_counts,
    "arcCosine": arc_cosine,
}
call, check = TASKS[task]()
began = time.perf_counter()
result = call()
if time.perf_counter() - began < job["seconds"] / 4:
    result = call()
times = []
while len(times) < job["repeats"] and (not times or time.perf_counter() - began < job["seconds"]):
    start = time.perf_counter()
    result = call()
    times.append(time.perf_counter() - start)
blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
detail = f"NumPy {np.__version__}, {blas['name']} {blas['version']}"
if job["backend"] == "scipy":
    import scipy

    detail += f", SciPy {scipy.__version__}"
print(json.dumps({"times": times, "check": [float(x) for x in check(result)], "detail": detail}))
