#!/usr/bin/env python3
"""Times memory-bound work on the CPU beside PyTorch: decoding, softmax and cross-entropy.

  python3 benchmarks/cpu/rows.py [--bin build/release] [--cells REGEX] [--rounds 9] [--threads 2] [--report]

Run by a python3 with torch. Everything is in one process: our code as shared libraries of fovea-compile, called with
descriptors of torch's tensors, so that all contestants see the same buffers. A round calls every contestant in rotated
order: PyTorch, ours, and a plain read (or copy) of the same buffers by bandwidth.c, each called until 20 ms have passed
and at least once; what fits a cache is therefore warm for all of them. Results are checked against float64 before and
after timing, outputs poisoned. A cell's record is written when it is done, so that runs can be cut into pieces with
--cells; --report writes the table of what the record holds.
"""
import argparse, ctypes as C, json, os, pathlib, re, statistics, sys, time

sys.dont_write_bytecode = True
import contestants

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parents[1]
CELLS = ([dict(op="decode", dtype=t, dim=d, length=s, heads=8, group=1) for t in ("f32", "bf16") for d in (64, 128)
          for s in (8192, 65536)]
         + [dict(op="decode", dtype="bf16", dim=128, length=s, heads=32, group=4) for s in (8192, 65536)]
         + [dict(op="softmax", dtype=t, rows=4096, length=s) for t in ("f32", "bf16") for s in (256, 1024, 4096, 65536)]
         + [dict(op="log_softmax", dtype=t, rows=4096, length=4096) for t in ("f32", "bf16")]
         + [dict(op="cross_entropy", dtype=t, rows=4096, length=s) for t in ("f32", "bf16") for s in (1024, 4096, 32768)])


def name_of(cell):
    return "-".join(str(cell[key]) for key in cell)


class Compiler(contestants.Compiler):
    """Modules and C files to functions of this process, with the runtime of a build folder."""

    def __init__(self, build, threads):
        super().__init__(f"{build}/bin", threads)
        self.runtime = C.CDLL(str(pathlib.Path(build, "lib/libfovea_runtime.so.0")), mode=C.RTLD_GLOBAL)
        self.runtime.foveaSetThreadCount(threads)

    def work(self, text, *tensors):
        """A call of the module's @work with these tensors."""
        return contestants.bound(self.function(text, "work"), tensors)

    def bandwidth(self):
        return self.library(["cc", "-O2", "-march=native", "-shared", "-fPIC", f"-I{ROOT}/runtime/include"], ".c",
                            (HERE / "bandwidth.c").read_text())


