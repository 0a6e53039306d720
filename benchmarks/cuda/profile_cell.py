#!/usr/bin/env python3
"""One launch of each contestant of one cell, for a profiler to look at.

  ncu --clock-control none --profile-from-start off --set full --csv --page raw \\
    python3 profile_cell.py --manifest MANIFEST --reference FOLDER --mask full --lengths 16384 --contestants fovea reference

The options that choose the cell are those of forward.py. Before its profiled launch each contestant runs for a while, so
that clocks and caches are those of the benchmark.
"""
import gc, sys

import contestants, forward, fovea_cuda, manifest


def main():
    options = forward.parse(sys.argv[1:])
    import torch
    entries = [entry for path in options.manifest for entry in manifest.load(path)]
    runtime = fovea_cuda.Runtime(options.runtime or fovea_cuda.build_runtime(options.build_dir))
    for key, cell in forward.cells_of(options):
        shape = (cell["batch"], cell["heads"], cell["length"], cell["dim"])
        torch.manual_seed(0)
        q, k, v = (torch.randn(shape, device="cuda").to(getattr(torch, manifest.DTYPES[cell["dtype"]])) for _ in "qkv")
        chosen = [entry for entry in entries if entry.times(cell)]
        made = contestants.factories(torch, options, runtime, chosen, options.reference)
        for name, factory in made.items():
            if options.contestants and name not in options.contestants:
                continue
            contestant = factory(q, k, v, cell["causal"])
            with contestant.context():
                for _ in range(20):
                    contestant.launch()
                torch.cuda.synchronize()
                torch.cuda.profiler.start()
                contestant.launch()
                torch.cuda.synchronize()
                torch.cuda.profiler.stop()
            print(f"{key}: {name}: {contestant.note}", flush=True)
            gc.collect()


if __name__ == "__main__":
    main()
