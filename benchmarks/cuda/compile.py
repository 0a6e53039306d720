#!/usr/bin/env python3
"""How long compiling takes: each program of a folder, in a process of its own, without the kernel cache.

  compile.py FOVEA_RUN FOLDER [--only REGEX] [--repeats 5] [--target cuda] [--out results/h200-compile.json] [--commit HASH]

FOLDER is what test/device/programs.py wrote. The time is that of `fovea-run`: from IR to a loaded kernel, with passes,
LLVM and assembler; the process's start is not in it. Prints the median of each program and the median of medians.
"""
import argparse, datetime, json, os, pathlib, re, statistics, subprocess, sys


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runner")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--target", default="cuda")
    parser.add_argument("--out", type=pathlib.Path)
    parser.add_argument("--commit", default="unknown")
    options = parser.parse_args()
    names = [p["name"] for p in json.loads((options.folder / "manifest.json").read_text())["programs"]
             if re.search(options.only, p["name"])]
    times, lines = {}, {}
    for name in names:
        command = [options.runner, str(options.folder / f"{name}.mlir"), "--target", options.target,
                   *(f"--dim={dim}=128" for dim in ("batch", "queries", "keys"))]
        keys = re.search(r"-(\d+)$", name)
        command.append(f"--pipeline-options=keys={keys[1] if keys else 4096}")
        times[name] = []
        for _ in range(options.repeats):
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "FOVEA_CACHE_DIR": "off"})
            found = re.search(r"compiled in (\d+) ms.*", done.stdout + done.stderr)
            if done.returncode != 0 or not found:
                print(f"{name}: status {done.returncode}: {(done.stderr or done.stdout).strip()[:400]}")
                break
            times[name].append(int(found[1]))
            lines[name] = found[0]
        if times[name]:
            print(f"{name}: {statistics.median(times[name]):.0f} ms ({min(times[name])}..{max(times[name])}): "
                  f"{lines[name]}", flush=True)
    medians = [statistics.median(taken) for taken in times.values() if taken]
    if not medians:
        return 1
    print(f"median of {len(medians)} programs: {statistics.median(medians):.0f} ms, at most {max(medians):.0f} ms")
    if options.out:
        options.out.write_text(json.dumps({
            "date": datetime.date.today().isoformat(), "commit": options.commit, "command": " ".join(sys.argv),
            "median_ms": statistics.median(medians), "greatest_ms": max(medians), "programs": times,
            "last": lines}, indent=1) + "\n")
    return len(medians) != len(names)


if __name__ == "__main__":
    sys.exit(main())
