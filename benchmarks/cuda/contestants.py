"""Who runs in forward.py: each takes q, k, v [batch, heads, length, head dim], contiguous, and computes attention.

A contestant has `launch()`, which puts one forward on torch's current stream, and `out`, its latest result in the same
layout; `context()` is entered around a group of launches. Whatever cannot take a cell raises, with the reason.
"""
import contextlib, importlib.util, math, os, pathlib, sys

import measure


class Contestant:
    out = None
    timing = "events"  # or how else
    rescale = "conditional"  # what the rules for its errors depend on, unless it is known to be exact
    note = ""

    def context(self):
        return contextlib.nullcontext()

    def times(self, torch, repeats, during):
        with self.context():
            return measure.time_launches(torch, self.launch, repeats, during=during)

    def burst(self, torch, seconds, estimate_ms, during):
        with self.context():
            return measure.time_burst(torch, self.launch, seconds, estimate_ms, during=during)


def poisoned(torch, like, shape=None, dtype=None):
    return torch.full(shape or like.shape, math.nan, dtype=dtype or like.dtype, device=like.device)


class Fovea(Contestant):
    """A program of the compiler, by its entry in the manifest."""

    def __init__(self, torch, runtime, entry, q, k, v, causal):
        self.out = poisoned(torch, q)
        values = {"q": q, "k": k, "v": v, "o": self.out, "scale": 1 / math.sqrt(q.shape[-1]),
                  "queries": q.shape[2], "keys": k.shape[2], "offset": 0,
                  "lse": poisoned(torch, q, q.shape[:-1], torch.float32),
                  "max": poisoned(torch, q, q.shape[:-1], torch.float32)}
        self.rescale = entry.rescale
        program = runtime.program(entry.path)
        self.launch = program.bind([entry.arrange(role, values[role]) for role in entry.args])
        self.note = f"{entry.name}, {self.launch.bytes} bytes of workspace" + \
            (", writes LSE" if "lse" in entry.args else "")


class Reference(Contestant):
    """The hand-scheduled kernels of a folder with reference.py (bf16, no LSE)."""
    loaded = {}

    def __init__(self, torch, folder, q, k, v, causal):
        if q.dtype != torch.bfloat16:
            raise ValueError("bf16 only")
        if folder not in self.loaded:
            spec = importlib.util.spec_from_file_location("fovea_reference", pathlib.Path(folder) / "reference.py")
            module = importlib.util.module_from_spec(spec)
            spec.loader.exec_module(module)
            self.loaded[folder] = module.Reference()
        self.out = poisoned(torch, q)
        reference = self.loaded[folder]
        self.launch = reference.forward(q, k, v, self.out, causal)
        self.note = reference.pick(q.shape[-1], causal, q.shape[2])


class Sdpa(Contestant):
    def __init__(self, torch, backend, q, k, v, causal):
        from torch.nn.attention import SDPBackend, sdpa_kernel
        self.kernel, self.backend = sdpa_kernel, getattr(SDPBackend, backend)
        attention = torch.nn.functional.scaled_dot_product_attention

        def launch():
            self.out = attention(q, k, v, is_causal=causal)
        self.launch = launch

    def context(self):
        return self.kernel(self.backend)


class Flex(Contestant):
    compiled = None

    def __init__(self, torch, q, k, v, causal):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        if Flex.compiled is None:
            import torch._dynamo.config as config
            for limit in ("recompile_limit", "cache_size_limit", "accumulated_recompile_limit",
                          "accumulated_cache_size_limit"):
                if hasattr(config, limit):
                    setattr(config, limit, 4096)
            Flex.compiled = torch.compile(flex_attention, dynamic=False)
        mask = create_block_mask(lambda b, h, i, j: i >= j, None, None, q.shape[2], k.shape[2], device=q.device) \
            if causal else None

        def launch():
            self.out = Flex.compiled(q, k, v, block_mask=mask)
        self.launch = launch


class Mosaic(Contestant):
    """JAX's own attention on Mosaic GPU. It runs on JAX's stream: timed by the slope of the host's clock."""
    timing = "host clock, slope between 4 and 16 launches"

    def __init__(self, torch, q, k, v, causal):
        os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
        import jax
        from jax.experimental.pallas.ops.gpu import attention_mgpu
        # [batch, length, heads, head dim] in place of torch's; in f16, for what it keeps in shared memory is f16; it does
        # not scale the product.
        torch.cuda.synchronize()
        q = q * q.shape[-1] ** -0.5
        self.torch, self.inputs = torch, [t.transpose(1, 2).contiguous().half() for t in (q, k, v)]
        torch.cuda.synchronize()
        operands = [jax.dlpack.from_dlpack(t) for t in self.inputs]
        self.wait, reason = jax.block_until_ready, None
        for block_kv in (256, 128, 64):
            config = attention_mgpu.TuningConfig(block_q=64, block_kv=block_kv, max_concurrent_steps=2, causal=causal)
            try:
                self.run = lambda config=config: attention_mgpu.attention(*operands, config)
                self.wait(self.run())
                self.note = f"f16, block_q 64 x 2, block_kv {block_kv}"
                return
            except ValueError as error:  # too much shared memory, or the length is no multiple
                reason = error
        raise ValueError(reason)

    def launch(self):
        result = self.run()
        self.wait(result)
        self.out = self.torch.from_dlpack(result).transpose(1, 2)

    def many(self, count):
        for _ in range(count):
            result = self.run()
        self.wait(result)

    def times(self, torch, repeats, during):
        return [measure.time_by_slope(self.many)]

    def burst(self, torch, seconds, estimate_ms, during):
        few = max(4, round(seconds * 1000 / estimate_ms / 8))
        return measure.time_by_slope(self.many, few, 3 * few)  # about `seconds` in all: 3 x (few + 3 few)


def factories(torch, options, runtime, entries, reference):
    """Contestants by name, in the order of the table: name -> function of (q, k, v, causal)."""
    made = {}
    for entry in entries:
        made.setdefault(entry.benchmark_name, lambda *qkv, entry=entry: Fovea(torch, runtime, entry, *qkv))
    if reference:
        made["reference"] = lambda *qkv: Reference(torch, reference, *qkv)
    made["cudnn"] = lambda *qkv: Sdpa(torch, "CUDNN_ATTENTION", *qkv)
    made["flash"] = lambda *qkv: Sdpa(torch, "FLASH_ATTENTION", *qkv)
    made["flex"] = lambda *qkv: Flex(torch, *qkv)
    made["mosaic"] = lambda *qkv: Mosaic(torch, *qkv)
    return made
