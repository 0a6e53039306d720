#!/bin/bash
# Numerics of all programs of a manifest, each in a process of its own, four at a time: test/device/each.sh MANIFEST [options]
# A hang or a fault costs one program, not the rest. One line for each, `N passed, N failed` of the programs last.
here=$(cd "$(dirname "$0")" && pwd)
manifest=$1
shift
logs=${LOGS:-$(mktemp -d)}
mkdir -p "$logs"
one() {
  name=$1
  shift
  timeout "${LIMIT:-120}" python3 "$here/numerics.py" "$manifest" --only "^$name\$" "$@" >"$logs/$name.log" 2>&1
  echo "$? $name: $(tail -n 1 "$logs/$name.log" | cut -c 1-200)"
}
export -f one
export here manifest logs
python3 -c 'import json, sys; [print(p["name"]) for p in json.load(open(sys.argv[1]))["programs"]]' "$manifest" |
  xargs -P 4 -I{} bash -c 'one "$@"' _ {} "$@" | tee "$logs/summary"
passed=$(grep -c '^0 ' "$logs/summary")
failed=$(grep -vc '^0 ' "$logs/summary")
echo "$passed passed, $failed failed"
[[ $failed == 0 ]]