class Decode:
    """One query row per head; `group` query heads share a head of keys and values."""

    def __init__(self, torch, cell, compiler, bandwidth):
        dtype = getattr(torch, contestants.DTYPES[cell["dtype"]])
        heads, kv, dim, length = cell["heads"], cell["heads"] // cell["group"], cell["dim"], cell["length"]
        self.torch, self.group = torch, cell["group"]
        self.q = torch.randn(1, heads, 1, dim).to(dtype)
        both = torch.empty(2, 1, kv, length, dim, dtype=dtype)  # one buffer, so that reading it is one call
        for part in both.unbind():
            for head in range(kv):
                part[0, head] = torch.randn(length, dim)
        self.k, self.v = both.unbind()
        self.out = torch.empty_like(self.q)
        q, k = (f"tensor<1x{h}x{n}x{dim}x{cell['dtype']}>" for h, n in ((heads, 1), (kv, length)))
        ours = compiler.work(f"func.func @work(%q: {q}, %k: {k}, %v: {k}, %out: {q}) -> {q} {{\n  %o = attn.attention "
                             f"ins(%q, %k, %v : {q}, {k}, {k}) outs(%out : {q})\n  return %o : {q}\n}}\n",
                             self.q, self.k, self.v, self.out)
        self.bytes = both.nbytes
        attention = torch.nn.functional.scaled_dot_product_attention
        self.contestants = {
            "fovea": ours,
            "torch": lambda: self.keep(attention(self.q, self.k, self.v, enable_gqa=self.group > 1)),
            "memory": lambda: bandwidth.readMemory(C.c_void_p(both.data_ptr()), C.c_int64(both.nbytes))}

    def keep(self, result):
        self.result = result

    def error(self):
        worst = 0.0
        for head in (0, self.q.shape[1] - 1):
            q, k, v = (self.q[0, head].double(), self.k[0, head // self.group].double(),
                       self.v[0, head // self.group].double())
            expected = self.torch.softmax(q @ k.T / q.shape[-1] ** 0.5, -1) @ v
            worst = max(worst, ((self.out[0, head].double() - expected).abs().max() / expected.abs().max()).item())
        return worst


class Rows:
    """Softmax, log-softmax or the cross-entropy of rows."""

    def __init__(self, torch, cell, compiler, bandwidth):
        dtype, rows, length, op = getattr(torch, contestants.DTYPES[cell["dtype"]]), cell["rows"], cell["length"], cell["op"]
        self.torch, self.op = torch, op
        self.x = torch.empty(rows, length, dtype=dtype)
        for begin in range(0, rows, 256):
            self.x[begin:begin + 256] = torch.randn(min(256, rows - begin), length)
        x = f"tensor<{rows}x{length}x{cell['dtype']}>"
        from_, size = C.c_void_p(self.x.data_ptr()), C.c_int64(self.x.nbytes)
        if op == "cross_entropy":
            self.target = torch.randint(0, length, (rows,))
            self.out = torch.empty(rows)
            ours = compiler.work(f"func.func @work(%x: {x}, %t: tensor<{rows}xi64>, %out: tensor<{rows}xf32>) -> "
                                 f"tensor<{rows}xf32> {{\n  %l = attn.cross_entropy ins(%x, %t : {x}, tensor<{rows}xi64>) "
                                 f"outs(%out : tensor<{rows}xf32>)\n  return %l : tensor<{rows}xf32>\n}}\n",
                                 self.x, self.target, self.out)
            self.bytes = self.x.nbytes
            loss = torch.nn.functional.cross_entropy
            self.contestants = {"fovea": ours,
                                "torch": lambda: loss(self.x, self.target, reduction="none"),
                                "memory": lambda: bandwidth.readMemory(from_, size)}
            return
        self.out, other = torch.empty_like(self.x), torch.empty_like(self.x)
        kind = "log_prob " if op == "log_softmax" else ""
        ours = compiler.work(f"func.func @work(%x: {x}, %out: {x}) -> {x} {{\n  %y = attn.softmax {kind}dimension(1) "
                             f"ins(%x : {x}) outs(%out : {x})\n  return %y : {x}\n}}\n", self.x, self.out)
        self.bytes = 2 * self.x.nbytes
        theirs = torch.ops.aten._log_softmax.out if op == "log_softmax" else torch.ops.aten._softmax.out
        self.contestants = {"fovea": ours,
                            "torch": lambda: theirs(self.x, 1, False, out=other),
                            "memory": lambda: bandwidth.copyMemory(from_, C.c_void_p(other.data_ptr()), size)}

    def error(self):
        worst = 0.0
        for row in (0, 1, self.x.shape[0] // 2, self.x.shape[0] - 1):
            x = self.x[row].double()
            if self.op == "cross_entropy":
                expected = self.torch.logsumexp(x, 0) - x[self.target[row]]
            else:
                expected = self.torch.log_softmax(x, 0) if self.op == "log_softmax" else self.torch.softmax(x, 0)
            difference = (self.out[row].double() - expected).abs().max()
            worst = max(worst, (difference / expected.abs().max()).item())
        return worst


def time_once(work, least=0.02):
    """Milliseconds of one call, the median of as many as `least` seconds hold."""
    times, begin = [], time.perf_counter()
    while not times or time.perf_counter() - begin < least:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1e3


def measure(torch, cell, compiler, bandwidth, rounds):
    work = (Decode if cell["op"] == "decode" else Rows)(torch, cell, compiler, bandwidth)
    limit = {"f32": 1e-5, "bf16": 8e-3, "f16": 1e-3}["f32" if cell["op"] == "cross_entropy" else cell["dtype"]]

    def check():
        work.out.fill_(float("nan"))
        work.contestants["fovea"]()
        error = work.error()
        if not error <= limit:
            raise SystemExit(f"{name_of(cell)}: error {error:.2e} relative to the largest of a row exceeds {limit:.0e}")
        return error

    error, names = check(), list(work.contestants)
    ms = {name: [] for name in names}
    for name in names:
        time_once(work.contestants[name])
    for r in range(rounds):
        for name in names[r % 3:] + names[:r % 3]:
            ms[name].append(time_once(work.contestants[name]))
    check()
    return dict(cell, bytes=work.bytes, error=error, ms=ms)


def table(record):
    lines = [f"{record['cpu']}, {record['threads']} threads, {record['date']}, commit {record['commit']}, PyTorch "
             f"{record['torch']}. Medians of rounds in rotated order, milliseconds (min .. max); *memory* reads (decode, "
             "cross-entropy) or copies (softmax) the same buffers.", "",
             "| op | type | shape | Fovea | PyTorch | memory | PyTorch / Fovea | memory / Fovea |",
             "|---|---|---|---|---|---|---|---|"]
    middle = statistics.median
    for cell in record["cells"].values():
        ms = cell["ms"]
        if cell["op"] == "decode":
            shape = f"{cell['heads']} heads, {cell['heads'] // cell['group']} of K and V, D {cell['dim']}, {cell['length']} keys"
        else:
            shape = f"{cell['rows']} x {cell['length']}"
        times = [f"{middle(t):.3f} ({min(t):.3f} .. {max(t):.3f})" for t in (ms["fovea"], ms["torch"], ms["memory"])]
        by_round = [middle(a / b for a, b in zip(ms[other], ms["fovea"])) for other in ("torch", "memory")]
        lines.append(f"| {cell['op']} | {cell['dtype']} | {shape} | {' | '.join(times)} | "
                     f"{by_round[0]:.2f} | {by_round[1]:.2f} |")
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin", default=str(ROOT / "build/release"), help="build folder")
    parser.add_argument("--cells", default="", help="regular expression on names such as decode-f32-64-8192-8-1")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--out", default=str(HERE.parent / "results/cpu-rows.json"))
    parser.add_argument("--report", action="store_true", help="only write the table")
    options = parser.parse_args()
    out = pathlib.Path(options.out)
    record = json.loads(out.read_text()) if out.exists() else {"cells": {}}
    if not options.report:
        import torch
        torch.set_num_threads(options.threads)
        torch.manual_seed(0)
        compiler = Compiler(options.bin, options.threads)
        bandwidth = compiler.bandwidth()
        record.update(date=time.strftime("%Y-%m-%d"), command="benchmarks/cpu/rows.py",
                      commit=contestants.commit_here(), cpu=contestants.cpu_name(), threads=options.threads,
                      torch=torch.__version__)
        for cell in CELLS:
            if re.search(options.cells, name_of(cell)):
                record["cells"][name_of(cell)] = measure(torch, cell, compiler, bandwidth, options.rounds)
                out.write_text(json.dumps(record, indent=1) + "\n")
    out.with_suffix(".md").write_text(table(record))
    print(table(record), end="")


if __name__ == "__main__":
    main()
