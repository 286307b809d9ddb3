"""Runs `surefoot init`, executes the JAX part of what it prints, word for word, and stores the outputs: init-jax.json. Needs jax and safetensors,
and the built command. Also reads each .safetensors file by its layout alone (what every loader, PyTorch's too, does with it).
Run from the repository root: python packages/surefoot/test/golden/make-init-jax.py"""
import json
import os
import struct
import subprocess
import tempfile
from pathlib import Path

import numpy as np

root = Path(__file__).resolve().parents[4]
command = root / "packages/surefoot/bin/surefoot.js"
INPUTS = 3
NETWORKS = [
    ("two-layer-relu:6", "gaussian"),
    ('{"kind":"fully-connected","widths":[4,3],"activation":"tanh"}', "gaussian"),
    ('{"kind":"fully-connected","widths":[4],"activation":{"kind":"smooth-leaky-relu","slope":0.3},"scaling":"standard","biases":true}', "absolute-lecun"),
    ('{"kind":"fully-connected","widths":[5],"activation":"gelu"}', "lecun"),
    ('{"kind":"residual","depth":2,"width":4,"activation":"tanh","cRes":0.5}', "gaussian"),
    ('{"kind":"fully-connected","widths":[5],"activation":"softplus","biases":true}', "boxed-lecun:0.3"),
]
x = [[0.5, -1.25, 2.0], [0.0, 0.75, -0.5], [-3.0, 0.125, 1.0]]


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


cases = []
with tempfile.TemporaryDirectory() as folder:
    os.chdir(folder)
    for network, init in NETWORKS:
        for file in ("weights.npz", "weights.safetensors"):
            args = ["init", "--inputs", str(INPUTS), "--network", network, "--init", init, "--seed", "5", "--out", file]
            printed = subprocess.run(["node", str(command), *args], check=True, capture_output=True, text=True).stdout
            snippet = printed[printed.index("# JAX") :].rstrip("\n")
            scope = {}
            exec(snippet, scope)
            outputs = np.asarray(scope["f"](scope["jnp"].asarray(x)))
            assert outputs.dtype == np.float64 and outputs.shape == (len(x),)
            if file.endswith(".safetensors"):
                for name, tensor in by_layout(file).items():
                    np.testing.assert_array_equal(tensor, np.asarray(scope["w"][name]))
            cases.append({"network": network, "init": init, "seed": 5, "file": file, "snippet": snippet, "outputs": outputs.tolist()})
out = {"x": x, "cases": cases}
Path(__file__).with_name("init-jax.json").write_text(json.dumps(out, indent=1, ensure_ascii=False) + "\n")
