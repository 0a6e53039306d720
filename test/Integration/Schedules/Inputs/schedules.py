"""Proves that kernels are compiled and not templates: random schedules, each right or refused by a rule.

schedules.py FOVEA_RUN FOVEA_COMPILE [PTXAS] [--count=N] [--seed=S] [--only=NUMBER] [--programs=FOLDER]
             [--false-rejections]

A schedule is drawn with its tile, mask and sizes. What cta-verify-schedule (or a pass before it) refuses must name the
rule. What it accepts must, after all passes but the last, compute what the evaluator does (fovea-run
--interpret=barriers), and be clean in ptxas: no spills, no message but C7519. `--programs` also writes accepted ones as
a manifest of test/device/numerics.py; `--false-rejections` counts how many of what rule 7 refuses ptxas would have
compiled clean: the rule is a model of ptxas that errs on this side. A failure prints the line that draws the schedule again.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

DIRTY = re.compile(r"C75(?!19)\d\d|C76\d\d|error|[1-9]\d* bytes spill")
MASKS = ["", "causal(top_left)", "causal(bottom_right)", "align(bottom_right) window(70, 20)"]


def draw(seed, number):
    rng = random.Random(f"{seed}:{number}")
    warpgroups = rng.choice([1, 2, 2, 2, 3, 3, 4])
    case = {"warpgroups": warpgroups, "stages": rng.choice([1, 2, 2, 3, 4]), "overlap": rng.random() < 0.75,
            "ping_pong": rng.random() < 0.4, "flatten": rng.random() < 0.45,
            "output_over_query": rng.random() < 0.3,
            "scheduler": rng.choice(["grid", "static", "static", "dynamic", "dynamic"]),
            "order": rng.choice(["ascending", "descending"]), "section_tiles": rng.choice([0, 0, 1, 3, 130])}
    case["query_stages"] = 2 if case["flatten"] else rng.choice([1, 1, 2])
    if case["flatten"] and rng.random() < 0.1:
        case["query_stages"] = 1
    # Most persistent loops are wanted with a scheduler that has a loop; some are not, to be refused.
    if case["flatten"] and case["scheduler"] == "grid" and rng.random() < 0.8:
        case["scheduler"] = "static"
    case["blocks_per_sm"] = rng.choice([1, 1, 1, 1, 2, 3]) if warpgroups < 3 else 1
    registers = {1: (24, 240), 2: (24, 240), 3: (32, 160), 4: (24, 112)}[warpgroups]
    if case["blocks_per_sm"] == 1 and rng.random() < 0.3:
        case["producer_registers"], case["consumer_registers"] = rng.choice(
            [registers, (registers[0], registers[1] + 8), (registers[0] + 16, registers[1] - 8), (40, 232), (24, 128)])
    tile_m = 64 * warpgroups * rng.choice([1, 1, 1, 2])
    tile_n = rng.choice([16, 32, 48, 64, 64, 80, 80, 96, 112, 128, 128, 160, 192, 256])
    return {"schedule": case, "tile_m": tile_m, "tile_n": tile_n, "rescale": rng.choice([0, 0, 8]),
            "dim": rng.choice([128] * 6 + [64, 96]), "type": rng.choice(["bf16", "f16"]), "mask": rng.choice(MASKS),
            "lse": rng.random() < 0.5, "batch": rng.choice([1, 2]), "queries": rng.choice([1, 100, 257, 400]),
            "keys": rng.choice([1, 100, 200, 333, 512])}


def module(case):
    query, key = (f"tensor<?x2x?x{case['dim']}x{case['type']}>", f"tensor<?x1x?x{case['dim']}x{case['type']}>")
    named = lambda length: f' {{fovea.dims = ["batch", "*", "{length}", "*"]}}'
    arguments = [f"%q: {query}{named('queries')}", f"%k: {key}{named('keys')}", f"%v: {key}{named('keys')}",
                 f"%o: {query}{named('queries')}"]
    types, outputs = query, "%o"
    if case["lse"]:
        arguments.append('%l: tensor<?x2x?xf32> {fovea.dims = ["batch", "*", "queries"]}')
        types, outputs = query + ", tensor<?x2x?xf32>", "%o, lse %l"
    count = 1 + case["lse"]
    returned = ", ".join(f"%r#{i}" for i in range(count))
    return (f"func.func @attention({', '.join(arguments)}) -> ({types}) {{\n"
            f"  %r:{count} = attn.attention {case['mask']} ins(%q, %k, %v : {query}, {key}, {key}) "
            f"outs({outputs} : {types})\n  return {returned} : {types}\n}}\n")


def pipeline_options(case):
    text = {True: "true", False: "false"}
    fields = ", ".join(f"{name} = {text.get(value, value) if isinstance(value, bool) else value}"
                       for name, value in case["schedule"].items())
    return (f"schedule='#cta.schedule<{fields}>' tile-m={case['tile_m']} tile-n={case['tile_n']} "
            f"rescale-log2={case['rescale']}")


def manifest_entry(name, case):
    kind = {"causal(top_left)": {"causal": "top_left"}, "causal(bottom_right)": {"causal": "bottom_right"},
            "align(bottom_right) window(70, 20)": {"align": "bottom_right", "window": [70, 20]}}
    return {"name": name, "program": f"{name}.fovea", "dtype": case["type"],
            "args": ["q", "k", "v", "o"] + (["lse"] if case["lse"] else []),
            "dims": {"dim": case["dim"], "heads": 2, "kv_heads": 1}, "semantics": kind.get(case["mask"], {}),
            "rescale": "conditional" if case["rescale"] else "exact"}


def run(number, options, folder):
    """(verdict, detail) of a schedule: "clean", "rule N" or what failed."""
    case = draw(options.seed, number)
    source = folder / f"{number}.mlir"
    source.write_text(module(case))
    pipeline = f"--pipeline-options={pipeline_options(case)}"
    ran = subprocess.run([options.fovea_run, str(source), "--interpret=barriers", "--check", f"--seed={number}", pipeline,
                          *(f"--dim={dim}={case[dim]}" for dim in ("batch", "queries", "keys"))],
                         capture_output=True, text=True)
    errors = "\n".join(line for line in ran.stderr.splitlines() if "error" in line)
    if ran.returncode not in (0, 1) or "PLEASE submit a bug report" in ran.stderr:
        return "crash", ran.stderr[-600:]
    if ran.returncode == 1 and "result 0" not in ran.stdout:
        rule = re.search(r"rule \d+", errors)
        if rule and rule[0] == "rule 7" and options.false_rejections:
            return ("rule 7 without need" if is_clean(source, pipeline + " verify-schedule=false", options) else
                    "rule 7"), errors[:300]
        return (rule[0] if rule else "refused without a rule"), errors[:300]
    if ran.returncode == 1 and not lags(case, ran.stdout):
        return "wrong", ran.stdout[-600:]
    if not options.ptxas:
        return "clean", ""
    ptx = folder / f"{number}.ptx"
    made = subprocess.run([options.fovea_compile, str(source), "--emit", "ptx", "-o", str(ptx), pipeline],
                          capture_output=True, text=True)
    if made.returncode != 0:
        return "not lowered", made.stderr[:600]
    log = subprocess.run([options.ptxas, "-v", "-arch=sm_90a", str(ptx), "-o", str(folder / f"{number}.cubin")],
                         capture_output=True, text=True)
    log = log.stdout + log.stderr
    bad = [line for line in log.splitlines() if DIRTY.search(line)]
    if bad or "Used" not in log:
        return "not clean in ptxas", "\n".join(bad)[:400]
    if options.programs:
        name = f"schedule-{number}"
        subprocess.run([options.fovea_compile, str(source), "--emit", "cuda-program", "-o",
                        str(options.programs / f"{name}.fovea"), pipeline], check=True)
        options.entries.append(manifest_entry(name, case))
    return "clean", ""


def is_clean(source, pipeline, options):
    ptx = source.with_suffix(".ptx")
    made = subprocess.run([options.fovea_compile, str(source), "--emit", "ptx", "-o", str(ptx), pipeline],
                          capture_output=True, text=True)
    log = subprocess.run([options.ptxas, "-v", "-arch=sm_90a", str(ptx), "-o", str(source.with_suffix(".cubin"))],
                         capture_output=True, text=True)
    return made.returncode == 0 and log.returncode == 0 and not DIRTY.search(log.stdout + log.stderr)


def lags(case, report):
    """With conditional rescale the greatest weight of a row is rounded and not 1; 3 times the maximum error of the
    unfused evaluation is allowed instead of 2 (test/Integration/Tiles/Inputs/grid.py)."""
    failed = [line for line in report.splitlines() if ": FAIL" in line]
    excess = [re.search(r": max error (\S+) > (\S+) at", line) for line in failed]
    return bool(failed) and case["rescale"] > 0 and all(e and float(e[1]) <= 1.5 * float(e[2]) for e in excess)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("fovea_run")
    parser.add_argument("fovea_compile")
    parser.add_argument("ptxas", nargs="?")
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", type=int)
    parser.add_argument("--show", action="store_true", help="what each schedule came to")
    parser.add_argument("--programs", type=pathlib.Path)
    parser.add_argument("--false-rejections", action="store_true")
    options = parser.parse_args()
    options.entries = []
    if options.programs:
        options.programs.mkdir(parents=True, exist_ok=True)
    numbers = range(options.count) if options.only is None else [options.only]
    verdicts, failed = collections.Counter(), 0
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = pool.map(lambda number: run(number, options, pathlib.Path(folder)), numbers)
        for number, (verdict, detail) in zip(numbers, results):
            verdicts[verdict] += 1
            bad = verdict != "clean" and not verdict.startswith("rule")
            failed += bad
            if bad or options.show or options.only is not None:
                case = draw(options.seed, number)
                print(f"{number}: {verdict}: {pipeline_options(case)} dim {case['dim']} {case['mask']}\n  {detail}")
            if bad:
                print(f"  again: {sys.argv[0]} {' '.join(sys.argv[1:4])} --seed={options.seed} --only={number}")
    if options.programs:
        (options.programs / "manifest.json").write_text(json.dumps({"programs": options.entries}, indent=1) + "\n")
    print(f"{len(numbers)} schedules: " + ", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    print(f"{failed} failures")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
