#!/usr/bin/env python3
"""Correctness of compiled attention on a GPU, over a generated grid of problems, in one process.

  numerics.py MANIFEST                         all programs; `N passed, N failed` last, status 1 if any failed
  numerics.py MANIFEST --problem 'NAME:b1,h4,g2,q129,k200,o0,peaky,s7'     one problem (failures print this)
  numerics.py MANIFEST --only REGEX --quick --exhaustive --repeats 1000 --list
  numerics.py MANIFEST --sanitize              a reduced grid in which only the programs' kernels run (sanitize.sh)
  numerics.py MANIFEST --simulate              a torch model of a fused kernel in place of the programs, on the CPU
  numerics.py --self-test                      plants mistakes in that model: each must be found (without torch: less)

The manifest is JSON, {"programs": [...]}, each of them:

  "name"      of its own, without ':'
  "program"   what `fovea-compile --emit cuda-program` wrote: a path relative to the manifest
  "dtype"     "f16", "bf16", "f32" or "f64": by which rules O is judged (benchmarks/cuda/judge.py)
  "args"      the role of each argument of the launch descriptor, in its order; default ["q", "k", "v", "o"]
              tensors q, k, v, bias, keep (true: attend), alibi (slopes), sink; results o, lse, max
              scalars scale, offset (of the diagonal: key j <= query i + offset), queries, keys
  "dims"      sizes that are fixed, of batch, heads, kv_heads, queries, keys, dim, value_dim, group (heads / kv_heads);
              dim must be there, value_dim is dim if absent; null or absent is any size
  "semantics" "causal": "top_left", "bottom_right", "offset" (the argument) or a number; absent: not causal
              "align": the same without a causal mask, for window and ALiBi; default "top_left"
              "window": [left, right], i + offset - left <= j <= i + offset + right, null unbounded
              "softcap": a number; "scale": a number, default 1 / sqrt(dim)
  "layouts"   order of dimensions by role: letters b batch, h heads, g kv_heads, q queries, k keys, d dim, e value_dim,
              and "1" for an extent of 1. Defaults "bhqd", "bgkd", "bgke", bias and keep "bhqk", o "bhqe", lse and max
              "bhq". {"q": "bqhd", "bias": "1hqk"}; a letter left out is a dimension that the argument does not have
  "types"     of arguments, torch's names, by role: for --simulate only, a program's descriptor has them
  "stride_multiple"  rows of q, k, v, o begin at multiples of so many elements; default 8
  "rescale"   "exact" (default) or "conditional": the mean error may be 1.1, or 1.3 times that of the unfused evaluation
  "tolerance" {"max", "mean", "cap", "lse"} in place of judge.py's: looser rules are seen here and named in the summary
  "refuses"   [regular expressions]: errors with which the runtime may refuse a problem; any other refusal is a failure
  "benchmark" {"lengths": [least, most], "as": "fovea"}: timed by benchmarks/cuda/forward.py in those cells

Each problem has fresh random inputs, K and V of different strides, and NaN around every tensor; outputs are NaN before
the launch. Judged: O, LSE and maximum against float64; nothing beside the outputs changed; three problems of a program
are launched again 1000 times, with one batch alone, and in a CUDA graph, and give the same bits each time.
"""
import argparse, collections, math, os, pathlib, random, re, sys, time

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "benchmarks/cuda")]
import judge, manifest, problems
from problems import Problem

GUARD_BYTES = 512
HANG_SECONDS = 5.0


class Refused(Exception):
    pass


# --- What runs a problem ---


