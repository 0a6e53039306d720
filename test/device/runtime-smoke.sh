#!/bin/bash
# Runs the runtime's CUDA half on a real device (Hopper, driver of CUDA 12 or later): test/device/runtime-smoke.sh
#
# Needs a C++17 compiler and nothing of CUDA but the driver. The second run finds the first one's cubins in the cache.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT

"${CXX:-c++}" -std=c++17 -O1 -pthread -DFOVEA_PROJECT_VERSION=FOVEA_RUNTIME_VERSION \
  -Iruntime/include -Iruntime/lib runtime/lib/*.cpp test/device/runtime-smoke.cpp -o "$folder/runtime-smoke" -ldl

export FOVEA_CACHE_DIR=$folder/cache
for run in cold cached; do
  echo "== $run =="
  "$folder/runtime-smoke" test/device/Inputs/vector-add.ptx test/device/Inputs/tma-copy.ptx
done
entries=$(find "$FOVEA_CACHE_DIR" -type f | wc -l)
if [[ $entries != 2 ]]; then
  echo "FAILED: the cache has $entries entries, expected 2"
  exit 1
fi
echo "PASSED"
