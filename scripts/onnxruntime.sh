#!/bin/sh
# Gets ONNX Runtime's library out of its Python wheel, for `--features ort`, and names it.
#   scripts/onnxruntime.sh [DIR]      DIR: where it goes; target/onnxruntime where none is given
set -eu
version=1.32.0
into=${1:-target/onnxruntime}
library=$into/libonnxruntime.so.$version
if [ ! -f "$library" ]; then
    mkdir -p "$into"
    python3 -m pip download --quiet --no-deps --only-binary :all: --dest "$into" \
        "onnxruntime==$version"
    python3 - "$into" "$version" <<'PYTHON'
import glob, sys, zipfile
into, version = sys.argv[1:]
wheel = glob.glob(f"{into}/onnxruntime-{version}-*.whl")[0]
name = f"onnxruntime/capi/libonnxruntime.so.{version}"
with zipfile.ZipFile(wheel) as archive, open(f"{into}/libonnxruntime.so.{version}", "wb") as out:
    out.write(archive.read(name))
PYTHON
    rm -f "$into"/onnxruntime-*.whl
fi
echo "export ORT_DYLIB_PATH=$(cd "$into" && pwd)/libonnxruntime.so.$version"
