#!/usr/bin/env python3
"""Runs functions of a file on 1 to twice as many threads as there are processors; the results must be the same bytes.

  thread-counts.py fovea-run FILE FOLDER

A line `// CALL: options` of the file is one call of fovea-run; its results are counted from the file's own arrows.
The number of splits is part of the options: it decides which sums are formed, so it must not follow the machine here.
"""
import os, pathlib, re, subprocess, sys

program, source, folder = sys.argv[1], sys.argv[2], pathlib.Path(sys.argv[3])
folder.mkdir(parents=True, exist_ok=True)
cores = len(os.sched_getaffinity(0))
counts = sorted({1, 2, 3, 4, cores, cores + 1, 2 * cores})
text = pathlib.Path(source).read_text()
calls = re.findall(r"^// CALL: (.+)$", text, re.M)
assert calls, "nothing to call"
for number, call in enumerate(calls):
    entry = re.search(r"--entry (\w+)", call).group(1)
    results = re.search(rf"func\.func @{entry}\(.*?\)\s*->\s*(\(.*?\)|\S+)\s*\{{", text, re.S).group(1).count("tensor<")
    first = None
    for threads in counts:
        paths = [folder / f"{number}.{threads}.{result}.npy" for result in range(results)]
        check = ["--check"] if threads == counts[0] else []
        command = [program, source, *check, "--repeat", "3", *call.split()] + [f"--output={path}" for path in paths]
        made = subprocess.run(command, env=dict(os.environ, FOVEA_NUM_THREADS=str(threads)), text=True,
                              capture_output=True)
        if made.returncode:
            sys.exit(f"FOVEA_NUM_THREADS={threads} {' '.join(command)}\n{made.stdout}{made.stderr}")
        contents = [path.read_bytes() for path in paths]
        first = first or contents
        if contents != first:
            sys.exit(f"{call}: the results on {threads} threads differ from those on {counts[0]}")
print(f"{len(calls)} calls are the same bytes on {', '.join(map(str, counts))} threads")
