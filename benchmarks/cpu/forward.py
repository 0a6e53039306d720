#!/usr/bin/env python3
"""Times attention on the CPU beside PyTorch, in one process: python3 with torch.

  forward.py --bin build/release/bin --out benchmarks/results/cpu-forward            (the grid in f32, in one go)
  forward.py --cells 'f32/64/.*/1x8' --seconds 60 --out ...                           (some of it; repeat to go on)
  forward.py --mask alibi softcap window --dim 64 --length 2048 --heads 1x8 --flex --out benchmarks/results/cpu-regions
  forward.py --dtype bf16 f16 --out benchmarks/results/cpu-forward-16
  forward.py --self-test                                                              (no torch)

A cell is DTYPE/DIM/MASK/BATCHxHEADS/LENGTH. Each contestant first computes into an output of NaN and is checked: rows
of several heads against float64 (../cuda/judge.py), no NaN anywhere, and all of it against PyTorch's result. Then come
rounds in rotated order: a pause, in which the other's threads go to sleep, two calls to warm up, and the median of
further calls on the same tensors, which are random. The rate of multiply-adds in registers is measured around every
round, because a shared machine's speed changes within seconds; a round that begins or ends below --calm of the best rate
of the record is repeated, at most three times as often as there are rounds ("disturbed" in the record).

OUT.json holds every round, and OUT.md and OUT.svg show it. A cell that is in OUT.json is not measured again (unless
with --again), so that a long run may be cut into calls of --seconds. GFLOP/s count 4 * batch * heads * queries * keys * head
dim operations, for causal half of that, for other masks and score functions all of it.
"""
import argparse, json, os, pathlib, re, shlex, statistics, sys, tempfile, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[1:1] = [str(HERE.parent / "cuda")]
sys.dont_write_bytecode = True
import contestants, judge, report  # the first beside this file, the others of benchmarks/cuda

LENGTHS, DIMS, HEADS = (512, 1024, 2048, 4096, 8192), (64, 128), ((1, 1), (1, 8))
BLOCK = 32  # rows that are checked at a time
CONDITIONAL = {"bf16": "conditional", "f16": "conditional", "f32": "exact"}  # how the maximum may move (S12)


def cells_of(options):
    """(key, what it is) in the order they are measured, short ones first."""
    for dtype in options.dtype:
        for length in options.length:
            for dim in options.dim:
                for batch, heads in options.heads:
                    for mask in options.mask:
                        causal = mask == "causal"
                        yield f"{dtype}/{dim}/{mask}/{batch}x{heads}/{length}", dict(
                            mode=f"{batch}x{heads}", dtype=dtype, dim=dim, mask=mask, causal=causal, batch=batch,
                            heads=heads, length=length, unit="GFLOP/s",
                            flops=report.flops(batch, heads, length, dim, causal))


def rotated(names, turn, rounds):
    at = turn * len(names) // max(1, rounds)
    return names[at:] + names[:at]


# --- Checks of the timed shapes ---


def scores_of(torch, cell, q, k, head, rows, precision):
    """The masked scores of some query rows of one head, by the definition."""
    scores = (q.to(precision) @ k.to(precision).T) * cell["dim"] ** -0.5
    i, j = torch.arange(cell["length"])[rows, None], torch.arange(cell["length"])
    if cell["mask"] == "softcap":
        scores = contestants.SOFTCAP * torch.tanh(scores / contestants.SOFTCAP)
    if cell["mask"] == "alibi":
        scores = scores - contestants.slopes(torch, cell["heads"])[head].to(precision) * (i - j).abs()
    if cell["mask"] in ("causal", "window"):
        seen = (j <= i) if cell["mask"] == "causal" else (j <= i) & (i - j <= contestants.WINDOW)
        scores = scores.masked_fill(~seen, -torch.inf)
    return scores


# --- The record ---


