"""Golden tangent kernels of finite residual networks by JAX's reverse mode in float64, per tensor: the sum over JJ^T; and gradients of
c·u for a fixed vector c, per tensor.

    python3 make-residual-jax.py > residual-jax.json        (made with jax 0.4.25)

Weights and inputs are closed expressions of their indices, as in make-network-jax.py.
"""
import json
import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

SIGMA = {"tanh": jnp.tanh, "swish": jax.nn.swish, "gelu": lambda x: jax.nn.gelu(x, approximate=False)}
C = {"tanh": 2.5361754332174535, "swish": 2.810761124074471, "gelu": 2.351715614073373}


def tensor(rows, cols, salt):
    i = np.arange(rows)[:, None]
    j = np.arange(cols)[None, :]
    return np.sin(1.0 + 0.7 * i + 1.3 * j + 2.1 * salt) * 1.5


def patches(h, q):
    """h: pixels × channels. Column block o holds pixel l − (q−1)//2 + o."""
    left = (q - 1) // 2
    padded = jnp.pad(h, ((left, q - 1 - left), (0, 0)))
    return jnp.concatenate([padded[o : o + h.shape[0]] for o in range(q)], axis=1)


def output(params, row, name, pixels, q, c_res):
    *ws, a = params
    m, depth = a.shape[1], len(ws)
    h = row.reshape(-1, pixels).T
    for k, w in enumerate(ws):
        z = patches(h, q) @ w.T
        if k == 0:
            h = jnp.sqrt(C[name] / m) * SIGMA[name](z)
        else:
            h = h + c_res / (depth * jnp.sqrt(m)) * SIGMA[name](z)
    return jnp.sum(a * h)


cases = []
for name, depth, inputs, pixels, q in [
    ("tanh", 1, 4, 1, 1), ("swish", 3, 4, 1, 1), ("gelu", 2, 6, 3, 3), ("tanh", 3, 8, 4, 2), ("swish", 2, 5, 5, 3), ("gelu", 3, 6, 2, 5),
]:
    n, m, c_res = 4, 5, 0.6
    params = [tensor(m, q * (inputs // pixels if h == 0 else m), h + 1) for h in range(depth)] + [tensor(pixels, m, depth + 1)]
    x = tensor(n, inputs, 7)
    f = lambda p, row: output(p, row, name, pixels, q, c_res)
    jac = [jax.grad(f)(params, row) for row in x]
    kernels = [[[float(jnp.sum(u[t] * v[t])) for v in jac] for u in jac] for t in range(len(params))]
    c = jnp.cos(1.0 + 2.0 * np.arange(n))
    gradients = [np.asarray(sum(c[i] * jac[i][t] for i in range(n))).ravel().tolist() for t in range(len(params))]
    cases.append({"activation": name, "depth": depth, "inputs": inputs, "pixels": pixels, "filter": q, "cRes": c_res, "n": n, "m": m,
                  "outputs": [float(f(params, row)) for row in x], "kernels": kernels, "gradients": gradients})
print(json.dumps(cases, separators=(",", ":")))