class DeviceRunner:
    """A compiled program on the current CUDA device."""
    device = "cuda"

    def __init__(self, torch, runtime, entry, sanitize):
        import fovea_cuda
        self.torch, self.sanitize, self.error = torch, sanitize, fovea_cuda.FoveaError
        self.program = runtime.program(entry.path)
        declared = self.program.descriptor.arguments
        if len(declared) != len(entry.args):
            raise manifest.ManifestError(f"program {entry.name!r}: 'args' has {len(entry.args)} roles, the descriptor "
                                         f"{len(declared)}: {', '.join(name for name, *_ in declared)}")
        self.types = {role: getattr(torch, fovea_cuda.TYPE_NAMES[type])
                      for role, (_, _, type, _) in zip(entry.args, declared)}
        if self.types["q"] != getattr(torch, manifest.DTYPES[entry.dtype]):
            raise manifest.ManifestError(f"program {entry.name!r}: dtype {entry.dtype}, but q is {self.types['q']}")

    def bind(self, arguments, x):
        try:
            # Uninitialised memory is what initcheck looks for; elsewhere NaN makes reading it seen.
            go = self.program.bind(arguments, 0 if self.sanitize else GUARD_BYTES)
        except self.error as error:
            raise Refused(str(error)) from None
        if go.workspace is not None and not self.sanitize:
            go.workspace.fill_(0xff)
        return go

    def guard_changed(self, go):
        return not self.sanitize and go.workspace is not None and bool((go.workspace[go.bytes:] != 0xff).any())

    def launch(self, go):
        try:
            go()
        except self.error as error:
            raise Refused(str(error)) from None

    def finish(self):
        import measure
        event = self.torch.cuda.Event()
        event.record()
        measure.wait(event, 60 if self.sanitize else HANG_SECONDS)
        self.torch.cuda.synchronize()


class SimulatedRunner:
    """A torch model of a fused kernel, with one mistake or none."""
    device = "cpu"

    def __init__(self, torch, entry, fault=None):
        self.torch, self.entry, self.fault = torch, entry, fault
        named = {"keep": "bool", "bias": "float32", "alibi": "float32", "sink": "float32", "lse": "float32",
                 "max": "float32", **{role: manifest.DTYPES[entry.dtype] for role in "qkvo"}, **entry.types}
        self.types = {role: getattr(torch, name) for role, name in named.items()}

    def bind(self, arguments, x):
        import attention_model
        torch, at = self.torch, dict(zip(self.entry.args, arguments))

        def go():
            if self.fault == "refuse" and x.k.shape[2] == 129:
                raise Refused("no variant takes these arguments")
            inputs = x
            if self.fault == "beyond" and at["k"].dim() == 4 and x.k.shape[2]:  # one key more than there is
                more = lambda t: torch.as_strided(t, (*t.shape[:2], t.shape[2] + 1, t.shape[3]), t.stride())
                inputs = x.__class__(**{**vars(x), "k": more(at["k"]), "v": more(at["v"])})
            results = attention_model.fused(torch, inputs, fault=self.fault)
            if self.fault == "noise":
                results["o"].view(torch.int16).view(-1)[int(torch.randint(results["o"].numel(), ()))] ^= 1
            for role in manifest.OUTPUTS:
                if role in at:
                    at[role].copy_(self.entry.arrange(role, results[role]))
            if self.fault == "spill" and at["o"].dim() and at["o"].numel():
                row = at["o"][(-1,) * (at["o"].dim() - 1)]
                torch.as_strided(row, (len(row) + 1,), row.stride(), row.storage_offset())[-1] = 0
            if self.fault == "input" and at["q"].numel():
                at["q"][(0,) * at["q"].dim()] = 0.123
            if self.fault == "unwritten" and at["o"].numel():
                at["o"][(-1,) * (at["o"].dim() - 1)] = math.nan
        return go

    def guard_changed(self, go):
        return False

    def launch(self, go):
        go()

    def finish(self):
        pass


# --- One problem ---


def place(torch, entry, runner, problem, x, sanitize):
    """Every tensor of the launch in memory of its own: role -> Placed, and all arguments in order."""
    draw = random.Random(str(problem))
    shape = dict(b=problem.batch, h=problem.heads, g=problem.kv_heads, q=problem.queries, k=problem.keys,
                 d=entry.dims["dim"], e=entry.dims["value_dim"])
    placed, arguments = {}, []
    for role in entry.args:
        if role in manifest.SCALARS:
            arguments.append(dict(scale=x.scale, offset=x.offset, queries=problem.queries, keys=problem.keys)[role])
            continue
        if role in manifest.OUTPUTS:
            value = torch.full([shape[letter] for letter in manifest.LAYOUTS[role]], math.nan, dtype=runner.types[role])
        else:
            value = getattr(x, role)
        wanted = entry.arrange(role, value)
        exact_rows = role in ("q", "k", "v", "o")
        item = problems.Placed(torch, wanted, draw, entry.stride_multiple if exact_rows else 1,
                               any_order=not exact_rows and not sanitize, exact=sanitize)
        if role in manifest.OUTPUTS:  # all of it the same NaN, so that an element left out is seen too
            item.poison()
        placed[role] = item.to(runner.device)
        view = item.view
        if role in ("bias", "keep"):  # broadcast by strides of 0 where the argument has the dimension
            full = [1 if letter == "1" else shape[letter] for letter in entry.layouts[role]]
            view = view.expand(full)
        arguments.append(view)
    return placed, arguments


