"""Golden predictions by neural-tangents 0.6.5 in float64 (installation: neural-tangents-golden.py).

    nt/bin/python bench/peers/neural-tangents-predict-golden.py > packages/surefoot/test/golden/predict-neural-tangents.json

Gradient flow on the loss ½·mean(e²) of trained ensembles: mean and covariance at z; `reg` in units of the mean diagonal.
"""
import json
import warnings

warnings.filterwarnings("ignore")
import jax

jax.config.update("jax_enable_x64", True)
import numpy as np
import neural_tangents as nt
from neural_tangents import stax

rng = np.random.default_rng(7)
N, M, D = 6, 4, 5
x, z, y = rng.standard_normal((N, D)), rng.standard_normal((M, D)), rng.standard_normal((N, 1))

cases = []
for activation, layer, depth, w, b in [("relu", stax.Relu, 2, 1.5, 0.1), ("erf", stax.Erf, 3, 1.2, 0.3)]:
    layers = []
    for _ in range(depth):
        layers += [stax.Dense(1, W_std=w, b_std=b), layer()]
    kernel_fn = stax.serial(*layers, stax.Dense(1, W_std=w, b_std=b))[2]
    architecture = {"kind": "fully-connected", "depth": depth, "activation": activation, "weightStd": w, "biasStd": b}
    for reg in (0.0, 1e-2):
        predict = nt.predict.gradient_descent_mse_ensemble(kernel_fn, x, y, diag_reg=reg)
        for t in (0.3, 20.0, 1000.0, None):
            for method in ("ntk", "nngp"):
                found = predict(t=t, x_test=z, get=method, compute_cov=True)
                cases.append({"architecture": architecture, "reg": reg, "time": t, "method": method,
                              "mean": np.asarray(found.mean).ravel().tolist(), "covariance": np.asarray(found.covariance).ravel().tolist()})
out = {"x": x.ravel().tolist(), "z": z.ravel().tolist(), "y": y.ravel().tolist(), "n": N, "m": M, "d": D, "cases": cases}
print(json.dumps(out, separators=(",", ":")).replace('{"architecture"', '\n{"architecture"'))
