"""Losses and final weights of torch.optim (with torch.optim.lr_scheduler and autograd, float64) on networks of every kind: optimisers-torch.json. The initial
weights are those of `surefoot init` and the network is the PyTorch snippet that it prints; gradient flow is SciPy's DOP853 at rtol 1e-11.

Run from the repository root, with the command built: python packages/surefoot/test/golden/make-optimisers-torch.py      (made with torch 2.15.0)
"""
import json
import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import torch
from scipy.integrate import solve_ivp

here = Path(__file__).resolve()
root = here.parents[4]
command = root / "packages/surefoot/bin/surefoot.js"
N, D, STEPS = 5, 6, 12
i, j = np.arange(N)[:, None], np.arange(D)[None, :]
x = np.sin(1.0 + 0.7 * i + 1.3 * j)
y = np.where(np.cos(1.0 + 2.0 * np.arange(N)) > 0, 1.0, -1.0)

RELU = ({"kind": "two-layer-relu", "width": 6}, ["W1"])
TANH = ({"kind": "fully-connected", "widths": [4, 3], "activation": "tanh", "biases": True}, None)
RESIDUAL = ({"kind": "residual", "depth": 3, "width": 4, "activation": "swish", "cRes": 0.5}, None)
CONV = ({"kind": "convolutional-residual", "depth": 2, "width": 3, "activation": "tanh", "cRes": 0.5, "pixels": 3, "filter": 2}, None)

sgd = torch.optim.SGD
scheduler = torch.optim.lr_scheduler
# our spec, η, torch's optimiser, its scheduler
OPTIMISERS = [
    ({"kind": "gradient-descent"}, 0.3, lambda p: sgd(p, 0.3), None),
    ({"kind": "gradient-descent", "batch": {"size": 2, "seed": 3}}, 0.2, lambda p: sgd(p, 0.2), None),
    ({"kind": "gradient-descent", "batch": {"size": 2, "seed": 4, "sampling": "epochs"}}, 0.2, lambda p: sgd(p, 0.2), None),
    ({"kind": "momentum", "momentum": 0.9}, 0.1, lambda p: sgd(p, 0.1, momentum=0.9), None),
    ({"kind": "nesterov", "momentum": 0.8}, 0.1, lambda p: sgd(p, 0.1, momentum=0.8, nesterov=True), None),
    ({"kind": "rmsprop", "decay": 0.95}, 0.02, lambda p: torch.optim.RMSprop(p, 0.02, alpha=0.95), None),
    ({"kind": "adam"}, 0.05, lambda p: torch.optim.Adam(p, 0.05), None),
    ({"kind": "gradient-descent", "schedule": {"kind": "step-decay", "every": 4, "factor": 0.5}}, 0.3, lambda p: sgd(p, 0.3),
     lambda o: scheduler.StepLR(o, 4, 0.5)),
    ({"kind": "adam", "schedule": {"kind": "cosine", "steps": 10, "floor": 0.1}}, 0.05, lambda p: torch.optim.Adam(p, 0.05),
     lambda o: scheduler.LambdaLR(o, lambda k: 0.1 + 0.45 * (1 + np.cos(np.pi * min(k, 10) / 10)))),
    ({"kind": "momentum", "momentum": 0.5, "schedule": {"kind": "inverse-time", "rate": 0.2}}, 0.2, lambda p: sgd(p, 0.2, momentum=0.5),
     lambda o: scheduler.LambdaLR(o, lambda k: 1 / (1 + 0.2 * k))),
    ({"kind": "nesterov", "momentum": 0.5, "schedule": {"kind": "list", "factors": [1, 0.5, 0.25]}}, 0.2,
     lambda p: sgd(p, 0.2, momentum=0.5, nesterov=True), lambda o: scheduler.LambdaLR(o, lambda k: [1, 0.5, 0.25][min(k, 2)])),
]


