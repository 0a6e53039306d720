#!/bin/bash
# Records the forward benchmark on a machine with a GPU: benchmarks/cuda/record.sh OUT [options of forward.py]
#
#   benchmarks/cuda/record.sh results/h200 --manifest programs/manifest.json --reference REFERENCE --commit "$COMMIT"
#   benchmarks/cuda/record.sh results/h200-hot --manifest ... --sustained --dtype bf16
#
# Needs python3 with torch, and a C++ compiler (for the runtime: 20 files, neither LLVM nor CUDA). A run that a kernel
# hung or broke is taken up again without that kernel, so that one bad program costs a cell and not the table.
# Writes OUT.json, OUT.md, OUT.svg and OUT.log. Status: 0, 1 where a result of ours was wrong or failed, 3 given up.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ $# -ge 1 ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
out=$1
shift
export PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
mkdir -p "$(dirname "$out")"
status=1
for attempt in 1 2 3 4 5 6 7 8; do
  again=()
  [[ $attempt == 1 ]] || again=(--resume)
  python3 "$here/forward.py" --out "$out" "$@" "${again[@]}" 2>&1 | tee -a "$out.log"
  status=${PIPESTATUS[0]}
  # 3: the device was lost, and the record says by whom. Otherwise, if the process was lost, it says while doing what.
  [[ $status == 3 ]] || { [[ -f $out.json ]] && ! grep -q '^ "running": null' "$out.json"; } || break
done
exit "$status"
