#!/usr/bin/env python3
"""Times the forward beside cuDNN, flash, FlexAttention, Mosaic GPU and hand-scheduled kernels, in one process.

  forward.py --manifest programs.json --reference DIR --commit HASH --out results/forward
  forward.py --program bf16:128:causal:512-4096=DIR[,q,k,v,o,lse] ... --quick
  forward.py --self-test                                     (no GPU, no torch)

The manifest is that of test/device/numerics.py; its programs with `benchmark` are timed.

Every contestant of a cell first computes into outputs of NaN, and is checked: rows of several heads against float64, no
NaN anywhere, and all of it against cuDNN's result. Then come rounds in rotated order. Burst mode (the default): a pause
before each contestant, then the median of event-timed launches after two to warm up. --sustained: 0.25 s bursts without
pauses, so at the power limit; --mode burst sustained does both. Contestants that fail are recorded with the reason.

Writes OUT.json (all rounds, clocks, power, commands), OUT.md and OUT.svg after every cell. A hang, or a fault of the
device, ends the process with status 3; the same command with --resume then goes on without the culprit. Status 1: a
result of ours was wrong or failed. TFLOP/s count 4 * batch * heads * length^2 * head dim operations, causal half.
"""
import argparse, gc, json, os, pathlib, platform, shlex, statistics, sys, time

import contestants, judge, manifest, measure, report

LENGTHS = [512, 1024, 2048, 4096, 8192, 16384]
SLOW = ("flex", "mosaic")  # seconds of compilation in each cell
FIRST_LIMIT, LAUNCH_LIMIT = 180.0, 5.0
BLOCK = 128  # rows that a sample checks


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--manifest", action="append", default=[], help="programs; those with 'benchmark' are timed")
    parser.add_argument("--program", action="append", default=[], metavar="DTYPE:DIM:MASK:LOW-HIGH=FOLDER[,ROLES]")
    parser.add_argument("--runtime", help="libfovea_runtime.so; built from the sources if absent")
    parser.add_argument("--build-dir", default="/tmp/fovea-runtime")
    parser.add_argument("--reference", help="folder with reference.py")
    parser.add_argument("--dtype", nargs="+", default=["bf16", "f16"], choices=["bf16", "f16"])
    parser.add_argument("--dim", nargs="+", type=int, default=[128])
    parser.add_argument("--mask", nargs="+", default=["full", "causal"], choices=["full", "causal"])
    parser.add_argument("--lengths", nargs="+", type=int, default=None)
    parser.add_argument("--tokens", type=int, default=16384, help="batch * length")
    parser.add_argument("--heads", type=int, help="2048 / head dim if absent")
    parser.add_argument("--contestants", nargs="+", help="only these (fovea, reference, cudnn, flash, flex, mosaic)")
    parser.add_argument("--all-peers", action="store_true", help="flex and mosaic in f16 and sustained mode too")
    parser.add_argument("--mode", nargs="+", default=["burst"], choices=["burst", "sustained"])
    parser.add_argument("--sustained", dest="mode", action="store_const", const=["sustained"])
    parser.add_argument("--rounds", type=int, default=None, help="5, or 3 with --quick")
    parser.add_argument("--repeats", type=int, default=6, help="launches of a round")
    parser.add_argument("--pause", type=float, default=0.04, help="seconds before a contestant's launches (burst)")
    parser.add_argument("--burst-seconds", type=float, default=0.25, help="of a contestant's launches (sustained)")
    parser.add_argument("--quick", action="store_true", help="lengths 1024, 4096, 16384; 3 rounds")
    parser.add_argument("--commit", default="unknown")
    parser.add_argument("--note", default="")
    parser.add_argument("--out", default="forward", help="prefix of the files written")
    parser.add_argument("--resume", action="store_true", help="keep the cells that OUT.json has")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args(argv)
    options.rounds = options.rounds or (3 if options.quick else 5)
    options.lengths = options.lengths or ([1024, 4096, 16384] if options.quick else LENGTHS)
    return options


