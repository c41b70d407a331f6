#!/usr/bin/env bash
# Holds our engine to ONNX Runtime: random graphs in the forms of the exporters, the graphs that the
# exporters made, the shipped model; then both timed in turn. Needs Python with venv and a package
# index; where pip reaches none it says so and ends well, unless MODEL_CHECK=required.
#
#   scripts/model-check.sh [GRAPHS]     how many random graphs; 200 where no number is given
#
# MODEL_CHECK_PROFILE=dev builds faster and times nothing.
set -euo pipefail
cd "$(dirname "$0")/.."
graphs=${1:-200}
home=target/model-check
if ! { python3 -m venv "$home" &&
  "$home/bin/pip" install --quiet onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6; }; then
  echo "model-check: pip cannot get onnx and onnxruntime here; nothing was compared" >&2
  [ "${MODEL_CHECK:-}" != required ]
  exit
fi
ORT_DYLIB_PATH=$(find "$PWD/$home" -name 'libonnxruntime.so.*' | head -n 1)
export ORT_DYLIB_PATH
profile=${MODEL_CHECK_PROFILE:-release}
cargo build --profile "$profile" --features ort
binary=target/$([ "$profile" = dev ] && echo debug || echo "$profile")/neural-kraken
"$home/bin/python" scripts/model-graphs.py "$binary" "$graphs"
for model in models/*.onnx tests/golden/neural/made-*.onnx; do
  difference=$("$binary" model check "$model" --json |
    "$home/bin/python" -c 'import json, sys; print(json.load(sys.stdin)["max_abs_diff"])')
  echo "$model: $difference"
  "$home/bin/python" -c 'import sys; sys.exit(not float(sys.argv[1]) <= 1e-5)' "$difference"
done
[ "$profile" = dev ] || "$binary" model bench