def on(torch, x, device):
    """The inputs on a device, as the launch sees them."""
    return x.__class__(**{name: value.to(device) if torch.is_tensor(value) else value
                          for name, value in vars(x).items()})


def back(entry, role, view):
    """An output with the default order of dimensions."""
    wanted, default = entry.layouts[role], manifest.LAYOUTS[role]
    view = view[tuple(0 if letter == "1" else slice(None) for letter in wanted)]
    letters = wanted.replace("1", "")
    view = view.permute(*[letters.index(letter) for letter in default if letter in letters])
    for position, letter in enumerate(default):
        view = view.unsqueeze(position) if letter not in letters else view
    return view


def same_bits(torch, a, b):
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}[a.element_size()]
    return torch.equal(a.contiguous().view(whole), b.contiguous().view(whole))


def run_problem(torch, entry, runner, problem, options, repeat):
    """(complaints, figures of O) of one problem."""
    import attention_model
    x = problems.inputs_of(torch, entry, problem, runner.types)
    placed, arguments = place(torch, entry, runner, problem, x, options.sanitize)
    go = runner.bind(arguments, x)
    runner.launch(go)
    runner.finish()
    outputs = [role for role in manifest.OUTPUTS if role in placed]
    compute = "cpu" if options.sanitize else runner.device
    results = {role: back(entry, role, placed[role].on_cpu() if options.sanitize else placed[role].view).clone()
               for role in outputs}
    complaints = []
    if not options.sanitize:  # the tools see these themselves, and nothing else is to run beside the program
        for role, item in placed.items():
            if item.changed(inside=role not in outputs):
                complaints.append(f"{role}: memory {'beside it' if role in outputs else 'of an input'} changed")
        if runner.guard_changed(go):
            complaints.append("memory beyond the workspace changed")
    there = on(torch, x, compute)
    exact = attention_model.evaluate(torch, there, torch.float64)
    precision = torch.float64 if entry.dtype == "f64" else torch.float32
    unfused = attention_model.evaluate(torch, there, precision)
    figures = {}
    for role in outputs:
        got, base = results[role].double(), unfused[role].double()
        if role == "o":
            figures, found = judge.judge(torch, got, exact[role], base, entry.dtype, entry.rescale,
                                         problem.kind in ("normal", "masked"), entry.tolerance)
        else:
            _, found = judge.judge_statistic(torch, got, exact[role], base, entry.tolerance)
        complaints += [f"{role}: {text}" for text in found]
    if repeat and not complaints:
        complaints += run_again(torch, entry, runner, problem, options, x, arguments, placed, results)
    return complaints, figures


