#!/usr/bin/env bash
# Installs the TypeScript libraries of the comparison into a throw-away folder (default: a new one under the system's temporary
# folder), outside this repository, and prints its path for `run.mjs --peers PATH`.
set -euo pipefail
folder="${1:-$(mktemp -d -t surefoot-peers-XXXXXX)}"
mkdir -p "$folder"
cd "$folder"
echo '{"private":true,"name":"surefoot-bench-peers"}' > package.json
npm install --no-audit --no-fund --ignore-scripts --loglevel=error \
  @jax-js/jax@0.1.25 numpy-ts@1.4.0 ml-matrix@6.15.1 @tensorflow/tfjs-core@4.22.0 @tensorflow/tfjs-backend-wasm@4.22.0 >&2
echo "$folder"
