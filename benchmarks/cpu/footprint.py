#!/usr/bin/env python3
"""Times the CPU forward: fused against unfused, beside the FMA peak of the same run; memory against length; compile time.

  benchmarks/cpu/forward.py [--bin build/release/bin] [--rounds 5] [--threads 2] [--out benchmarks/results/cpu-forward.json]

Each cell is the median over rounds in rotated order of fovea-run's median of repeats. The peak is measured around every
round by fma-peak.mlir. Results of the timed shapes are checked against the fp64 evaluation once, before timing.
GFLOP/s count 4 * batch * heads * queries * keys * head dim operations; causal counts half.
"""
import argparse, json, os, pathlib, platform, re, resource, statistics, subprocess, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
LANES, CHAINS, ITERATIONS = 16, 24, 4_000_000


def attention(heads, length, dim, causal):
    t = f"tensor<1x{heads}x{length}x{dim}xf32>"
    clause = "causal " if causal else ""
    return (f"func.func @attention(%q: {t}, %k: {t}, %v: {t}, %out: {t}) -> {t} {{\n"
            f"  %o = attn.attention {clause}ins(%q, %k, %v : {t}, {t}, {t}) outs(%out : {t})\n  return %o : {t}\n}}\n")


class Runner:
    def __init__(self, binary, threads):
        self.binary, self.environment = binary, dict(os.environ, FOVEA_NUM_THREADS=str(threads))

    def __call__(self, source, *options):
        """Runs a module; returns (stdout, peak resident set in KiB)."""
        with tempfile.NamedTemporaryFile("w", suffix=".mlir") as file:
            file.write(source)
            file.flush()
            process = subprocess.Popen([self.binary, file.name, *options], env=self.environment, text=True,
                                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
            if status != 0:
                raise SystemExit(f"fovea-run failed:\n{output}")
            return output, usage.ru_maxrss


def median_ms(output):
    return float(re.search(r"median ([0-9.]+) ms", output).group(1))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(HERE.parents[1] / "build/release/bin"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", default=str(HERE.parent / "results/cpu-forward.json"))
    options = parser.parse_args()
    run = Runner(f"{options.bin}/fovea-run", options.threads)
    peak_source = (HERE / "fma-peak.mlir").read_text()

    def peak():
        ms = median_ms(run(peak_source, "--dim", f"threads={options.threads}", "--repeat", "3")[0])
        return 2 * LANES * CHAINS * ITERATIONS * options.threads / ms / 1e6

    heads = 8
    cells = [dict(dim=d, length=s, causal=c) for d in (64, 128) for s in (1024, 4096) for c in (False, True)]
    for cell in cells:
        source = attention(heads, cell["length"], cell["dim"], cell["causal"])
        checked = run(attention(2, min(cell["length"], 2048), cell["dim"], cell["causal"]), "--check")[0]
        cell.update(check=re.search(r"(PASS|FAIL)[^\n]*", checked).group(0), source=source, ms=[], peak=[])
    for r in range(options.rounds):
        for cell in cells[r % len(cells):] + cells[:r % len(cells)]:
            before = peak()
            cell["ms"].append(median_ms(run(cell["source"], "--repeat", "5")[0]))
            cell["peak"].append(max(before, peak()))
    for cell in cells:
        flops = 4 * heads * cell["length"] ** 2 * cell["dim"] * (0.5 if cell["causal"] else 1)
        ms = statistics.median(cell["ms"])
        cell["gflops"] = flops / ms / 1e6
        cell["share_of_peak"] = statistics.median(flops / m / 1e6 / p for m, p in zip(cell["ms"], cell["peak"]))
        if cell["length"] == 1024:
            cell["unfused_ms"] = median_ms(run(cell["source"], "--unfused", "--repeat", "3")[0])
        del cell["source"]

    memory = []
    for length in (1024, 2048, 4096, 8192, 16384, 32768):
        source = attention(1, length, 64, True)
        memory.append(dict(length=length, tensors_kib=4 * length * 64 * 4 // 1024, peak_kib=run(source)[1]))

    compile_ms = []
    for _ in range(7):
        output = run(attention(heads, 1024, 64, True))[0]
        found = re.search(r"compiled in (\d+) ms \(passes (\d+), LLVM (\d+)\)", output)
        compile_ms.append([int(x) for x in found.groups()])
    compile_ms = [statistics.median(column) for column in zip(*compile_ms)]

    cpu = next((l.split(":")[1].strip() for l in open("/proc/cpuinfo") if l.startswith("model name")), platform.machine())
    commit = subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], text=True, capture_output=True).stdout.strip()
    record = dict(date=time.strftime("%Y-%m-%d"), command="benchmarks/cpu/forward.py", commit=commit, cpu=cpu,
                  threads=options.threads, rounds=options.rounds, heads=heads, attention=cells, memory=memory,
                  compile_ms=dict(total=compile_ms[0], passes=compile_ms[1], llvm=compile_ms[2]))
    out = pathlib.Path(options.out)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(record, indent=1) + "\n")

    print(f"| D | S | causal | ms (min..max) | GFLOP/s | of FMA peak | unfused ms |\n|---|---|---|---|---|---|---|")
    for c in cells:
        print(f"| {c['dim']} | {c['length']} | {c['causal']} | {statistics.median(c['ms']):.2f} ({min(c['ms']):.2f}..{max(c['ms']):.2f}) "
              f"| {c['gflops']:.0f} | {c['share_of_peak']:.2f} | {c.get('unfused_ms', '')} |")
    print("peak resident KiB by length:", ", ".join(f"{m['length']}: {m['peak_kib']}" for m in memory))
    print(f"compile: {compile_ms[0]:.0f} ms (passes {compile_ms[1]:.0f}, LLVM {compile_ms[2]:.0f})")


if __name__ == "__main__":
    main()