class Record:
    def __init__(self, options, about):
        self.prefix, self.data = pathlib.Path(options.out), dict(about, cells={})
        if self.path("json").exists():
            old = json.loads(self.path("json").read_text())
            for key in ("cpu", "threads", "torch"):
                if old.get(key) != about[key]:
                    raise SystemExit(f"{self.path('json')}: measured with {key} {old.get(key)}, not {about[key]}")
            self.data["cells"] = old["cells"]
            runs = old.get("commands", [])
            self.data["commands"] = runs + [command for command in about["commands"] if command not in runs]
            self.data["commits"] = list(dict.fromkeys(old.get("commits", []) + about["commits"]))

    def path(self, suffix):
        return self.prefix.with_name(self.prefix.name + "." + suffix)

    def cells(self):
        """In the order of a table, whatever the order of measuring."""
        key = lambda c: (list(contestants.DTYPES).index(c["dtype"]), c["dim"], c["batch"] * c["heads"], c["mask"],
                         c["length"])
        return sorted(self.data["cells"].values(), key=key)

    def about(self):
        return (f"{self.data['cpu']}, {self.data['threads']} threads, torch {self.data['torch']}, {self.data['date']}, "
                f"commit {', '.join(self.data['commits'])}")

    def write(self):
        for suffix, text in (("json", report.dump(self.data)), ("md", f"{self.about()}\n\n{table(self.cells())}"),
                             ("svg", report.plot([c for c in self.cells() if c["mask"] in ("full", "causal")],
                                                 f"Forward, GFLOP/s: {self.about()}"))):
            made = self.path(suffix + ".new")
            made.parent.mkdir(parents=True, exist_ok=True)
            made.write_text(text)
            os.replace(made, self.path(suffix))


def share_of_peak(cell, unit):
    """The median over the rounds of our rate over the peak that was measured around the round."""
    rounds = cell["contestants"].get("fovea", {}).get("rounds", [])
    shares = [cell["flops"] / statistics.median(times) / 1e6 / peak
              for times, peak in zip(rounds, cell["peaks"].get(unit, []))]
    return statistics.median(shares) if shares else None


def peak_unit(cells):
    """Whose peak bounds these cells, all of one dtype."""
    units = {"bf16": ("amx", "pairs", "fma"), "f16": ("amx", "fma")}.get(cells[0]["dtype"], ("fma",))
    return max(units, key=lambda unit: max((peak for c in cells for peak in c["peaks"].get(unit, [])), default=0))


def best_ratio(cell):
    """Ours over the better of PyTorch's two."""
    found = [r for r in (report.ratio(cell, "fovea", name) for name in ("sdpa", "flex")) if r]
    return min(found) if found else None


def table(cells):
    """One Markdown table for each dtype and mask, with geometric means."""
    lines = []
    groups = {}
    for cell in cells:
        groups.setdefault((cell["dtype"], cell["mask"]), []).append(cell)
    for (dtype, mask), rows in groups.items():
        others = [name for name in ("sdpa", "flex") if any(report.figures(c, name) for c in rows)]
        unit = peak_unit(rows)
        titles = ["fovea, GFLOP/s (least..most)"] + [f"{report.TITLES[n]}" for n in others] + \
            [f"/ {report.TITLES[n]}" for n in others] + [f"of the {unit.upper()} peak", "fovea, ms", "max error"]
        lines += ["", f"Forward, {dtype}, {mask}: medians of rounds", "",
                  "| D | batch x heads | S | " + " | ".join(titles) + " |", "|---|---|---|" + "---|" * len(titles)]
        for cell in rows:
            data = cell["contestants"].get("fovea", {})
            found = report.figures(cell, "fovea")
            texts = ["failed" if not found else f"{found[0]:.0f} ({found[1]:.0f}..{found[2]:.0f})" +
                     report.status(cell, "fovea")]
            texts += [report.number(report.rate(cell, n)) for n in others]
            texts += [report.number(report.ratio(cell, "fovea", n), 2) for n in others]
            error = data.get("check", {}).get("max")
            texts += [report.number(share_of_peak(cell, unit), 2),
                      report.number(found and cell["flops"] / found[0] / 1e6, 3),
                      "-" if error is None else f"{error:.1e}"]
            lines.append(f"| {cell['dim']} | {cell['mode']} | {cell['length']} | " + " | ".join(texts) + " |")
        for dims, what in [((64, 128), "D 64 and 128")] + [((d,), f"D {d}") for d in sorted({c["dim"] for c in rows})]:
            chosen = [c for c in rows if c["dim"] in dims]
            means = [report.geometric_mean([report.ratio(c, "fovea", n) for c in chosen]) for n in others]
            mean_share = report.geometric_mean([share_of_peak(c, unit) for c in chosen])
            if chosen and others:
                lines.append(f"| {what} | geometric mean | | |" + " |" * len(others) + " " +
                             " | ".join(f"**{report.number(m, 2)}**" for m in means) +
                             f" | {report.number(mean_share, 2)} | | |")
    return "\n".join(lines).strip() + "\n"


