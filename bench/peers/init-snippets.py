"""Executes, in this interpreter's frameworks, what `surefoot init` prints for PyTorch and JAX, word for word, and compares the outputs with the stored ones
(which the tests compare with Surefoot's own). A framework that is not installed is skipped and said to be.

    python bench/peers/init-snippets.py        (from the repository root, with the command built)
"""
import importlib.util
import subprocess
import sys
from pathlib import Path

root = Path(__file__).resolve().parents[2]
script = root / "packages/surefoot/test/golden/make-init.py"
failed = False
for framework in ("torch", "jax"):
    missing = [name for name in (framework, "numpy", "safetensors") if importlib.util.find_spec(name) is None]
    if missing:
        print(f"{framework}: SKIPPED, not installed: {', '.join(missing)}")
        continue
    failed |= subprocess.run([sys.executable, str(script), framework, "--check"]).returncode != 0
sys.exit(1 if failed else 0)
