#!/usr/bin/env python3
"""Compiles the programs that the device tests and the benchmark run, and writes their manifest.

  programs.py FOVEA_COMPILE FOLDER                 all of them: FOLDER/manifest.json, FOLDER/NAME.mlir, FOLDER/NAME.fovea
  programs.py FOVEA_COMPILE FOLDER --only REGEX    those whose name matches
  programs.py FOVEA_COMPILE FOLDER --emit ptx      PTX (or any other --emit) beside them, for a look

Each is one attention on [batch, heads, length, dim] tensors of dynamic sizes. What cannot be compiled is listed at the
end with its diagnostic; status 1 then.
"""
import argparse, concurrent.futures, json, os, pathlib, re, subprocess, sys

TYPES = {"f16": "f16", "bf16": "bf16"}


class Variant:
    """One program: a name, the attention, and the options it is compiled with."""

    def __init__(self, name, dtype="bf16", dim=128, clauses="", heads="?", kv_heads=None, extra=(), results=(),
                 semantics=None, options="", rescale="exact", benchmark=None, layouts=None, dims=None):
        self.name, self.dtype, self.dim, self.clauses, self.options = name, dtype, dim, clauses, options
        self.heads, self.kv_heads = heads, kv_heads or heads
        self.extra, self.results = list(extra), list(results)  # (role, type)
        self.semantics, self.rescale, self.benchmark = semantics or {}, rescale, benchmark
        self.layouts, self.dims = layouts or {}, dims or {}

    def mlir(self):
        # Without a static number of heads they are one dimension with the batch.
        lead = [] if self.heads == "?" else [f"?x{self.heads}x", f"?x{self.kv_heads}x"]
        q, kv = lead or ["?x", "?x"]
        q_type, kv_type = (f"tensor<{x}?x{self.dim}x{self.dtype}>" for x in (q, kv))
        row_type = f"tensor<{q}?xf32>"
        arguments = [("q", q_type), ("k", kv_type), ("v", kv_type), *self.extra, ("o", q_type)]
        arguments += [(role, row_type) for role in self.results]
        outs = ", ".join(["%o"] + [f"{role} %{role}" for role in self.results])
        out_types = ", ".join([q_type] + [row_type] * len(self.results))
        count = len(self.results)
        names = "%r" + (f":{count + 1}" if count else "")
        returned = ", ".join(f"%r#{i}" for i in range(count + 1)) if count else "%r"
        declared = ", ".join(f"%{name}: {type}{self.dim_names(name, type)}" for name, type in arguments)
        return (f"func.func @attention({declared}) -> ({out_types}) {{\n"
                f"  {names} = attn.attention {self.clauses} ins(%q, %k, %v : {q_type}, {kv_type}, {kv_type}) "
                f"outs({outs} : {out_types})\n"
                f"  return {returned} : {out_types}\n}}\n")

    def dim_names(self, role, type):
        """The attribute by which `fovea-run --dim batch=1 --dim queries=512 --dim keys=512` gives sizes."""
        if not type.startswith("tensor"):
            return ""
        names = ["batch", "*", "keys" if role in "kv" else "queries", "keys" if role in ("bias", "keep") else "*"]
        rank = type.count("x")
        names = names[:rank] if self.heads != "?" else [names[0], *names[2:]][:rank]
        if role in ("alibi", "sink"):
            names = ["*"]
        return " {fovea.dims = [" + ", ".join(f'"{name}"' for name in names) + "]}"

    def entry(self):
        layouts = dict(self.layouts)
        entry = {"name": self.name, "program": f"{self.name}.fovea", "dtype": self.dtype,
                 "args": ["q", "k", "v", *[role for role, _ in self.extra], "o", *self.results],
                 "dims": {"dim": self.dim, **self.dims}, "semantics": self.semantics, "rescale": self.rescale}
        if self.heads == "?":
            layouts = {"q": "hqd", "k": "gkd", "v": "gke", "o": "hqe", "lse": "hq", "max": "hq", **layouts}
            entry["dims"]["group"] = 1
        else:
            entry["dims"].update(heads=self.heads, kv_heads=self.kv_heads)
        if layouts:
            entry["layouts"] = layouts
        if self.benchmark:
            entry["benchmark"] = self.benchmark
        return entry