# --- Measuring ---


def measure(torch, options, cell, makers, peaks, key):
    torch.manual_seed(sum(map(ord, key)))
    shape = (cell["batch"], cell["heads"], cell["length"], cell["dim"])
    dtype = getattr(torch, contestants.DTYPES[cell["dtype"]])
    q, k, v = (torch.randn(shape).to(dtype) for _ in range(3))
    chosen = judge.samples(torch, q, v, BLOCK, 13, lambda b, h, rows, precision: scores_of(
        torch, cell, q[b, h, rows], k[b, h], h, rows, precision))
    whole, ready, seconds = None, {}, {}
    cell["contestants"] = {}
    for name, make in makers.items():
        begin = time.perf_counter()
        try:
            ready[name] = make(cell, q, k, v)
            out = ready[name]()
        except Exception as error:
            cell["contestants"][name] = dict(ok=False, reason=f"{type(error).__name__}: {error}"[:500])
            ready.pop(name, None)
            print(f"  {name}: {cell['contestants'][name]['reason'][:200]}", flush=True)
            continue
        first = time.perf_counter() - begin
        found, complaints = judge.check(torch, out, chosen, cell["dtype"],
                                        CONDITIONAL[cell["dtype"]] if name == "fovea" else "exact", whole,
                                        ("to_torch", "PyTorch"), 1e-5 if cell["dtype"] == "f32" else 1e-2)
        whole = out.clone() if whole is None and name == "sdpa" else whole
        cell["contestants"][name] = dict(ok=not complaints, check=found, complaints=complaints,
                                         first_seconds=round(first, 3), rounds=[])
        for complaint in complaints:
            print(f"  {name}: {complaint}", flush=True)
        begin = time.perf_counter()
        ready[name]()
        seconds[name] = time.perf_counter() - begin
    cell.update(peaks={}, disturbed=0)
    before = peaks.measure(time.perf_counter)
    turn = 0
    while turn < options.rounds and ready:
        times = {}
        for name in rotated(list(ready), turn, options.rounds):
            time.sleep(options.pause)
            for _ in range(2 if seconds[name] < 0.1 else 1):
                ready[name]()
            times[name] = []
            for _ in range(max(2, min(200, int(options.burst / seconds[name])))):
                begin = time.perf_counter()
                ready[name]()
                times[name].append(1e3 * (time.perf_counter() - begin))
        time.sleep(options.pause)
        after = peaks.measure(time.perf_counter)
        best = peaks.best = max(peaks.best, before["fma"], after["fma"])
        calm = min(before["fma"], after["fma"]) >= options.calm * best
        if not calm and cell["disturbed"] < 3 * options.rounds:
            cell["disturbed"] += 1  # by another program: the machine was slower than it can be
            time.sleep(options.pause * cell["disturbed"])
            before = peaks.measure(time.perf_counter)
            continue
        for name in times:
            cell["contestants"][name]["rounds"].append([float(f"{t:.4g}") for t in times[name]])
        for unit in after:
            cell["peaks"].setdefault(unit, []).append(round((before[unit] + after[unit]) / 2, 1))
        before = after
        turn += 1
    # A line of 200 times says no more than its quartiles.
    for data in cell["contestants"].values():
        data["rounds"] = [r if len(r) <= 5 else [float(f"{x:.4g}") for x in statistics.quantiles(r, n=4)]
                          for r in data.get("rounds", [])]