def network_of(spec):
    with tempfile.TemporaryDirectory() as folder:
        args = ["init", "--inputs", str(D), "--network", json.dumps(spec), "--init", "gaussian", "--seed", "7", "--out", "w.npz"]
        printed = subprocess.run(["node", str(command), *args], check=True, capture_output=True, text=True, cwd=folder).stdout
        scope, before = {}, os.getcwd()
        os.chdir(folder)
        exec(printed[printed.index("# PyTorch") : printed.index("# JAX")], scope)
        os.chdir(before)
    return scope


def batches_of(batch):
    file = (root / "packages/surefoot/dist/dynamics/optimiser/batch.js").as_uri()
    spec = json.dumps({"sampling": "independent", **batch})
    code = f'import {{ batchAt }} from "{file}"; console.log(JSON.stringify(Array.from({{length: {STEPS}}}, (_, k) => [...batchAt({spec}, {N}, k)])));'
    return json.loads(subprocess.run(["node", "--input-type=module", "-e", code], check=True, capture_output=True, text=True).stdout)


def loss_of(kind, u, labels):
    if kind == "logistic":
        return torch.nn.functional.softplus(-labels * u, threshold=40).mean()
    return 0.5 * ((u - labels) ** 2).mean()


X, Y = torch.tensor(x), torch.tensor(y)
cases = []
for (spec, trained), losses in [(RELU, ["half-mean"]), (TANH, ["half-mean", "logistic"]), (RESIDUAL, ["half-mean"]), (CONV, ["half-mean"])]:
    for kind in losses:
        for optimiser, eta, make, schedule in OPTIMISERS:
            scope = network_of(spec)
            w = {k: v.clone().requires_grad_(trained is None or k in trained) for k, v in scope["w"].items()}
            scope["w"] = w
            batch = optimiser.get("batch")
            rows = batches_of(batch) if batch else [list(range(N))] * STEPS
            stepper = make([v for v in w.values() if v.requires_grad])
            plan = schedule(stepper) if schedule else None
            seen = [float(loss_of(kind, scope["f"](X), Y))]
            for k in range(STEPS):
                stepper.zero_grad()
                loss_of(kind, scope["f"](X[rows[k]]), Y[rows[k]]).backward()
                stepper.step()
                if plan:
                    plan.step()
                seen.append(float(loss_of(kind, scope["f"](X), Y)))
            assert seen[-1] < seen[0], (spec, optimiser)
            cases.append({"network": spec, "loss": kind, "optimiser": optimiser, "stepSize": eta, "losses": seen,
                          "last": {k: v.detach().numpy().ravel().tolist() for k, v in w.items() if v.requires_grad}})

flows = []
for spec, _ in (TANH, RESIDUAL, CONV):
    scope = network_of(spec)
    shapes = {k: v.shape for k, v in scope["w"].items()}

    def at(theta):
        parts, offset = {}, 0
        for k, shape in shapes.items():
            size = int(np.prod(shape))
            parts[k] = torch.tensor(theta[offset : offset + size].reshape(shape), requires_grad=True)
            offset += size
        scope["w"] = parts
        return parts, loss_of("half-mean", scope["f"](X), Y)

    def field(_, theta):
        parts, loss = at(theta)
        loss.backward()
        return -np.concatenate([v.grad.numpy().ravel() for v in parts.values()])

    start = np.concatenate([v.numpy().ravel() for v in scope["w"].values()])
    times = np.arange(STEPS + 1) * 0.5
    path = solve_ivp(field, (0, times[-1]), start, method="DOP853", rtol=1e-11, atol=1e-13, t_eval=times)
    flows.append({"network": spec, "every": 0.5, "losses": [float(at(theta)[1]) for theta in path.y.T]})

out = {"n": N, "d": D, "x": x.ravel().tolist(), "y": y.tolist(), "seed": 7, "cases": cases, "flows": flows}
here.with_name("optimisers-torch.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
