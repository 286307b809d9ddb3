"""Reads files that Surefoot wrote with the formats' own implementations and compares them with written.json beside them.

    node write-files.mjs && env/bin/python check-written.py        (env as in make-files.py)
"""

import json
import math
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from safetensors.numpy import load_file

HERE = Path(__file__).parent / "written"
wanted = json.loads((HERE / "written.json").read_text())


def number(value):
    return float(value) if isinstance(value, str) else value  # "NaN", "Infinity": what JSON cannot hold


def same(a, b):
    if a is None or b is None or isinstance(a, str):
        return a == b
    return math.copysign(1, a) == math.copysign(1, b) and (a == b or (math.isnan(a) and math.isnan(b)))


tensors = wanted["tensors"]
for name, arrays in {
    "weights.npz": np.load(HERE / "weights.npz"),
    "weights.safetensors": load_file(HERE / "weights.safetensors"),
    "w1.npy": {"W1": np.load(HERE / "w1.npy")},
}.items():
    for key, array in arrays.items():
        assert array.dtype == np.float64 and list(array.shape) == tensors[key]["shape"], (name, key, array.shape)
        assert all(map(same, array.reshape(-1).tolist(), map(number, tensors[key]["values"]))), (name, key)
    assert name == "w1.npy" or set(arrays) == set(tensors)

table = pq.read_table(HERE / "record.parquet")
types = {"integer": "int32", "number": "double", "text": "string"}
assert {n: str(t) for n, t in zip(table.column_names, table.schema.types)} == {n: types[t] for n, t in wanted["columns"].items()}
for name, column in wanted["rows"].items():
    have = table[name].to_pylist()
    want = column if wanted["columns"][name] == "text" else [v if v is None else number(v) for v in column]
    assert len(have) == len(want) and all(map(same, have, want)), (name, have, want)
assert table.schema.metadata[b"network"].decode() == wanted["metadata"]["network"]
assert pq.read_table(HERE / "empty.parquet").num_rows == 0
print("all written files are read as they were meant")
