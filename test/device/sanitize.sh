#!/bin/bash
# Runs compiled programs under compute-sanitizer: test/device/sanitize.sh MANIFEST [options of numerics.py]
#
# Every tool must first find the mistake that is planted for it (Inputs/planted.ptx, one kernel for each tool): a tool
# that finds nothing there says nothing here either. Then it must find nothing in a reduced grid of numerics.py, in
# which the programs' kernels alone run on the device: inputs are made and results are judged on the CPU, memory is what
# was asked for and not a byte more, workspaces are uninitialised.
#
#   TOOLS="memcheck racecheck"   only these, of memcheck, racecheck, synccheck, initcheck
#   PLANTED=MANIFEST             also a manifest of programs with mistakes: some tool must find some
#   COMPUTE_SANITIZER=PATH       default compute-sanitizer, or /usr/local/cuda/bin/compute-sanitizer
#   TIMEOUT=600                  seconds for each run
#   BUILD_DIR=FOLDER             where the runtime is built (default /tmp/fovea-runtime) and the tools' logs are left
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[[ $# -ge 1 ]] || { sed -n '2,/^set/s/^# \{0,1\}//p' "$0"; exit 2; }
manifest=$1
shift
build=${BUILD_DIR:-/tmp/fovea-runtime}
sanitizer=${COMPUTE_SANITIZER:-$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)}
runtime=$(python3 "$here/../../benchmarks/cuda/fovea_cuda.py" build "$build") || exit 1

# Each tensor is an allocation of its own, so that accesses beyond it are outside of everything.
export PYTORCH_NO_CUDA_MEMORY_CACHING=1 PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
sanitize() { # TOOL LOG COMMAND...
  local options=(--tool "$1" --error-exitcode 86 --print-limit 20) log=$2
  # The runtime asks the driver about parameters until there are no more, which is no error.
  [[ $1 == memcheck ]] && options+=(--report-api-errors no)
  shift 2
  timeout "${TIMEOUT:-600}" "$sanitizer" "${options[@]}" "$@" >"$log" 2>&1
}
found() { # LOG: the tool's summary counts something
  grep -qE 'ERROR SUMMARY: [1-9]|RACECHECK SUMMARY: [1-9]' "$1"
}
clean() { # LOG: the tool's summary is there, and counts nothing
  ! found "$1" && grep -qE 'ERROR SUMMARY: 0 |RACECHECK SUMMARY: 0 ' "$1"
}
complain() {
  echo "FAILED: $1 ($2)"
  tail -n 40 "$2"
  failed=$((failed + 1))
}

failed=0 passed=0 planted_found=0
for tool in ${TOOLS:-memcheck racecheck synccheck initcheck}; do
  log=$build/$tool-planted.log
  sanitize "$tool" "$log" python3 "$here/planted.py" "$runtime" "$tool"
  if ! found "$log"; then
    complain "$tool did not find its planted mistake" "$log"
    continue
  fi
  what=$(grep -m1 -iE 'invalid|hazard|barrier error|uninitialized' "$log")
  echo "$tool: found its planted mistake: ${what#=========* }"

  if [[ -n ${PLANTED:-} ]]; then
    log=$build/$tool-planted-programs.log
    sanitize "$tool" "$log" python3 "$here/numerics.py" "$PLANTED" --sanitize --runtime "$runtime"
    found "$log" && planted_found=1 && echo "$tool: found a mistake in $PLANTED"
  fi

  log=$build/$tool.log
  sanitize "$tool" "$log" python3 "$here/numerics.py" "$manifest" --sanitize --runtime "$runtime" "$@"
  status=$?
  summary=$(grep -E '^[0-9]+ passed' "$log" | tail -n 1)
  if [[ $status == 0 ]] && clean "$log"; then
    echo "$tool: nothing found; $summary"
    passed=$((passed + 1))
  else
    complain "$tool, status $status; ${summary:-no summary}" "$log"
  fi
done
if [[ -n ${PLANTED:-} && $planted_found == 0 ]]; then
  echo "FAILED: no tool found anything in $PLANTED"
  failed=$((failed + 1))
fi
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
