"""Golden outputs, gradients and tangent kernels of small networks by JAX's reverse mode in float64.

    python3 make-network-jax.py > network-jax.json        (made with jax 0.10.2)

Weights and inputs are simple closed expressions of their indices, so that both sides can make them without a shared generator.
"""
import json, sys
import jax, jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

SIGMA = {
    "relu": lambda x: jnp.where(x >= 0, x, 0.0),
    "tanh": jnp.tanh,
    "sigmoid": lambda x: jax.nn.sigmoid(x) - 0.5,
    "softplus": lambda x: jax.nn.softplus(x) - jnp.log(2.0),
    "erf": jax.scipy.special.erf,
    "gelu": lambda x: jax.nn.gelu(x, approximate=False),
    "swish": jax.nn.swish,
    "leaky-relu": lambda x: jnp.where(x >= 0, x, 0.1 * x),
    "smooth-leaky-relu": lambda x: 0.3 * x + 0.7 * (jax.nn.softplus(x) - jnp.log(2.0)),
}
# c_sigma = 1/E[sigma(N(0,1))^2], mpmath with 40 digits
C = {
    "relu": 2.0, "tanh": 2.5361754332174535, "sigmoid": 23.05261009652975, "softplus": 3.5178613160277847,
    "erf": 2.1525788606075986, "gelu": 2.351715614073373, "swish": 2.810761124074471, "leaky-relu": 2 / 1.01,
    "smooth-leaky-relu": 1 / (0.09 + 0.21 + 0.49 * 0.2842636221740419),
}

def tensor(rows, cols, salt):
    i = np.arange(rows)[:, None]
    j = np.arange(cols)[None, :]
    return np.sin(1.0 + 0.7 * i + 1.3 * j + 2.1 * salt) * 1.5

def outputs(params, x, name, scales):
    h = x
    for l, (w, b) in enumerate(params):
        z = scales[l] * h @ w.T + b.T
        h = SIGMA[name](z) if l < len(params) - 1 else z
    return h[:, 0]

cases = []
for name in SIGMA:
    for widths, scaling in [([7], "ntk"), ([5, 6], "ntk"), ([4, 3, 5], "standard")]:
        n, d = 4, 3
        x = tensor(n, d, 9)
        sizes = [d, *widths, 1]
        params = [(tensor(sizes[l + 1], sizes[l], l), 0.2 * tensor(sizes[l + 1], 1, l + 5)) for l in range(len(sizes) - 1)]
        scales = [1.0 if l == 0 or scaling == "standard" else float(np.sqrt(C[name] / sizes[l])) for l in range(len(params))]
        f = lambda p: outputs(p, x, name, scales)
        u = f(params)
        jac = jax.jacrev(f)(params)
        flat = jnp.concatenate([t.reshape(n, -1) for pair in jac for t in pair], axis=1)
        cot = jnp.asarray(np.cos(np.arange(n) + 0.5))
        grads = [[(cot @ t.reshape(n, -1)).tolist() for t in pair] for pair in jac]
        cases.append({"activation": name, "widths": widths, "scaling": scaling, "n": n, "d": d, "outputs": u.tolist(),
                      "gradients": grads, "kernel": (flat @ flat.T).reshape(-1).tolist()})
json.dump(cases, sys.stdout)