def run_again(torch, entry, runner, problem, options, x, arguments, placed, results):
    """Complaints about bits that differ: launched again and again, one batch alone, and in a graph."""
    complaints, outputs = [], list(results)

    def fresh(narrow=None):
        """A launch into other outputs, of all batches or of one."""
        targets = {role: placed[role].twin() for role in outputs}
        chosen = [targets.get(role, argument) for role, argument in zip(entry.args, arguments)]
        if narrow is not None:
            for position, role in enumerate(entry.args):
                if "b" in entry.layouts.get(role, ""):
                    chosen[position] = chosen[position].narrow(entry.layouts[role].index("b"), narrow, 1)
                    targets[role] = chosen[position]
        return runner.bind(chosen, x), {role: targets[role] for role in outputs}

    go, targets = fresh()
    differ = torch.zeros((), dtype=torch.int64, device=runner.device)
    whole = {2: torch.int16, 4: torch.int32, 8: torch.int64}
    first = {role: placed[role].view.contiguous().view(whole[placed[role].view.element_size()]) for role in outputs}
    for count in range(options.repeats):
        for role in outputs:
            targets[role].fill_(math.nan)
        runner.launch(go)
        bad = sum((targets[role].contiguous().view(first[role].dtype) != first[role]).any() for role in outputs)
        differ += bad > 0
        if count % 100 == 99:
            runner.finish()
    runner.finish()
    if int(differ):
        complaints.append(f"{int(differ)} of {options.repeats} repeats have other bits")
    batched = all("b" in entry.layouts[role] for role in entry.args if role in ("q", "k", "v", *outputs))
    if runner.device == "cuda" and batched and problem.batch > 1 and entry.dims.get("batch") is None:
        go, alone = fresh(narrow=1)
        runner.launch(go)
        runner.finish()
        for role in outputs:
            if not same_bits(torch, back(entry, role, alone[role]), results[role][1:2]):
                complaints.append(f"{role}: batch 1 alone has other bits than among {problem.batch}")
    if runner.device == "cuda":
        go, targets = fresh()
        graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(graph):
            runner.launch(go)
        graph.replay(), graph.replay()
        runner.finish()
        if not all(same_bits(torch, back(entry, role, targets[role]), results[role]) for role in outputs):
            complaints.append("a graph's replay has other bits")
    return complaints


# --- All of them ---


class Tally:
    def __init__(self):
        self.passed, self.failed, self.refused = 0, [], []
        self.lost = None  # the problem to go on with, should the device have become unusable
        self.worst = collections.defaultdict(float)

    def add(self, where, complaints, figures):
        for name in ("max", "mean"):
            if figures.get("unfused_" + name, 0) > 1e-7:
                self.worst[name] = max(self.worst[name], figures[name] / figures["unfused_" + name])
        if complaints:
            self.failed.append((where, complaints))
        else:
            self.passed += 1


def run_entry(torch, entry, runner, chosen, options, report, start):
    """Runs a program's problems; `start` is the number of the first among all, for --start."""
    tally, repeated = Tally(), 0
    for number, problem in enumerate(chosen, start):
        where = f"{entry.name}:{problem}"
        scores = problem.batch * problem.heads * problem.queries * problem.keys
        # A few of middling size and the largest.
        repeat = options.repeats and problem.kind == "normal" and \
            ((problem.queries >= 127 and problem.keys >= 127 and repeated < 2) or
             (problem == chosen[-1] and scores)) or options.problem is not None and options.repeats
        repeated += bool(repeat)
        try:
            complaints, figures = run_problem(torch, entry, runner, problem, options, repeat)
            tally.add(where, complaints, figures)
        except Refused as refusal:
            if any(re.search(pattern, str(refusal)) for pattern in entry.refuses):
                tally.refused.append((where, str(refusal)))
                continue
            tally.add(where, [f"refused: {refusal}"], {})
        except Exception as error:
            tally.add(where, [f"{type(error).__name__}: {error}"], {})
            if not still_usable(torch, runner, error):
                report(tally.failed[-1])
                tally.lost = number + 1
                return tally
        if tally.failed and tally.failed[-1][0] == where:
            report(tally.failed[-1])
    return tally


def still_usable(torch, runner, error):
    import measure
    if isinstance(error, measure.Hang):
        return False
    if runner.device != "cuda":
        return True
    try:
        torch.cuda.synchronize()
        return True
    except RuntimeError:
        return False


