#!/usr/bin/env python3
"""Grids beyond 65,535 tiles and offsets beyond 2^31 elements: large.py MANIFEST [--only REGEX]

Programs on [batch, heads, length, dim] tensors of 16-bit elements. Each runs twice: with 70,000 (batch, head) pairs of
short sequences, judged against float64; and on two batches that lie more than 2^31 elements apart in Q, K, V and O,
which must give the bits of the same batches side by side. Needs 20 GB of device memory. `N passed, N failed` last.
"""
import argparse, math, pathlib, re, sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "benchmarks/cuda")]
import attention_model, fovea_cuda, judge, manifest, measure

FAR = (1 << 31) + 8 * 128


def make(torch, entry, batch, queries, keys):
    """The tensors of a launch, by role."""
    dtype, dims = getattr(torch, manifest.DTYPES[entry.dtype]), entry.dims
    heads, groups, dim = dims["heads"], dims["kv_heads"], dims["dim"]
    generator = torch.Generator("cuda").manual_seed(batch + queries)
    normal = lambda *shape: torch.randn(shape, generator=generator, device="cuda").to(dtype)
    tensors = {"q": normal(batch, heads, queries, dim), "k": normal(batch, groups, keys, dim),
               "v": normal(batch, groups, keys, dim)}
    for role in ("o", "lse", "max"):
        shape = (batch, heads, queries, dim) if role == "o" else (batch, heads, queries)
        tensors[role] = torch.full(shape, math.nan, dtype=dtype if role == "o" else torch.float32, device="cuda")
    return {role: tensors[role] for role in entry.args}


def launch(torch, program, tensors):
    go = program.bind(list(tensors.values()))
    go()
    event = torch.cuda.Event()
    event.record()
    measure.wait(event, 20)


def many(torch, entry, program):
    queries, keys = 40, 72
    batch = -(-70000 // entry.dims["heads"])
    tensors = make(torch, entry, batch, queries, keys)
    launch(torch, program, tensors)
    offset = keys - queries if entry.semantics.get("causal") == "bottom_right" else 0
    complaints = []
    for first in range(0, batch, 1000):
        part = {role: tensors[role][first:first + 1000] for role in tensors}
        x = attention_model.Inputs(part["q"], part["k"], part["v"], 1 / math.sqrt(entry.dims["dim"]), offset,
                                   causal="causal" in entry.semantics)
        exact, unfused = (attention_model.evaluate(torch, x, precision) for precision in (torch.float64, torch.float32))
        _, found = judge.judge(torch, part["o"].double(), exact["o"], unfused["o"].double(), entry.dtype, entry.rescale,
                               True, entry.tolerance)
        complaints += [f"batches from {first}: {text}" for text in found]
    return complaints


def far_apart(torch, entry, program):
    near = make(torch, entry, 2, 300, 333)
    far = {}
    for role, tensor in near.items():
        if tensor.dim() != 4:
            far[role] = torch.full_like(tensor, math.nan)
            continue
        memory = torch.empty(FAR + tensor[0].numel(), dtype=tensor.dtype, device="cuda")
        far[role] = torch.as_strided(memory, tensor.shape, (FAR, *tensor.stride()[1:]))
        far[role].copy_(tensor)
    launch(torch, program, near)
    launch(torch, program, far)
    return [f"{role}: other bits where batches are far apart" for role in near
            if role in ("o", "lse", "max") and (torch.isnan(near[role]).any() or not torch.equal(near[role], far[role]))]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("manifest")
    parser.add_argument("--only", default="")
    parser.add_argument("--build-dir", default="/tmp/fovea-runtime")
    options = parser.parse_args()
    import torch
    torch.zeros(1).to("cuda")
    torch.backends.cuda.matmul.allow_tf32 = False
    runtime = fovea_cuda.Runtime(fovea_cuda.build_runtime(options.build_dir))
    passed = failed = 0
    for entry in manifest.load(options.manifest):
        plain = not set(entry.args) - {"q", "k", "v", "o", "lse", "max"} and not set(entry.semantics) - {"causal"}
        if not plain or not entry.dims.get("heads") or not re.search(options.only, entry.name):
            continue
        program = runtime.program(entry.path)
        for test in (many, far_apart):
            complaints = test(torch, entry, program)
            passed, failed = passed + (not complaints), failed + bool(complaints)
            if complaints:
                print(f"FAIL {entry.name}, {test.__name__}: {'; '.join(complaints[:3])}", flush=True)
            torch.cuda.empty_cache()
    print(f"{passed} passed, {failed} failed")
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
