"""The peer of bench/training: the same steps of gradient descent in NumPy, float64, buffers reused as a careful user would."""
import json, sys, time
import numpy as np

job = json.loads(sys.argv[1])
folder = job["folder"]
x = np.load(f"{folder}/x.npy")
n = x.shape[0]
y = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
scales = job["scales"]
W = [np.load(f"{folder}/W{l + 1}.npy") for l in range(len(scales))]
last = len(W) - 1
relu = job["activation"] == "relu"

h = [x] + [np.empty((n, w.shape[0])) for w in W[:-1]]
g = [np.empty((n, w.shape[0])) for w in W]
G = [np.empty_like(w) for w in W]
slope = [np.empty((n, w.shape[0])) for w in W[:-1]]

def forward():
    for l in range(last):
        z = h[l + 1]
        np.matmul(h[l], W[l].T, out=z)
        if scales[l] != 1.0:
            z *= scales[l]
        if relu:
            np.maximum(z, 0.0, out=z)
        else:
            np.tanh(z, out=z)
    return (h[last] @ W[last].T * scales[last])[:, 0]

def step(u, eta):
    g[last][:, 0] = u - y
    for l in range(last - 1, -1, -1):
        if l + 1 == last:
            np.multiply(g[last], W[last] * scales[last], out=g[l])
        else:
            np.matmul(g[l + 1], W[l + 1], out=g[l])
            g[l] *= scales[l + 1]
        if relu:
            np.greater(h[l + 1], 0.0, out=slope[l])
        else:
            np.multiply(h[l + 1], h[l + 1], out=slope[l])
            np.subtract(1.0, slope[l], out=slope[l])
        g[l] *= slope[l]
    for l in range(len(W)):
        np.matmul(g[l].T, h[l], out=G[l])
        G[l] *= eta * scales[l]
        W[l] -= G[l]
    return forward()

u = forward()
for _ in range(job["warmup"]):
    u = step(u, job["stepSize"])
seconds = []
for _ in range(job["steps"]):
    start = time.perf_counter()
    u = step(u, job["stepSize"])
    seconds.append(time.perf_counter() - start)
print(json.dumps({"seconds": seconds, "loss": 0.5 * float(np.sum((u - y) ** 2)), "detail": f"NumPy {np.__version__}"}))