class Record:
    """What is written, and what a later process needs to go on after this one was lost."""

    def __init__(self, options, about):
        self.prefix = pathlib.Path(options.out)
        self.data = dict(about, cells={}, excluded={}, running=None)
        path = self.path("json")
        if options.resume and path.exists():
            old = json.loads(path.read_text())
            self.data.update(cells=old["cells"], excluded=old["excluded"])
            self.data["earlier"] = old.get("earlier", []) + [old["command"]]
            if old["running"]:
                key, name = old["running"]
                self.exclude(key, name, "the process ended while it ran")

    def path(self, suffix):
        return self.prefix.with_name(self.prefix.name + "." + suffix)

    def exclude(self, key, name, reason):
        """In this cell this contestant is not run again; without a name no contestant is."""
        self.data["excluded"].setdefault(key, {})[name or "*"] = reason
        self.data["running"] = None

    def excluded(self, key, name):
        found = self.data["excluded"].get(key, {})
        return found.get(name) or found.get("*")

    def start(self, key, name):
        self.data["running"] = [key, name]
        self.write()

    def cells(self):
        return list(self.data["cells"].values())

    def put(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        made = path.with_name(path.name + ".new")
        made.write_text(text)
        os.replace(made, path)

    def write(self, all=False):
        self.put(self.path("json"), report.dump(self.data))
        if all:
            about = f"{self.data.get('card')}, {self.data.get('date')}, commit {self.data.get('commit')}"
            self.put(self.path("md"), f"{about}\n\n{report.table(self.cells())}")
            self.put(self.path("svg"), report.plot(self.cells(), f"Forward, TFLOP/s: {about}"))


def cells_of(options):
    """The cells in the order they are measured: (key, what it is)."""
    for mode in options.mode:
        for dtype in options.dtype:
            for dim in options.dim:
                for mask in options.mask:
                    for length in options.lengths:
                        heads, batch = options.heads or max(1, 2048 // dim), max(1, options.tokens // length)
                        causal = mask == "causal"
                        yield f"{mode}/{dtype}/{dim}/{mask}/{length}", dict(
                            mode=mode, dtype=dtype, dim=dim, causal=causal, length=length, batch=batch, heads=heads,
                            flops=report.flops(batch, heads, length, dim, causal))


def rotated(names, round, rounds):
    at = round * len(names) // max(1, rounds)
    return names[at:] + names[:at]


# --- Checks of the timed shapes ---


def samples(torch, q, k, v, causal):
    """See judge.samples."""
    length, dim = q.shape[2:]

    def scores(b, h, rows, precision):
        found = (q[b, h, rows].to(precision) @ k[b, h].to(precision).T) * dim ** -0.5
        places = torch.arange(length, device=q.device)
        return found.masked_fill(~(places <= places[rows, None]), -torch.inf) if causal else found
    return judge.samples(torch, q, v, BLOCK, 37, scores)


# --- One cell ---


class Cell:
    def __init__(self, torch, options, record, watchdog, card, key, cell):
        self.torch, self.options, self.record, self.watchdog, self.card = torch, options, record, watchdog, card
        self.key, self.cell, self.ready = key, dict(cell, contestants={}), {}

    def fail(self, name, reason):
        reason = str(reason).strip()
        data = self.cell["contestants"].setdefault(name, {})
        data.update(reason=reason[:500], ok=False)
        data.pop("rounds", None)
        self.ready.pop(name, None)
        print(f"  {name}: {reason[:300]}", flush=True)

    def guard(self, name, error):
        """Records a contestant's failure; gives up if the device is no longer usable."""
        hung = isinstance(error, measure.Hang)
        reason = f"{type(error).__name__}: {error}"
        self.fail(name, reason)
        if not hung:
            try:
                with self.watchdog.limit(LAUNCH_LIMIT * 2, f"{self.key}: the device after {name} failed"):
                    self.torch.cuda.synchronize()
                return
            except RuntimeError as after:
                reason = f"{reason}; and then: {after}"
        self.record.exclude(self.key, name, reason)
        self.record.write()
        print(f"{self.key}: {name} made the device unusable; go on with --resume", flush=True)
        sys.stdout.flush()
        os._exit(3)

    def prepare(self, factories):
        """Makes, runs and checks every contestant."""
        torch, cell = self.torch, self.cell
        generator = torch.Generator("cuda").manual_seed(hash((cell["length"], cell["dim"])) & 0xffffffff)
        shape = (cell["batch"], cell["heads"], cell["length"], cell["dim"])
        dtype = getattr(torch, manifest.DTYPES[cell["dtype"]])
        q, k, v = (torch.randn(shape, generator=generator, device="cuda").to(dtype) for _ in range(3))
        chosen, whole = samples(torch, q, k, v, cell["causal"]), None
        torch.cuda.synchronize()
        # cuDNN first: the others are compared with it.
        for name in sorted(factories, key=lambda name: name != "cudnn"):
            if reason := self.record.excluded(self.key, name):
                self.fail(name, reason)
                continue
            self.record.start(self.key, name)
            begin = time.monotonic()
            try:
                with self.watchdog.limit(FIRST_LIMIT, f"{self.key}: {name}, its first launch"):
                    contestant = factories[name](q, k, v, cell["causal"])
                    with contestant.context():
                        contestant.launch()
                    event = torch.cuda.Event()
                    event.record()
                    measure.wait(event, LAUNCH_LIMIT if name not in SLOW else FIRST_LIMIT, f"{name}'s first launch")
                    seconds = time.monotonic() - begin
                    result, complaints = judge.check(torch, contestant.out, chosen, cell["dtype"], contestant.rescale,
                                                     whole, ("to_cudnn", "cuDNN"))
                    whole = contestant.out.clone() if name == "cudnn" else whole
                self.cell["contestants"][name] = dict(
                    ok=not complaints, check=result, complaints=complaints, first_seconds=round(seconds, 3),
                    note=contestant.note, timing=contestant.timing, rounds=[], samples=[])
                self.ready[name] = contestant
                for complaint in complaints:
                    print(f"  {name}: {complaint}", flush=True)
            except Exception as error:
                self.guard(name, error)
        self.cell["contestants"] = {name: self.cell["contestants"][name] for name in factories
                                    if name in self.cell["contestants"]}

    def measure(self):
        options, torch = self.options, self.torch
        self.record.start(self.key, None)
        sustained = self.cell["mode"] == "sustained"
        estimates = {}
        if sustained:
            for name in list(self.ready):
                if times := self.attempt(name, lambda c, during: c.times(torch, 3, during)):
                    estimates[name] = statistics.median(times)
        for round in range(options.rounds):
            for name in rotated(list(self.ready), round, options.rounds):
                if name not in self.ready:
                    continue
                if not sustained:
                    time.sleep(options.pause)
                    times = self.attempt(name, lambda c, during: c.times(torch, options.repeats, during))
                else:
                    energy, begin = self.card.joules(), time.monotonic()
                    times = self.attempt(name, lambda c, during: [c.burst(torch, options.burst_seconds, estimates[name],
                                                                          during)])
                    if times and energy is not None:
                        watts = (self.card.joules() - energy) / (time.monotonic() - begin)
                        self.cell["contestants"][name]["samples"][-1]["watts_by_energy"] = round_to(watts, 1)
                if times:
                    self.cell["contestants"][name]["rounds"].append([round_to(t, 5) for t in times])

    def attempt(self, name, run):
        taken = self.cell["contestants"][name]["samples"]
        during = lambda: taken.append(self.card.sample())
        before = len(taken)
        try:
            with self.watchdog.limit(60, f"{self.key}: {name}, a round"):
                result = run(self.ready[name], during)
            if len(taken) == before:
                during()
            return result
        except Exception as error:
            self.guard(name, error)

    def finish(self):
        self.ready.clear()
        self.record.data["cells"][self.key] = self.cell
        self.record.data["running"] = None
        self.record.write(all=True)
        rates = {name: report.figures(self.cell, name) for name in self.cell["contestants"]}
        wrong = [name for name, data in self.cell["contestants"].items() if not data.get("ok") and rates[name]]
        print(f"{self.key}: " + ", ".join(f"{name} {found[0]:.0f}" for name, found in rates.items() if found) +
              (f"; WRONG: {', '.join(wrong)}" if wrong else ""), flush=True)


def round_to(value, digits):
    return None if value is None else round(value, digits)


def run(options):
    start = time.monotonic()
    entries = [entry for path in options.manifest for entry in manifest.load(path)] + \
        [manifest.parse_cell(text) for text in options.program]
    import torch
    if not torch.cuda.is_available():
        raise SystemExit("forward.py: torch finds no CUDA device")
    torch.zeros(1, device="cuda")
    torch.backends.cuda.matmul.allow_tf32 = False
    properties = torch.cuda.get_device_properties(0)
    card = measure.Card(getattr(properties, "uuid", None))
    driver = pathlib.Path("/proc/driver/nvidia/version")
    about = dict(date=time.strftime("%Y-%m-%d %H:%M"), command=shlex.join(["forward.py", *sys.argv[1:]]),
                 commit=options.commit, note=options.note, card=properties.name, sms=properties.multi_processor_count,
                 driver=driver.read_text().splitlines()[0] if driver.exists() else None, torch=torch.__version__,
                 cuda=torch.version.cuda, cudnn=torch.backends.cudnn.version(), python=platform.python_version(),
                 rounds=options.rounds, repeats=options.repeats, pause=options.pause,
                 burst_seconds=options.burst_seconds, idle=card.sample(), **card.describe())
    record = Record(options, about)

    def on_hang(what):
        running = record.data["running"] or [None, None]
        print(f"HANG: {what}", flush=True)
        if running[0]:
            record.exclude(running[0], running[1], what)
        record.write()
    watchdog = measure.Watchdog(on_hang)

    runtime = None
    if entries:
        import fovea_cuda
        runtime = fovea_cuda.Runtime(options.runtime or fovea_cuda.build_runtime(options.build_dir))
    for key, cell in cells_of(options):
        if key in record.data["cells"]:
            continue
        chosen = [entry for entry in entries if entry.times(cell)]
        made = contestants.factories(torch, options, runtime, chosen, options.reference)
        # The reference and the slow peers are what they are in bf16 bursts; elsewhere only on request.
        plain = cell["dtype"] == "bf16" and cell["mode"] == "burst"
        made = {name: factory for name, factory in made.items()
                if (options.contestants is None or name in options.contestants or (name not in report.TITLES and
                                                                                   "fovea" in options.contestants))
                and (plain or options.all_peers or name not in SLOW)
                and (name != "reference" or cell["dtype"] == "bf16")}
        one = Cell(torch, options, record, watchdog, card, key, cell)
        one.prepare(made)
        one.measure()
        one.finish()
        del one, made
        gc.collect()
        torch.cuda.empty_cache()
    record.data["seconds"] = round(time.monotonic() - start, 1)
    record.write(all=True)
    print("\n" + report.table(record.cells()))
    failures = report.missed(record.cells())
    print("targets missed:" if failures else "all targets reached", *failures, sep="\n  ")
    print(f"\n{record.path('json')}, {record.data['seconds']} s on {properties.name}", flush=True)
    ours = [c["contestants"][name] for c in record.cells() for name in c["contestants"] if name == "fovea" or
            name not in report.TITLES]
    sys.stdout.flush()
    os._exit(0 if all(data.get("ok") for data in ours) else 1)  # without waiting for the frameworks' threads


def self_test():
    """What can be tested without a GPU."""
    import tempfile
    report.self_test()
    names = ["a", "b", "c", "d"]
    assert {rotated(names, r, 4)[0] for r in range(4)} == set(names) and rotated([], 1, 3) == []
    options = parse(["--quick", "--dim", "128", "64", "--mode", "burst", "sustained"])
    cells = dict(cells_of(options))
    assert len(cells) == 2 * 2 * 2 * 2 * 3 and options.rounds == 3
    assert cells["burst/bf16/64/causal/4096"]["heads"] == 32 and cells["burst/f16/128/full/16384"]["batch"] == 1
    entry = manifest.parse_cell("bf16:128:causal:1024-4096=some/dir,q,k,v,o,lse")
    fits = [key for key, cell in cells.items() if entry.times(cell)]
    assert fits == [f"{m}/bf16/128/causal/{s}" for m in ("burst", "sustained") for s in (1024, 4096)], fits
    for bad in ("bf16:128:causal=some", "bf16:x:causal:1-2=some", "bf16:128:window:1-2=some", "bf16:128:full:1-2="):
        try:
            manifest.parse_cell(bad)
        except manifest.ManifestError:
            continue
        raise AssertionError(bad)
    with tempfile.TemporaryDirectory() as folder:
        options.out, options.resume = f"{folder}/deep/forward", True
        record = Record(options, dict(command="first", card="a card"))
        key = "burst/bf16/128/causal/4096"
        work = cells[key]["flops"]
        made = {"fovea": {"ok": True, "rounds": [[work / 7e11] * 6] * 5}}
        record.data["cells"][key] = dict(cells[key], contestants=made)
        record.start("burst/bf16/128/full/4096", "flex")
        record.write(all=True)
        again = Record(options, dict(command="second", card="a card"))  # after the first was lost
        assert again.data["cells"][key]["contestants"]["fovea"]["ok"] and again.data["earlier"] == ["first"]
        assert again.excluded("burst/bf16/128/full/4096", "flex") and not again.excluded(key, "flex")
        assert not again.excluded("burst/bf16/128/full/4096", "fovea")
        again.start(key, None)
        assert Record(options, dict(command="third")).excluded(key, "anyone")
        assert "700 (700..700)" in again.path("md").read_text() and "<svg" in again.path("svg").read_text()
    print("forward.py: self-test passed")


if __name__ == "__main__":
    chosen_options = parse(sys.argv[1:])
    self_test() if chosen_options.self_test else run(chosen_options)
