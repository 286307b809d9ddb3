"""Golden kernels by neural-tangents 0.6.5 in float64, for packages/surefoot/test/golden/kernels-neural-tangents.json.

    python -m venv nt && nt/bin/pip install neural-tangents==0.6.5 jax==0.4.30 jaxlib==0.4.30 'numpy<2' 'scipy<1.14' tf2jax==0.3.6
    nt/bin/python bench/peers/neural-tangents-golden.py > packages/surefoot/test/golden/kernels-neural-tangents.json

Each setting: {architecture (as `surefoot kernel --architecture` takes it), nngp, ntk (x, x), nngpTest, ntkTest (x, z)}.
Residual networks: FanInSum refuses a branch that ends in an activation; for odd activations the branches are uncorrelated and the sum of
kernels is exact, which `gaussian` below asserts in its place.
"""
import json
import warnings

warnings.filterwarnings("ignore")
import jax

jax.config.update("jax_enable_x64", True)
import numpy as np
from neural_tangents import stax

rng = np.random.default_rng(20240517)
N, M, D = 5, 3, 6
x = rng.standard_normal((N, D))
z = rng.standard_normal((M, D))

ACTIVATIONS = {
    "relu": lambda: stax.Relu(),
    "abs": lambda: stax.Abs(),
    "erf": lambda: stax.Erf(),
    "gelu": lambda: stax.Gelu(approximate=False),
    "identity": lambda: stax.Identity(),
    "sin": lambda: stax.Sin(),
    "cos": lambda: stax.Cos(),
    "exp": lambda: stax.Exp(),
}
LEAKY = ({"kind": "leaky-relu", "slope": 0.1}, lambda: stax.LeakyRelu(0.1))
QUADRATIC = ({"kind": "polynomial", "coefficients": [0.3, 1.0, 0.5]}, lambda: stax.Polynomial([0.3, 1.0, 0.5]))


@stax.layer
def gaussian():
    init = lambda rng_, shape: (shape, ())
    apply = lambda params, inputs, **kwargs: inputs
    return init, apply, lambda k, **kwargs: k.replace(is_gaussian=True)


def fully_connected(activation, depth, w, b):
    layers = []
    for _ in range(depth):
        layers += [stax.Dense(1, W_std=w, b_std=b), activation()]
    return stax.serial(*layers, stax.Dense(1, W_std=w, b_std=b))[2]


def residual(scaled, c_sigma, depth, c_res, pixels=None, q=1):
    """scaled(a) is the layer a·σ. Channels × pixels as NWC for the convolution."""
    def affine(std):
        return stax.Dense(1, W_std=std) if pixels is None else stax.Conv(1, (q,), padding="SAME", W_std=std)

    fan_in = D if pixels is None else D // pixels * q
    layers = [affine(fan_in**0.5), scaled(c_sigma**0.5), gaussian()]
    for _ in range(depth - 1):
        branch = stax.serial(affine(q**0.5), scaled(c_res / depth), gaussian())
        layers += [stax.FanOut(2), stax.parallel(stax.Identity(), branch), stax.FanInSum()]
    tail = [stax.Dense(1)] if pixels is None else [stax.Flatten(), stax.Dense(1, W_std=pixels**0.5)]
    return stax.serial(*layers, *tail)[2]


def images(rows, pixels):
    return rows.reshape(len(rows), -1, pixels).transpose(0, 2, 1)


def setting(architecture, kernel_fn, shape=lambda rows: rows):
    train = kernel_fn(shape(x), None, ("nngp", "ntk"))
    test = kernel_fn(shape(x), shape(z), ("nngp", "ntk"))
    found = {"nngp": train.nngp, "ntk": train.ntk, "nngpTest": test.nngp, "ntkTest": test.ntk}
    return {"architecture": architecture, **{name: np.asarray(k).ravel().tolist() for name, k in found.items()}}


settings = []
fc = lambda activation, depth, w, b: {"kind": "fully-connected", "depth": depth, "activation": activation, "weightStd": w, "biasStd": b}
for name, layer in list(ACTIVATIONS.items()):
    # exp grows doubly exponentially with depth: smaller weights keep it inside the doubles.
    small = name == "exp"
    for depth, w, b in [(1, 1.0, 0.0), (2, 0.5 if small else 1.5, 0.05), (3, 0.4 if small else 0.9, 0.3)]:
        settings.append(setting(fc(name, depth, w, b), fully_connected(layer, depth, w, b)))
for spec, layer in (LEAKY, QUADRATIC):
    for depth, w, b in [(1, 1.0, 0.0), (2, 0.8, 0.1), (3, 0.7, 0.3)]:
        settings.append(setting(fc(spec, depth, w, b), fully_connected(layer, depth, w, b)))
for name in ("relu", "erf"):
    for depth, w, b in [(5, 1.4, 0.0), (10, 1.2, 0.2), (20, 1.1, 0.1)]:
        settings.append(setting(fc(name, depth, w, b), fully_connected(ACTIVATIONS[name], depth, w, b)))

E2 = float(np.exp(-2))
C_SIGMA = {"erf": 1 / float(2 / np.pi * np.arcsin(2 / 3)), "sin": 2 / (1 - E2), "relu": 2.0, "gelu": 2.351715614073373}
SCALED = {"erf": lambda a: stax.Erf(a=a), "sin": lambda a: stax.Sin(a=a)}
for name in ("erf", "sin"):
    for depth in (1, 2, 5):
        architecture = {"kind": "residual", "depth": depth, "activation": name, "cRes": 0.5}
        settings.append(setting(architecture, residual(SCALED[name], C_SIGMA[name], depth, 0.5)))
    for depth, pixels, q in [(1, 3, 3), (2, 3, 3), (3, 6, 3), (3, 2, 2), (2, 6, 4)]:
        architecture = {"kind": "convolutional-residual", "depth": depth, "activation": name, "cRes": 0.7, "pixels": pixels, "filter": q}
        kernel_fn = residual(SCALED[name], C_SIGMA[name], depth, 0.7, pixels, q)
        settings.append(setting(architecture, kernel_fn, lambda rows: images(rows, pixels)))

out = {"x": x.ravel().tolist(), "z": z.ravel().tolist(), "n": N, "m": M, "d": D, "settings": settings}
print(json.dumps(out, indent=None, separators=(",", ":")).replace('{"architecture"', '\n{"architecture"'))
