"""Golden kernels by NumPy in float64, from the definitions and with explicit Jacobians.

    python3 make-kernels-numpy.py > kernels-numpy.json        (made with NumPy 2.4.6)
"""
import json, sys
import numpy as np

rng = np.random.default_rng(7)
n, d, m = 12, 9, 64
x = rng.standard_normal((n, d))
w = rng.standard_normal((m, d))
a = rng.standard_normal(m)
gram = x @ x.T

# H^inf_ij = (x_i.x_j)(pi - theta)/(2 pi); on the diagonal theta = 0, which arccos would only give to 1e-8
norms = np.linalg.norm(x, axis=1)
theta = np.arccos(np.clip(gram / np.outer(norms, norms), -1, 1))
np.fill_diagonal(theta, 0)
h_infinity = gram * (np.pi - theta) / (2 * np.pi)

# two-layer ReLU, f = sum a_r max(w_r.x, 0)/sqrt(m), first layer trained: the Jacobian's rows, n x (m d)
on = (x @ w.T >= 0).astype(float)
jacobian = ((on * a)[:, :, None] * x[:, None, :]).reshape(n, -1) / np.sqrt(m)
relu = jacobian @ jacobian.T

# tanh with ntk scaling, both layers trained, f = s a.tanh(W x)
s = np.sqrt(2.5361754332174535 / m)
hidden = np.tanh(x @ w.T)
inner = ((1 - hidden**2) * a)[:, :, None] * x[:, None, :] * s
full = np.concatenate([inner.reshape(n, -1), s * hidden], axis=1)
tanh = full @ full.T

flat = lambda t: np.asarray(t).reshape(-1).tolist()
json.dump({"n": n, "d": d, "m": m, "x": flat(x), "w": flat(w), "a": flat(a),
           "hInfinity": flat(h_infinity), "relu": flat(relu), "tanh": flat(tanh)}, sys.stdout)
