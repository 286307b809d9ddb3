"""One job of run.mjs by NumPy or neural-tangents 0.6.5, float64. Its structured derivatives need jax 0.4.25 or older:

    python -m venv nt && nt/bin/pip install neural-tangents==0.6.5 jax==0.4.25 jaxlib==0.4.25 'numpy<2' 'scipy<1.13' tf2jax==0.3.6
"""
import json
import sys
import time
import warnings

warnings.filterwarnings("ignore")
import numpy as np

job = json.loads(sys.argv[-1])
n, d = job["n"], job["d"]


def load(file, rows, cols):
    return np.fromfile(file, count=rows * cols).reshape(rows, cols)


x = load(job["x"], n, d)
if job["peer"] == "numpy":

    def task():
        g = x @ x.T
        return g * (np.pi - np.arccos(np.clip(g, -1, 1))) / (2 * np.pi)

else:
    import jax

    jax.config.update("jax_enable_x64", True)
    import jax.numpy as jnp
    import neural_tangents as nt
    from neural_tangents import stax

    rows = jnp.asarray(x)
    if job["task"] == "relu-ntk":
        hidden = []
        for layer in range(3):
            # c_σ = 2; inputs enter as they are, so the first layer undoes the division by d.
            hidden += [stax.Dense(1, W_std=d**0.5 if layer == 0 else 2**0.5), stax.Relu()]
        kernel_fn = stax.serial(*hidden, stax.Dense(1, W_std=2**0.5))[2]
        compute = jax.jit(lambda a: kernel_fn(a, None, "ntk"))
    else:
        m = job["m"]
        shapes = [(m, d), (m, m), (1, m)]
        params = [jnp.asarray(load(file, *shape)) for file, shape in zip(job["weights"], shapes)]
        s = (2 / m) ** 0.5

        def f(p, a):
            h = jnp.maximum(a @ p[0].T, 0)
            h = jnp.maximum(s * h @ p[1].T, 0)
            return s * h @ p[2].T

        implementation = nt.NtkImplementation[job["peer"].upper().replace("-", "_")]
        ntk = nt.empirical_ntk_fn(f, implementation=implementation, vmap_axes=0)
        compute = jax.jit(lambda a: ntk(a, None, params))

    def task():
        return compute(rows).block_until_ready()


kernel = task()
seconds = []
for _ in range(job["repeats"]):
    start = time.perf_counter()
    kernel = task()
    seconds.append(time.perf_counter() - start)
k = np.asarray(kernel)
print(json.dumps({"seconds": seconds, "result": [k[0, 1], k[n - 1, 0], k[n - 1, n - 2]]}))
