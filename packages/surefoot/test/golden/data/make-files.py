"""Files in the formats that Surefoot reads, written by the formats' own implementations, with what they hold in expected.json.

    python3 -m venv env && env/bin/pip install numpy==2.4.6 safetensors==0.8.0 pyarrow==26.0.1 ml_dtypes==0.6.0
    env/bin/python make-files.py
"""

import decimal
import gzip
import json
import struct
import zipfile
from pathlib import Path

import ml_dtypes
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import safetensors
from safetensors.numpy import save_file

HERE = Path(__file__).parent
expected = {}
rng = np.random.default_rng(20240)


def values(array):
    return [float(v) for v in np.ascontiguousarray(array).reshape(-1)]


# .npy: every dtype in both byte orders, C and Fortran order, format versions 1 to 3.
npy = {}


def write_npy(name, array, version=None):
    with open(HERE / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)
    npy[name] = {"shape": list(array.shape), "values": values(array)}


for kind in ["f8", "f4", "f2", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"]:
    dtype = np.dtype(kind)
    if kind[0] == "f":
        info = np.finfo(dtype)
        array = np.array([[0.0, -0.0, 1.5], [info.max, info.tiny, -info.smallest_subnormal]], dtype)
    else:
        info = np.iinfo(dtype)
        big = min(info.max, 2**53)
        array = np.array([[0, 1, 2], [big, max(info.min, -(2**53)), 7]], dtype)
    for order in "<>":
        write_npy(f"{'le' if order == '<' else 'be'}-{kind}", array.astype(dtype.newbyteorder(order)))
write_npy("bool", np.array([[True, False], [False, True]]))
write_npy("fortran", np.asfortranarray(rng.standard_normal((4, 3))))
write_npy("fortran-3d", np.asfortranarray(rng.standard_normal((2, 3, 4))))
write_npy("version-2", rng.standard_normal((3, 2)), version=(2, 0))
write_npy("version-3", rng.standard_normal((3, 2)), version=(3, 0))
write_npy("scalar", np.float64(2.5).reshape(()))
write_npy("one-dimension", rng.standard_normal(5))
expected["npy"] = npy

# .npy that holds no numbers for us.
np.save(HERE / "bad-object.npy", np.array([1, "a"], dtype=object), allow_pickle=True)
np.save(HERE / "bad-complex.npy", np.array([1 + 2j, 3]))
np.save(HERE / "bad-text.npy", np.array(["a", "b"]))
np.save(HERE / "bad-structured.npy", np.array([(1, 2.0)], dtype=[("a", "i4"), ("b", "f8")]))
np.save(HERE / "bad-int64.npy", np.array([[1, 2**53 + 1], [3, 4]]))

# .npz: stored and deflated, images of three dimensions, a column of labels, an array that is not ours.
x = rng.integers(0, 256, (6, 2, 3)).astype(np.uint8)
y = np.array([0, 1, 2, 0, 1, 2], np.int64)
np.savez(HERE / "stored.npz", x=x, y=y)
np.savez_compressed(HERE / "deflated.npz", x=x, y=y.reshape(-1, 1), extra=np.array(["unused"]))
np.savez(HERE / "keys.npz", images=x, labels=y)
# As above 4 GiB, with the limits lowered: sizes in 64-bit extra fields, a ZIP64 directory.
zipfile.ZIP64_LIMIT = 10
np.savez(HERE / "zip64.npz", x=x, y=y)
expected["npz"] = {"x": values(x), "y": values(y), "rows": 6, "cols": 6}

# safetensors.
f64 = rng.standard_normal((3, 4))
save_file({"W1": f64, "W2": f64[:1].copy(), "b1": f64[0].copy()}, HERE / "f64.safetensors", metadata={"format": "np", "note": "à"})
save_file({"b1": f64[0].copy(), "W1": f64}, HERE / "plain.safetensors")
f32 = rng.standard_normal((2, 3)).astype(np.float32)
f16 = rng.standard_normal((2, 3)).astype(np.float16)
bf16 = rng.standard_normal((2, 3)).astype(ml_dtypes.bfloat16)
empty = np.zeros((0, 3), np.float32)
mixed = {
    name: safetensors.TensorSpec(dtype=dtype, shape=list(array.shape), data_ptr=array.ctypes.data, data_len=array.nbytes)
    for name, dtype, array in [("a32", "float32", f32), ("b16", "float16", f16), ("cbf16", "bfloat16", bf16), ("empty", "float32", empty)]
}
(HERE / "mixed.safetensors").write_bytes(safetensors.serialize(mixed))
save_file({"n": np.array([3])}, HERE / "bad-int64.safetensors")
expected["safetensors"] = {
    "f64": {"W1": values(f64), "W2": values(f64[:1]), "b1": values(f64[0])},
    "mixed": {"a32": values(f32), "b16": values(f16), "cbf16": values(bf16.astype(np.float32)), "empty": []},
}

# Parquet.
table = pa.table(
    {
        "double": pa.array([0.5, -1.25, 3.0, 1e300]),
        "float": pa.array([0.5, 0.1, 3.0, -2.0], pa.float32()),
        "half": pa.array(np.array([0.5, 1.5, -2.0, 0.25], np.float16)),
        "int64": pa.array([1, -2, 2**53, 4]),
        "uint8": pa.array([0, 255, 7, 1], pa.uint8()),
        "flag": pa.array([True, False, True, True]),
        "price": pa.array([decimal.Decimal("1.25"), decimal.Decimal("-3.50"), 0, 7], pa.decimal128(9, 2)),
        "species": pa.array(["cat", "dog", "cat", "dog"]).dictionary_encode(),
        "label": pa.array([3, 4, 3, 4], pa.int32()),
    }
)
pq.write_table(table, HERE / "snappy.parquet", row_group_size=3)
pq.write_table(table, HERE / "gzip.parquet", compression="gzip", data_page_version="2.0")
pq.write_table(table, HERE / "bad-zstd.parquet", compression="zstd")
pq.write_table(pa.table({"a": [1.0, None, 3.0], "label": [1, 2, 3]}), HERE / "bad-null.parquet")
pq.write_table(pa.table({"a": [[1.0], [2.0]], "label": [1, 2]}), HERE / "bad-nested.parquet")
numeric = table.drop_columns(["species", "label"])
expected["parquet"] = {
    "x": [float(v) for row in zip(*numeric.to_pydict().values()) for v in row],
    "species": table["species"].to_pylist(),
    "label": table["label"].to_pylist(),
}

# IDX.
pixels = rng.integers(0, 256, (5, 2, 3)).astype(np.uint8)
digits = np.array([7, 1, 0, 7, 1], np.uint8)
images = struct.pack(">HBBIII", 0, 8, 3, *pixels.shape) + pixels.tobytes()
labels = struct.pack(">HBBI", 0, 8, 1, len(digits)) + digits.tobytes()
(HERE / "tiny-images-idx3-ubyte").write_bytes(images)
(HERE / "tiny-labels-idx1-ubyte").write_bytes(labels)
(HERE / "tiny-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, mtime=0))
(HERE / "tiny-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, mtime=0))
expected["idx"] = {"x": values(pixels / 255), "y": values(digits), "rows": 5, "cols": 6}

(HERE / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
