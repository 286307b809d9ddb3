"""The peers of bench/proof: one Cholesky factorisation (SciPy) and all eigenvalues (NumPy) of the same matrix."""
import json, sys, time
import numpy as np, scipy.linalg

job = json.loads(sys.argv[1])
a = np.fromfile(job["file"], dtype=np.float64).reshape(job["n"], job["n"])
work = {"cholesky": lambda: scipy.linalg.cholesky(a, lower=True, check_finite=False), "eigvalsh": lambda: np.linalg.eigvalsh(a)}[job["task"]]
work()
seconds = []
for _ in range(job["repeats"]):
    start = time.perf_counter()
    result = work()
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "result": float(result.flat[0]), "detail": f"NumPy {np.__version__}"}))