def flags():
    for line in open("/proc/cpuinfo"):
        if line.startswith("flags"):
            kinds = ("avx2", "avx512f", "avx512_bf16", "avx512_fp16", "amx_bf16", "amx_fp16")
            return [flag for flag in kinds if flag in line.split()]
    return []


def run(options):
    start = time.monotonic()
    os.environ["FOVEA_NUM_THREADS"] = str(options.threads)
    import torch
    torch.set_num_threads(options.threads)
    torch.set_grad_enabled(False)
    commit = options.commit or contestants.commit_here()
    record = Record(options, dict(
        date=time.strftime("%Y-%m-%d"), cpu=contestants.cpu_name(), flags=flags(), threads=options.threads,
        torch=torch.__version__,
        commands=[shlex.join(["benchmarks/cpu/forward.py", *sys.argv[1:]])], commits=[commit], rounds=options.rounds,
        calm=options.calm, pause=options.pause, burst=options.burst, options=options.pipeline_options))
    compiler = contestants.Compiler(options.bin, options.threads, options.pipeline_options)
    makers = {"sdpa": lambda *a: contestants.Sdpa(torch, *a),
              "fovea": lambda *a: contestants.Fovea(torch, compiler, *a)}
    if options.flex:
        makers["flex"] = lambda *a: contestants.Flex(torch, *a)
    peaks = contestants.Peaks(torch, compiler, options.threads, matrix=any(d != "f32" for d in options.dtype))
    peaks.best = max([rate for cell in record.data["cells"].values() for rate in cell["peaks"]["fma"]], default=0.0)
    left, wrong = 0, []
    for key, cell in cells_of(options):
        if not re.search(options.cells, key) or (key in record.data["cells"] and not options.again):
            continue
        if options.seconds and time.monotonic() - start > options.seconds:
            left += 1
            continue
        chosen = {n: m for n, m in makers.items() if n != "sdpa" or cell["mask"] in ("full", "causal")}
        measure(torch, options, cell, chosen, peaks, key)
        cell["commit"] = commit
        record.data["cells"][key] = cell
        record.write()
        rates = {name: report.figures(cell, name) for name in cell["contestants"]}
        print(f"{key}: " + ", ".join(f"{name} {found[0]:.0f} ({found[1]:.0f}..{found[2]:.0f})"
                                     for name, found in rates.items() if found) +
              f"; / best {report.number(best_ratio(cell), 2)}"
              f"; of the {peak_unit([cell]).upper()} peak {report.number(share_of_peak(cell, peak_unit([cell])), 2)}" +
              ("" if cell["contestants"]["fovea"]["ok"] else "; WRONG"), flush=True)
        wrong += [] if cell["contestants"]["fovea"]["ok"] else [key]
    print(f"{record.path('json')}: {len(record.data['cells'])} cells, {left} left of those asked for; "
          f"{time.monotonic() - start:.0f} s", flush=True)
    return 1 if wrong else 0


def parse(arguments):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    pair = lambda text: tuple(int(n) for n in text.split("x", 1))
    parser.add_argument("--bin", default=str(HERE.parents[1] / "build/release/bin"), help="where fovea-compile is")
    parser.add_argument("--out", default=str(HERE.parent / "results/cpu-forward"))
    parser.add_argument("--dtype", nargs="+", default=["f32"], choices=list(contestants.DTYPES))
    parser.add_argument("--dim", nargs="+", type=int, default=list(DIMS))
    parser.add_argument("--length", nargs="+", type=int, default=list(LENGTHS))
    parser.add_argument("--heads", nargs="+", type=pair, default=list(HEADS), metavar="BATCHxHEADS")
    parser.add_argument("--mask", nargs="+", default=["full", "causal"], choices=list(contestants.CLAUSES))
    parser.add_argument("--flex", action="store_true", help="FlexAttention as well; compiles for 5 to 25 s a cell")
    parser.add_argument("--cells", default="", help="only those whose name has this regular expression in it")
    parser.add_argument("--again", action="store_true", help="measure what the record has already")
    parser.add_argument("--seconds", type=float, help="start no further cell after so long")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--burst", type=float, default=0.15, help="seconds of calls per contestant and round")
    parser.add_argument("--pause", type=float, default=0.02)
    parser.add_argument("--calm", type=float, default=0.85, help="share of the best peak that a round needs")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--pipeline-options", default="", help="of attn-to-llvm")
    parser.add_argument("--commit", help="if this is no clone")
    parser.add_argument("--self-test", action="store_true", help="of what needs no torch")
    parser.add_argument("--print-modules", action="store_true", help="what would be compiled, for small sizes")
    return parser.parse_args(arguments)