def parse(argv):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest", nargs="?")
    parser.add_argument("--problem", help="NAME:PROBLEM, as failures print it")
    parser.add_argument("--only", default="", help="programs whose name matches")
    parser.add_argument("--quick", action="store_true", help="the reduced grid")
    parser.add_argument("--exhaustive", action="store_true", help="all pairs of lengths")
    parser.add_argument("--sanitize", action="store_true")
    parser.add_argument("--repeats", type=int, default=None, help="1000; none with --sanitize or --simulate")
    parser.add_argument("--seed", type=int, default=0, help="of the grid")
    parser.add_argument("--start", type=int, default=0, help="skip so many problems")
    parser.add_argument("--max-scores", type=int, default=None, help="leave out problems with more scores")
    parser.add_argument("--list", action="store_true", help="print the problems, run none")
    parser.add_argument("--simulate", nargs="?", const="none", metavar="FAULT")
    parser.add_argument("--runtime", help="libfovea_runtime.so; built from the sources if absent")
    parser.add_argument("--build-dir", default="/tmp/fovea-runtime")
    parser.add_argument("--self-test", action="store_true")
    options = parser.parse_args(argv)
    if options.repeats is None:
        options.repeats = 0 if options.sanitize or options.simulate else 1000
    if not options.manifest and not options.self_test:
        parser.error("a manifest is needed")
    return options


def grid(entries, options):
    """[(entry, problems)] that the options ask for."""
    if options.problem:
        name, _, text = options.problem.partition(":")
        chosen = [(entry, [Problem.parse(text)]) for entry in entries if entry.name == name]
        if not chosen:
            raise manifest.ManifestError(f"there is no program {name!r}")
        return chosen
    reduced = options.quick or options.sanitize
    limit = options.max_scores or (1 << 20 if options.sanitize else math.inf)
    return [(entry, [p for p in problems.problems_of(entry, options.seed, reduced, options.exhaustive)
                     if p.batch * p.heads * p.queries * p.keys <= limit])
            for entry in entries if re.search(options.only, entry.name)]


def run(options):
    begin = time.monotonic()
    chosen = grid(manifest.load(options.manifest), options)
    if options.list:
        for entry, listed in chosen:
            for problem in listed:
                print(f"{entry.name}:{problem}")
        return 0
    import torch
    runtime = None
    if not options.simulate:
        import fovea_cuda
        torch.zeros(1).to("cuda")
        torch.backends.cuda.matmul.allow_tf32 = False
        runtime = fovea_cuda.Runtime(options.runtime or fovea_cuda.build_runtime(options.build_dir))

    def report(failure):
        where, complaints = failure
        print(f"FAIL {where}: {'; '.join(complaints)}\n"
              f"     again: numerics.py {options.manifest} --problem '{where}'", flush=True)
    number, passed, failed, refused = 0, 0, 0, 0
    for entry, listed in chosen:
        skipped = min(len(listed), max(0, options.start - number))
        number, listed = number + skipped, listed[skipped:]
        if not listed:
            continue
        try:
            runner = SimulatedRunner(torch, entry, None if options.simulate == "none" else options.simulate) \
                if options.simulate else DeviceRunner(torch, runtime, entry, options.sanitize)
        except (RuntimeError, OSError, ValueError) as error:
            print(f"FAIL {entry.name}: {error}", flush=True)
            failed, number = failed + 1, number + len(listed)
            continue
        tally = run_entry(torch, entry, runner, listed, options, report, number)
        passed, failed, refused = passed + tally.passed, failed + len(tally.failed), refused + len(tally.refused)
        number += len(listed)
        notes = [f"{len(tally.failed)} failed"] if tally.failed else []
        notes += [f"{len(tally.refused)} refused ({tally.refused[0][1][:100]})"] if tally.refused else []
        notes += [f"looser rules {entry.tolerance}"] if entry.tolerance else []
        worst = f"error at most {tally.worst['max']:.2f} (max), {tally.worst['mean']:.2f} (mean) of the unfused one's"
        print(", ".join([f"{entry.name}: {tally.passed} passed", worst, *notes]), flush=True)
        if tally.lost is not None:
            print(f"the device can no longer be used; go on with --start {tally.lost}\n"
                  f"{passed} passed, {failed} failed", flush=True)
            os._exit(3)
    print(f"{passed} passed, {failed} failed" + (f", {refused} refused" if refused else "") +
          f" in {time.monotonic() - begin:.1f} s", flush=True)
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    chosen_options = parse(sys.argv[1:])
    if chosen_options.self_test:
        import selftest
        selftest.run(sys.modules[__name__])
    else:
        sys.exit(run(chosen_options))
