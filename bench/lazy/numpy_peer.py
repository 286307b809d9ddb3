"""The peer of bench/lazy: direct gradient descent of the first layer in NumPy, float64, buffers reused; a few steps, timed one by one."""
import json, sys, time
import numpy as np

folder, job = sys.argv[1], json.loads(sys.argv[2])
n, d, m, eta = job["n"], job["inputs"], job["directWidth"], job["stepSize"]
X = np.fromfile(f"{folder}/x.bin").reshape(n, d)
y = np.fromfile(f"{folder}/y.bin")
W = np.fromfile(f"{folder}/w.bin").reshape(m, d)
a = np.fromfile(f"{folder}/a.bin")
root = np.sqrt(m)
Z = np.empty((m, n))
G = np.empty((m, d))

def forward():
    np.matmul(W, X.T, out=Z)
    return a @ np.maximum(Z, 0.0) / root - y

e = forward()
losses, seconds = [0.5 * float(e @ e)], []
for _ in range(job["directSteps"]):
    start = time.perf_counter()
    np.greater_equal(Z, 0.0, out=Z)
    Z *= (eta / root) * a[:, None]
    Z *= e[None, :]
    np.matmul(Z, X, out=G)
    np.subtract(W, G, out=W)
    e = forward()
    seconds.append(time.perf_counter() - start)
    losses.append(0.5 * float(e @ e))
print(json.dumps({"seconds": seconds, "losses": losses, "detail": f"NumPy {np.__version__}"}))
