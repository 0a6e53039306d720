#!/usr/bin/env python3
"""Assembles kernels and compares what ptxas reports with what their launch was planned with.

  gate.py NAME.ptx NAME.launch         the kernels of one program (fovea-compile --emit ptx, --emit launch)
  gate.py --default FOVEA_COMPILE DIR  compiles the programs of the device tests and one per head dim into DIR, and
                                       assembles all of them

Status 1 if a kernel spills or has a stack, if ptxas gives advice C75xx other than C7519 (a fence that it adds), if it
does not use exactly the registers of the launch, or if the shared memory does not fit.
"""
import argparse, concurrent.futures, os, pathlib, re, subprocess, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "device"))
import programs

REGISTERS, SHARED_BYTES, RESERVED_BYTES = 65536, 228 << 10, 1 << 10  # of a multiprocessor; of a block for the system
HARMLESS = {"C7519"}


def read_launches(text):
    """By kernel: threads of a block, bytes of dynamic shared memory."""
    found = re.findall(r"kernel '(\w+)' of image \d+: .*block \((\d+), 1, 1\).* shared (\d+)", text)
    return {name: (int(threads), int(shared)) for name, threads, shared in found}


def read_entries(ptx):
    """By kernel: threads of a block, blocks of a multiprocessor."""
    found = re.findall(r"\.entry (\w+)\(.*?\.reqntid (\d+).*?(?:\.minnctapersm (\d+)\n.*?)?\{", ptx, re.DOTALL)
    return {name: (int(threads), int(blocks or 1)) for name, threads, blocks in found}


def read_report(messages):
    """By kernel: numbers by their names in the report, 0 if absent."""
    kernels = {}
    for part in messages.split("Compiling entry function ")[1:]:
        name = part.split("'")[1]
        kernels[name] = lambda what, part=part: int((re.findall(rf"(\d+) {what}", part) or [0])[0])
    return kernels


def complaints(ptx, launch_text, messages):
    launches, entries, report = read_launches(launch_text), read_entries(ptx), read_report(messages)
    if not launches or not (set(launches) == set(entries) == set(report)):
        yield f"kernels launched {sorted(launches)}, in PTX {sorted(entries)}, assembled {sorted(report)}"
        return
    for code, text in re.findall(r"\((C75\d\d)\) (.*)", messages):
        if code not in HARMLESS:
            yield f"{code}: {text}"
    for name, (threads, dynamic) in launches.items():
        count, blocks = report[name], entries[name][1]
        if entries[name][0] != threads:
            yield f"{name}: {threads} threads launched, {entries[name][0]} compiled for"
        for what in ("bytes stack frame", "bytes spill stores", "bytes spill loads"):
            if count(what) != 0:
                yield f"{name}: {count(what)} {what}"
        pool = REGISTERS // (threads * blocks) // 8 * 8
        if count("registers") != pool:
            yield f"{name}: {count('registers')} registers, and {threads} threads x {blocks} blocks get {pool}"
        shared, limit = count("bytes smem") + dynamic, SHARED_BYTES // blocks - RESERVED_BYTES
        if count("bytes smem") != 0 or shared > limit:
            yield f"{name}: {count('bytes smem')} + {dynamic} bytes of shared memory, expected 0 + at most {limit}"


def check(ptx_path, launch_path):
    """Number of kernels, and what is wrong with them."""
    command = ["ptxas", "-v", "-O3", "-arch=sm_90a", str(ptx_path), "-o", os.devnull]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return 0, [f"ptxas: {(done.stderr or done.stdout).strip()}"]
    ptx, launch_text = pathlib.Path(ptx_path).read_text(), pathlib.Path(launch_path).read_text()
    return len(read_launches(launch_text)), list(complaints(ptx, launch_text, done.stderr + done.stdout))


def default_programs():
    yield from programs.variants()
    for dim in (64, 96, 192, 256):  # with a kernel for each range of lengths
        yield programs.Variant(f"full-d{dim}", dim=dim, heads=4, results=["lse"])
        yield programs.Variant(f"causal-d{dim}", dim=dim, heads=4, clauses="causal(top_left)", results=["lse"])
    for dim in (64, 192, 256):  # what is read for each element takes registers beside the tile
        for name, type in (("bias", "f32"), ("keep", "i1")):
            operand = (name, f"tensor<?x4x?x?x{type}>")
            yield programs.Variant(f"{name}-d{dim}", dim=dim, heads=4, clauses=f"{name}(%{name} : {operand[1]})",
                                   extra=[operand], results=["lse"])
    yield programs.Variant("alibi-d64", dim=64, heads=4, clauses="causal(top_left) alibi(%alibi : tensor<4xf32>)",
                           extra=[("alibi", "tensor<4xf32>")], results=["lse"])


def check_default(variant, compiler, folder):
    if failure := programs.compile(variant, compiler, folder, ["ptx", "launch"]):
        return 0, [failure]
    return check(folder / f"{variant.name}.ptx", folder / f"{variant.name}.launch")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--default", action="store_true")
    parser.add_argument("paths", nargs=2, type=pathlib.Path)
    options = parser.parse_args()
    if options.default:
        compiler, folder = options.paths
        folder.mkdir(parents=True, exist_ok=True)
        chosen = {variant.name: variant for variant in default_programs()}
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            results = pool.map(lambda variant: check_default(variant, compiler, folder), chosen.values())
            results = dict(zip(chosen, results))
    else:
        results = {options.paths[0].stem: check(*options.paths)}
    for name, (_, wrong) in results.items():
        for line in wrong:
            print(f"{name}: {line}")
    bad = sum(bool(wrong) for _, wrong in results.values())
    print(f"{sum(count for count, _ in results.values())} kernels of {len(results)} programs assembled, {bad} refused")
    return bad != 0


if __name__ == "__main__":
    sys.exit(main())
