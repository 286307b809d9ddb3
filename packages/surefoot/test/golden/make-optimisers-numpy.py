"""Golden values of the optimisers on f(θ) = ½θᵀAθ − bᵀθ + ¼Σθ⁴ by the formulas of PyTorch's documentation (torch.optim), in NumPy.

python3 make-optimisers-numpy.py > optimisers-numpy.json
"""
import json
import numpy as np

A = np.array([[2.0, 0.3, -0.1], [0.3, 1.0, 0.2], [-0.1, 0.2, 0.5]])
b = np.array([1.0, -2.0, 0.5])
start = np.array([0.7, -0.4, 1.1])
gradient = lambda t: A @ t - b + t**3
STEPS = 12


def sgd(lr, momentum=0.0, nesterov=False):
    t, buf = start.copy(), None
    for _ in range(STEPS):
        g = gradient(t)
        if momentum:
            buf = g.copy() if buf is None else momentum * buf + g
            g = g + momentum * buf if nesterov else buf
        t = t - lr * g
        yield t


def rmsprop(lr, alpha=0.99, eps=1e-8):
    t, v = start.copy(), np.zeros(3)
    for _ in range(STEPS):
        g = gradient(t)
        v = alpha * v + (1 - alpha) * g**2
        t = t - lr * g / (np.sqrt(v) + eps)
        yield t


def adam(lr, beta1=0.9, beta2=0.999, eps=1e-8):
    t, m, v = start.copy(), np.zeros(3), np.zeros(3)
    for k in range(1, STEPS + 1):
        g = gradient(t)
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * g**2
        t = t - lr * (m / (1 - beta1**k)) / (np.sqrt(v / (1 - beta2**k)) + eps)
        yield t


CASES = [
    ({"kind": "gradient-descent"}, 0.05, sgd(0.05)),
    ({"kind": "momentum", "momentum": 0.9}, 0.03, sgd(0.03, 0.9)),
    ({"kind": "nesterov", "momentum": 0.8}, 0.03, sgd(0.03, 0.8, True)),
    ({"kind": "rmsprop", "decay": 0.9}, 0.01, rmsprop(0.01, 0.9)),
    ({"kind": "rmsprop"}, 0.01, rmsprop(0.01)),
    ({"kind": "adam"}, 0.02, adam(0.02)),
    ({"kind": "adam", "beta1": 0.8, "beta2": 0.95, "epsilon": 1e-3}, 0.02, adam(0.02, 0.8, 0.95, 1e-3)),
]
print(
    json.dumps(
        {
            "matrix": A.tolist(),
            "vector": b.tolist(),
            "start": start.tolist(),
            "cases": [{"spec": s, "stepSize": lr, "path": [t.tolist() for t in path]} for s, lr, path in CASES],
        },
        indent=1,
    )
)