def variants():
    """Every clause, alone and together, on both element types and on the schedules of short and long sequences."""
    top, bottom = {"causal": "top_left"}, {"causal": "bottom_right"}
    for dtype in TYPES:
        # What is timed: one program for all lengths.
        for results, name in (([], "fovea"), (["lse"], "fovea+lse")):
            suffix = "-".join(["", *results])
            timed = {"as": name}
            yield Variant(f"{dtype}-full{suffix}", dtype, heads=16, results=results, rescale="conditional",
                          benchmark=timed)
            yield Variant(f"{dtype}-causal{suffix}", dtype, clauses="causal(top_left)", heads=16, results=results,
                          semantics=top, rescale="conditional", benchmark=timed)
        # Each schedule at every length, not only at those that it is best for.
        for keys, full_rescale, causal_rescale in ((512, "exact", "exact"), (4096, "conditional", "exact"),
                                                   (16384, "conditional", "conditional")):
            options = f"keys={keys}"
            yield Variant(f"{dtype}-full-{keys}", dtype, heads=16, options=options, rescale=full_rescale)
            yield Variant(f"{dtype}-causal-{keys}", dtype, clauses="causal(top_left)", heads=16, semantics=top,
                          options=options, rescale=causal_rescale)
            yield Variant(f"{dtype}-full-lse-{keys}", dtype, heads=8, kv_heads=2, results=["lse"], options=options,
                          rescale=full_rescale)
            yield Variant(f"{dtype}-causal-lse-max-{keys}", dtype, clauses="causal(bottom_right)", heads=8, kv_heads=2,
                          semantics=bottom, results=["lse", "max"], options=options, rescale=causal_rescale)
        for dim, heads in ((64, 32), (96, 21), (192, 10), (256, 8)):
            for mask, clauses, semantics in (("full", "", None), ("causal", "causal(top_left)", top)):
                yield Variant(f"{dtype}-d{dim}-{mask}", dtype, dim, clauses=clauses, heads=heads, semantics=semantics,
                              rescale="conditional", benchmark={"as": "fovea"})
                for keys in (512, 1024, 4096, 16384) if dtype == "bf16" else ():
                    yield Variant(f"{dtype}-d{dim}-{mask}-{keys}", dtype, dim, clauses=clauses, heads=heads,
                                  semantics=semantics, results=["lse"], options=f"keys={keys}", rescale="conditional")
        yield Variant(f"{dtype}-one-head-dim", dtype, results=["lse"])
        yield Variant(f"{dtype}-window", dtype, clauses="causal(bottom_right) window(100, *)", heads=4, kv_heads=1,
                      semantics={**bottom, "window": [100, None]}, results=["lse"])
        yield Variant(f"{dtype}-window-both", dtype, clauses="window(70, 30) align(top_left)", heads=4,
                      semantics={"align": "top_left", "window": [70, 30]}, results=["lse"])
        yield Variant(f"{dtype}-softcap", dtype, clauses="causal(top_left) softcap(5.0)", heads=4,
                      semantics={**top, "softcap": 5.0}, results=["lse"])
        yield Variant(f"{dtype}-bias", dtype, clauses="bias(%bias : tensor<?x4x?x?xf32>)", heads=4, kv_heads=2,
                      extra=[("bias", "tensor<?x4x?x?xf32>")], results=["lse"])
        yield Variant(f"{dtype}-keep", dtype, clauses="keep(%keep : tensor<?x4x?x?xi1>)", heads=4,
                      extra=[("keep", "tensor<?x4x?x?xi1>")], results=["lse"])
        yield Variant(f"{dtype}-alibi", dtype, clauses="causal(bottom_right) alibi(%alibi : tensor<4xf32>)", heads=4,
                      kv_heads=2, semantics=bottom, extra=[("alibi", "tensor<4xf32>")], results=["lse"])
        yield Variant(f"{dtype}-sink", dtype, clauses="sink(%sink : tensor<4xf32>)", heads=4,
                      extra=[("sink", "tensor<4xf32>")], results=["lse"])
        yield Variant(f"{dtype}-scale", dtype, clauses="scale(%scale : f32) causal(top_left)", heads=4, semantics=top,
                      extra=[("scale", "f32")], results=["lse"])


def compile(variant, compiler, folder, kinds):
    source = folder / f"{variant.name}.mlir"
    source.write_text(variant.mlir())
    for kind in kinds:
        out = folder / f"{variant.name}.{'fovea' if kind == 'cuda-program' else kind}"
        command = [compiler, str(source), "--emit", kind, "-o", str(out)]
        if variant.options:
            command.append(f"--pipeline-options={variant.options}")
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            return f"{variant.name}: {' '.join(command)}: status {done.returncode}: {done.stderr.strip()[:600]}"
    return None


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("compiler")
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--only", default="")
    parser.add_argument("--emit", action="append", default=[])
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    kinds = ["cuda-program", *options.emit]
    chosen = [variant for variant in variants() if re.search(options.only, variant.name)]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        failures = list(pool.map(lambda v: compile(v, options.compiler, options.folder, kinds), chosen))
    made = [variant.entry() for variant, failure in zip(chosen, failures) if failure is None]
    (options.folder / "manifest.json").write_text(json.dumps({"programs": made}, indent=1) + "\n")
    for failure in filter(None, failures):
        print(failure)
    print(f"{len(made)} of {len(chosen)} programs in {options.folder}")
    return len(made) != len(chosen)


if __name__ == "__main__":
    sys.exit(main())
