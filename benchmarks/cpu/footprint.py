#!/usr/bin/env python3
"""Fused against unfused, peak memory against length, and compile time of attention on the CPU, through fovea-run.

  footprint.py [--bin build/release/bin] [--rounds 5] [--threads 2] [--out benchmarks/results/cpu-footprint.json]

A module's compile time is that of fovea-run, in a process of its own, which also loads and first touches the compiler, and
that of fovea-bench for the second module of a process.

Unfused is attn-unfused-to-llvm: whole score matrices and plain loops, which LLVM vectorizes, on one thread; so the
fused code is timed on one thread, too. Both are medians over rounds in turn, checked against the fp64 evaluation. The peak
resident memory is that of a process that compiles and calls the function once. Needs no other package.
"""
import argparse, json, os, pathlib, re, statistics, subprocess, sys, tempfile, time

sys.dont_write_bytecode = True
import contestants

HERE = pathlib.Path(__file__).resolve().parent
LENGTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)
MEMORY_LENGTHS = (1024, 2048, 4096, 8192, 16384, 32768)


def attention(heads, queries, keys, dim, causal, dtype="f32"):
    q, k = (f"tensor<1x{heads}x{length}x{dim}x{dtype}>" for length in (queries, keys))
    clause = "causal(bottom_right) " if causal else ""
    return (f"func.func @attention(%q: {q}, %k: {k}, %v: {k}, %out: {q}) -> {q} {{\n"
            f"  %o = attn.attention {clause}ins(%q, %k, %v : {q}, {k}, {k}) outs(%out : {q})\n  return %o : {q}\n}}\n")


class Runner:
    def __init__(self, binary):
        self.binary = binary

    def __call__(self, source, *options, threads):
        """Runs a module; returns (stdout, peak resident set in KiB)."""
        with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
            file.write(source)
            file.flush()
            process = subprocess.Popen([self.binary, file.name, *options], text=True, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT, env=dict(os.environ, FOVEA_NUM_THREADS=str(threads)))
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise SystemExit(f"fovea-run failed:\n{output}")
            return output, usage.ru_maxrss


def median_ms(output):
    return float(re.search(r"median ([0-9.]+) ms", output).group(1))


def compile_times(options, run, dtype, causal):
    """Milliseconds of the first and the second module of a process: static shapes, 8 heads, length 1024, D 64."""
    first, second = [], []
    for _ in range(9):
        output = run(attention(8, 1024, 1024, 64, causal, dtype), threads=options.threads)[0]
        parts = re.search(r"compiled in (\d+) ms \(passes (\d+), LLVM (\d+)\)", output).groups()
        first.append([int(x) for x in parts])
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            subprocess.run([f"{options.bin}/fovea-bench", "--target=cpu", f"--dtype={dtype}", "--heads=8", "--head-dim=64",
                            "--queries=256,1024", f"--causal={'bottom_right' if causal else 'none'}", "--rounds=1",
                            "--calls=3", "--peak-flops=1e12", "--bandwidth=1e10", f"--json={file.name}"],
                           check=True, capture_output=True)
            second.append(1e3 * json.load(open(file.name))["cells"][1]["compile_seconds"])
    total, passes, llvm = (statistics.median(column) for column in zip(*first))
    return dict(total=total, passes=passes, llvm=llvm, second=statistics.median(second), rounds=first,
                rounds_second=[round(x) for x in second])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(HERE.parents[1] / "build/release/bin"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--out", default=str(HERE.parent / "results/cpu-footprint.json"))
    parser.add_argument("--commit", help="if this is no clone")
    options = parser.parse_args()
    run = Runner(f"{options.bin}/fovea-run")

    fused = []
    for queries, keys in [(length, length) for length in LENGTHS] + [(1, 16), (1, 256), (1, 4096)]:
        heads = max(2, 1024 // keys)  # so that a call takes more than the microsecond that fovea-run shows
        source = attention(heads, queries, keys, 64, queries > 1)
        times = {"": [], "--unfused": []}
        checks = {form: re.search(r"(PASS|FAIL)", run(source, "--check", *form.split(), threads=1)[0]).group(0)
                  for form in times}
        for _ in range(options.rounds):
            for form in times:
                times[form].append(median_ms(run(source, *form.split(), "--repeat", "15", threads=1)[0]))
        fused.append(dict(queries=queries, keys=keys, heads=heads, dim=64, causal=queries > 1, checks=list(checks.values()),
                          fused_ms=statistics.median(times[""]), unfused_ms=statistics.median(times["--unfused"])))
    memory = []
    for length in MEMORY_LENGTHS:
        peak = run(attention(1, length, length, 64, True), threads=options.threads)[1]
        memory.append(dict(length=length, tensors_kib=4 * length * 64 * 4 // 1024, peak_kib=peak))
    compile_ms = {f"{dtype} {'causal' if causal else 'full'}": compile_times(options, run, dtype, causal)
                  for dtype in ("f32", "bf16", "f16") for causal in (False, True)}

    record = dict(date=time.strftime("%Y-%m-%d"), command="benchmarks/cpu/footprint.py",
                  commit=options.commit or contestants.commit_here(), binaries=options.bin,
                  cpu=contestants.cpu_name(), threads=options.threads,
                  rounds=options.rounds, fused=fused, memory=memory, compile_ms=compile_ms)
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")

    print("| heads | queries | keys | fused ms | unfused ms | ratio |\n|---|---|---|---|---|---|")
    for c in fused:
        print(f"| {c['heads']} | {c['queries']} | {c['keys']} | {c['fused_ms']:.3f} | {c['unfused_ms']:.3f} | "
              f"{c['unfused_ms'] / c['fused_ms']:.1f} |" + ("" if set(c["checks"]) == {"PASS"} else " WRONG"))
    print("peak resident KiB by length:", ", ".join(f"{m['length']}: {m['peak_kib']}" for m in memory))
    for name, c in compile_ms.items():
        print(f"compile, {name}: {c['total']:.0f} ms (passes {c['passes']:.0f}, LLVM {c['llvm']:.0f}), then {c['second']:.0f}")


if __name__ == "__main__":
    main()
