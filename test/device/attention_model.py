"""The meaning of attention on torch tensors: in float64 for reference, unfused in the result's precision for the rules.

Tensors are q [b, h, q, d], k [b, g, k, d], v [b, g, k, e]; bias and keep broadcast to [b, h, q, k]; ALiBi's slopes and
the sinks are [h]. Scores are softcap(scale * q k), then ALiBi and bias are added, then the masks act; a row without a
key gives O = 0, LSE = -inf. Query head i reads head i / (h / g) of k and v.
"""
import dataclasses, math
from typing import Any, Optional

CHUNK = 1 << 26  # scores that are held at once


@dataclasses.dataclass
class Inputs:
    q: Any
    k: Any
    v: Any
    scale: float
    offset: int = 0                      # of the alignment: key j is under query i where j = i + offset
    causal: bool = False
    window: tuple = (None, None)         # i + offset - left <= j <= i + offset + right
    softcap: Optional[float] = None
    bias: Any = None
    keep: Any = None
    alibi: Any = None
    sink: Any = None


def mask_of(torch, x, device):
    """[queries, keys]: what causality and window keep; None if that is everything."""
    left, right = x.window
    if x.causal:
        right = 0 if right is None else min(right, 0)
    if left is None and right is None:
        return None
    distance = torch.arange(x.k.shape[2], device=device) - torch.arange(x.q.shape[2], device=device)[:, None] - x.offset
    kept = torch.ones_like(distance, dtype=torch.bool)
    if left is not None:
        kept &= distance >= -left
    if right is not None:
        kept &= distance <= right
    return kept


def chunks(x):
    """(batch, query heads) by groups that read the same K and V head, as many as CHUNK allows."""
    batch, heads, queries, _ = x.q.shape
    group = heads // max(1, x.k.shape[1])
    together = max(1, min(group, CHUNK // max(1, queries * x.k.shape[2])))
    for b in range(batch):
        for g in range(x.k.shape[1]):
            for first in range(g * group, (g + 1) * group, together):
                yield b, g, slice(first, min(first + together, (g + 1) * group))


def part(tensor, b, h):
    """Batch b and heads h of what broadcasts to [b, h, ...]."""
    return tensor[min(b, tensor.shape[0] - 1), h if tensor.shape[1] > 1 else slice(0, 1)]


def scores_of(torch, x, b, g, h, precision, kept):
    """[heads, queries, keys], masked with -inf."""
    s = x.scale * (x.q[b, h].to(precision) @ x.k[b, g].to(precision).transpose(-1, -2))
    if x.softcap is not None:
        s = x.softcap * torch.tanh(s / x.softcap)
    if x.alibi is not None:
        i, j = (torch.arange(n, device=s.device, dtype=precision) for n in s.shape[-2:])
        s = s - x.alibi[h].to(precision)[:, None, None] * (i[:, None] + x.offset - j).abs()
    if x.bias is not None:
        s = s + part(x.bias, b, h).to(precision)
    if kept is not None:
        s = s.masked_fill(~kept, -math.inf)
    if x.keep is not None:
        s = s.masked_fill(~part(x.keep, b, h).bool(), -math.inf)
    return s


def evaluate(torch, x, precision):
    """{"o", "lse", "max"} in `precision`. Below float64, probabilities are rounded to V's type and O to Q's."""
    b, h, queries, _ = x.q.shape
    new = lambda *shape, value=0.0: torch.full(shape, value, dtype=precision, device=x.q.device)
    o = new(b, h, queries, x.v.shape[-1])
    lse, maximum = (new(b, h, queries, value=-math.inf) for _ in range(2))
    kept = mask_of(torch, x, x.q.device)
    # What no query may see must not leak, whatever it is: it is no part of the definition.
    v = x.v if kept is None else x.v.masked_fill(~kept.any(0)[:, None], 0)
    if x.k.shape[2] == 0 or x.q.numel() == 0:
        if x.sink is not None:
            lse[:] = x.sink.to(precision)[None, :, None]
        return {"o": o, "lse": lse, "max": maximum}
    for batch, g, heads in chunks(x):
        s = scores_of(torch, x, batch, g, heads, precision, kept)
        m = s.amax(-1)
        sink = None if x.sink is None else x.sink[heads].to(precision)[:, None]
        top = m if sink is None else torch.maximum(m, sink)
        safe = torch.where(top == -math.inf, torch.zeros_like(top), top)
        p = torch.exp(s - safe[..., None])
        total = p.sum(-1) + (0 if sink is None else torch.exp(sink - safe))
        p = p / torch.where(total == 0, torch.ones_like(total), total)[..., None]
        if precision != torch.float64:
            p = p.to(v.dtype).to(precision)
        o[batch, heads] = p @ v[batch, g].to(precision)
        lse[batch, heads] = safe + torch.log(total)
        maximum[batch, heads] = m
    if precision != torch.float64:
        o = o.to(x.q.dtype)
    return {"o": o, "lse": lse, "max": maximum}


def fused(torch, x, block=64, fault=None):
    """The way a fused kernel computes, with torch: online over blocks of keys, P unnormalised when it is rounded.

    `fault` plants a mistake: what numerics.py --self-test must find.
    """
    f32, (b, h, queries, _), keys = torch.float32, x.q.shape, x.k.shape[2]
    o = torch.zeros(b, h, queries, x.v.shape[-1], dtype=f32)
    lse, maximum = torch.full((b, h, queries), -math.inf), torch.full((b, h, queries), -math.inf)
    offset = x.offset + (1 if fault == "mask" else 0)
    kept = mask_of(torch, dataclasses.replace(x, offset=offset), "cpu")
    group = h // max(1, x.k.shape[1])
    for batch in range(b):
        for head in range(h):
            g, heads = head % x.k.shape[1] if fault == "heads" else head // group, slice(head, head + 1)
            s = scores_of(torch, dataclasses.replace(x, offset=offset), batch, g, heads, f32, kept)[0] if keys else \
                torch.empty(queries, 0)
            m, total = torch.full((queries,), -math.inf), torch.zeros(queries)
            acc = torch.zeros(queries, x.v.shape[-1])
            last = keys - 1 if fault == "tail" else keys
            for first in range(0, last, block):
                tile = slice(first, min(first + block, last))
                if kept is not None and not kept[:, tile].any():
                    continue
                new = torch.maximum(m, s[:, tile].amax(-1))
                safe = torch.where(new == -math.inf, torch.zeros_like(new), new)
                p = torch.exp(s[:, tile] - (new if fault == "guard" else safe)[:, None])
                alpha = torch.ones_like(m) if fault == "rescale" else torch.exp(m - safe)
                rounded = p.to(x.v.dtype).to(f32)
                v = x.v[batch, g, tile]
                if kept is not None:  # 0 * NaN of keys that no query may see
                    v = v.masked_fill(~kept[:, tile].any(0)[:, None], 0)
                total, acc = total * alpha + p.sum(-1), acc * alpha[:, None] + rounded @ v.to(f32)
                m = new
            low = torch.where(m == -math.inf, torch.zeros_like(m), m)
            if x.sink is not None:
                top = torch.maximum(m, x.sink[head].to(f32))
                low, alpha = top, torch.exp(m - top)
                total, acc = total * alpha + torch.exp(x.sink[head].to(f32) - top), acc * alpha[:, None]
            o[batch, head] = torch.where(total[:, None] == 0, torch.zeros(()), acc / total[:, None])
            lse[batch, head] = (low + torch.log(total)) * (math.log2(math.e) if fault == "base" else 1)
            maximum[batch, head] = m
    return {"o": o.to(x.q.dtype), "lse": lse, "max": maximum}
