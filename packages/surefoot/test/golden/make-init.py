"""Runs `surefoot init`, executes the PyTorch or the JAX part of what it prints, word for word, and stores the outputs: init-torch.json (made with
torch 2.15.0), init-jax.json (made with jax 0.4.25). Needs that framework, safetensors, NumPy and the built command. Also reads each .safetensors file by
its layout alone.
Run from the repository root: python packages/surefoot/test/golden/make-init.py torch|jax [--check]
With --check nothing is written: the stored outputs must come out again (bench/peers/init-snippets.py)."""
import json
import os
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np

root = Path(__file__).resolve().parents[4]
command = root / "packages/surefoot/bin/surefoot.js"
framework = sys.argv[1]
mark, end = {"torch": ("# PyTorch", "# JAX"), "jax": ("# JAX", None)}[framework]
# network, initial weights, number of inputs
NETWORKS = [
    ("two-layer-relu:6", "gaussian"),
    ('{"kind":"fully-connected","widths":[4,3],"activation":"tanh"}', "gaussian"),
    ('{"kind":"fully-connected","widths":[4],"activation":{"kind":"smooth-leaky-relu","slope":0.3},"scaling":"standard","biases":true}', "absolute-lecun"),
    ('{"kind":"fully-connected","widths":[5],"activation":"gelu"}', "lecun"),
    ('{"kind":"residual","depth":2,"width":4,"activation":"tanh","cRes":0.5}', "gaussian"),
    ('{"kind":"fully-connected","widths":[5],"activation":"softplus","biases":true}', "boxed-lecun:0.3"),
    ('{"kind":"fully-connected","widths":[4],"activation":"swish"}', "gaussian"),
    ('{"kind":"fully-connected","widths":[4],"activation":"erf"}', "gaussian"),
    ('{"kind":"fully-connected","widths":[4],"activation":"sigmoid"}', "gaussian"),
    ('{"kind":"fully-connected","widths":[4],"activation":{"kind":"leaky-relu","slope":0.2}}', "gaussian"),
    ('{"kind":"convolutional-residual","depth":2,"width":3,"activation":"tanh","cRes":0.5,"pixels":3,"filter":2}', "gaussian"),
    ('{"kind":"convolutional-residual","depth":3,"width":3,"activation":"gelu","cRes":0.5,"pixels":3,"filter":3}', "gaussian"),
]
INPUTS = 6
rows = [[0.5, -1.25, 2.0, 0.25, -0.75, 1.5], [0.0, 0.75, -0.5, -2.0, 1.0, 0.375], [-3.0, 0.125, 1.0, 0.5, -1.5, -0.25]]


def by_layout(path):
    """safetensors: a little-endian length, a JSON header, then the numbers, row by row."""
    raw = Path(path).read_bytes()
    (length,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + length])
    body = raw[8 + length :]
    out = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        assert entry["dtype"] == "F64"
        begin, end = entry["data_offsets"]
        out[name] = np.frombuffer(body[begin:end], "<f8").reshape(entry["shape"])
    return out


def run(snippet):
    """The outputs of the snippet's f on the rows, and its weights."""
    scope = {}
    exec(snippet, scope)
    if framework == "torch":
        torch = scope["torch"]
        outputs = scope["f"](torch.tensor(rows, dtype=torch.float64)).detach().numpy()
    else:
        outputs = np.asarray(scope["f"](scope["jnp"].asarray(rows)))
    assert outputs.dtype == np.float64 and outputs.shape == (len(rows),)
    return outputs, {name: np.asarray(tensor) for name, tensor in scope["w"].items()}


cases = []
with tempfile.TemporaryDirectory() as folder:
    here = Path(__file__).resolve()
    os.chdir(folder)
    for network, init in NETWORKS:
        for file in ("weights.npz", "weights.safetensors"):
            args = ["init", "--inputs", str(INPUTS), "--network", network, "--init", init, "--seed", "5", "--out", file]
            printed = subprocess.run(["node", str(command), *args], check=True, capture_output=True, text=True).stdout
            snippet = printed[printed.index(mark) : None if end is None else printed.index(end)].rstrip("\n")
            outputs, tensors = run(snippet)
            if file.endswith(".safetensors"):
                for name, tensor in by_layout(file).items():
                    np.testing.assert_array_equal(tensor, tensors[name])
            cases.append({"network": network, "init": init, "seed": 5, "file": file, "snippet": snippet, "outputs": outputs.tolist()})
stored = here.with_name(f"init-{framework}.json")
if "--check" in sys.argv:
    kept = json.loads(stored.read_text())
    assert len(kept["cases"]) == len(cases)
    for old, new in zip(kept["cases"], cases):
        assert old["snippet"] == new["snippet"], (old["network"], old["file"])
        np.testing.assert_allclose(new["outputs"], old["outputs"], rtol=1e-12)
    print(f"{framework}: {len(cases)} snippets run, outputs as stored")
else:
    stored.write_text(json.dumps({"x": rows, "cases": cases}, indent=1, ensure_ascii=False) + "\n")