def self_test():
    """What can be tested without torch: the cells, the record and its tables."""
    report.self_test()
    options = parse(["--dtype", "f32", "bf16", "--heads", "1x1", "2x8", "--mask", "full", "causal", "alibi"])
    cells = dict(cells_of(options))
    assert len(cells) == 2 * 2 * 2 * 3 * 5 and cells["bf16/128/causal/2x8/512"]["heads"] == 8
    assert cells["f32/64/causal/1x1/512"]["flops"] * 2 == cells["f32/64/alibi/1x1/512"]["flops"]
    text = contestants.source(cells["f32/64/alibi/2x8/512"])
    assert "alibi(%slopes : tensor<8xf32>)" in text and "%slopes: tensor<8xf32>, %out" in text
    made = []
    for key, rate, ok in (("f32/64/full/1x1/512", 300, True), ("f32/64/full/1x1/1024", 400, True),
                          ("f32/128/causal/2x8/512", 200, False)):
        at = lambda gflops: {"ok": ok, "check": {"max": 1e-6}, "rounds": [[cells[key]["flops"] / gflops / 1e6] * 3] * 2}
        made.append(dict(cells[key], contestants={"fovea": at(rate), "sdpa": at(200)}, peaks={"fma": [400, 500]}))
    close = lambda a, b: abs(a - b) < 1e-9 * abs(b)
    assert close(report.ratio(made[0], "fovea", "sdpa"), 1.5) and report.ratio(made[2], "fovea", "sdpa") is None
    assert close(share_of_peak(made[1], "fma"), (1 + 0.8) / 2) and share_of_peak(made[1], "amx") is None
    text = table(made)
    assert "| 64 | 1x1 | 512 | 300 (300..300) | 200 | 1.50 | 0.68 |" in text, text
    assert "200 (200..200) WRONG" in text and "**1.73**" in text, text
    for line in text.splitlines():
        if line.startswith("|"):
            assert line.count("|") == report.columns_of(text, line), line
    with tempfile.TemporaryDirectory() as folder:
        options.out = f"{folder}/deep/forward"
        about = dict(cpu="c", threads=2, torch="t", date="d", commands=["first"], commits=["a"])
        record = Record(options, about)
        record.data["cells"]["f32/64/full/1x1/512"] = made[0]
        record.write()
        again = Record(options, dict(about, commands=["second"], commits=["a"]))
        assert again.data["commands"] == ["first", "second"] and again.data["commits"] == ["a"]
        assert again.cells()[0]["contestants"] == made[0]["contestants"]
        try:
            Record(options, dict(about, threads=3))
        except SystemExit:
            pass
        else:
            raise AssertionError("records of different machines are mixed")
        assert "<svg" in record.path("svg").read_text()
    print("forward.py: self-test passed")


def print_modules():
    """One of each dtype and mask, with `// -----` between them."""
    options = parse(["--dim", "64", "--length", "128", "--heads", "1x2", "--mask", *contestants.CLAUSES,
                     "--dtype", *contestants.DTYPES])
    print("// -----\n".join(contestants.source(cell) for _, cell in cells_of(options)), end="")


if __name__ == "__main__":
    chosen_options = parse(sys.argv[1:])
    if chosen_options.print_modules:
        print_modules()
    else:
        sys.exit(self_test() if chosen_options.self_test else run(chosen_options))
