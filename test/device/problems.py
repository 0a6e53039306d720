"""Random problems for numerics.py: which there are, and their tensors, reproducibly from one line of text."""
import dataclasses, math, random, zlib

from attention_model import Inputs

LENGTHS = [1, 7, 63, 64, 127, 128, 129, 200, 1000, 4096]
KINDS = ("normal", "peaky", "low", "rising", "masked", "nan", "inf")
SIZE_LIMIT = 1 << 27  # scores of a problem, unless the program's fixed sizes ask for more
NAN_BITS = {2: 0x7fd5, 4: 0x7fd5d5d5, 8: 0x7ffd5d5d5d5d5d5d}  # NaN in f16, bf16, f32, f64


@dataclasses.dataclass(frozen=True)
class Problem:
    batch: int
    heads: int
    kv_heads: int
    queries: int
    keys: int
    offset: int
    kind: str
    seed: int

    def __str__(self):
        return f"b{self.batch},h{self.heads},g{self.kv_heads},q{self.queries},k{self.keys},o{self.offset}," \
               f"{self.kind},s{self.seed}"

    @staticmethod
    def parse(text):
        *numbers, kind, seed = text.split(",")
        if [n[0] for n in numbers] != list("bhgqko") or kind not in KINDS or seed[0] != "s":
            raise ValueError(f"got problem {text!r}, expected for example b1,h4,g2,q129,k200,o0,normal,s7")
        return Problem(*[int(n[1:]) for n in numbers], kind, int(seed[1:]))


def problems_of(entry, seed=0, reduced=False, exhaustive=False):
    """The problems that a program is tested with, the small ones first."""
    draw = random.Random(f"{seed}:{entry.name}")
    fixed = dict(entry.dims)
    for letter, role in (("b", "q"), ("h", "q"), ("g", "k")):
        if letter not in entry.layouts[role]:
            fixed[{"b": "batch", "h": "heads", "g": "kv_heads"}[letter]] = 1
    lengths = [1, 64, 129, 200] if reduced else LENGTHS
    pairs = [(n, n, "normal") for n in lengths]
    mixed = [(q, k, "normal") for q in lengths for k in lengths if q != k]
    pairs += mixed if exhaustive else draw.sample(mixed, 3 if reduced else 14)
    kinds = [kind for kind in KINDS[1:] if kind != "masked" or "keep" in entry.args]
    places = [(129, 200)] if reduced else [(129, 200), (200, 1000), (1000, 384)]
    pairs += [(q, k, kind) for kind in (["nan", "peaky"] if reduced else kinds) for q, k in places]
    pairs += [(0, 64, "normal"), (64, 0, "normal")]
    made = []
    for queries, keys, kind in pairs:
        queries = queries if fixed.get("queries") is None else fixed["queries"]
        keys = keys if fixed.get("keys") is None else fixed["keys"]
        group = fixed.get("group") or draw.choice([1, 1, 2, 4, 8])
        heads, kv_heads = fixed.get("heads"), fixed.get("kv_heads")
        if heads and not kv_heads:
            divisors = [heads // group] if fixed.get("group") else [g for g in (1, 2, heads) if heads % g == 0]
            kv_heads = draw.choice(divisors)
        kv_heads = kv_heads or draw.choice([1, 2, 3])
        heads = heads or kv_heads * group
        batch = draw.choice([1, 2, 3]) if fixed.get("batch") is None else fixed["batch"]
        while fixed.get("batch") is None and batch > 1 and batch * heads * queries * keys > SIZE_LIMIT:
            batch -= 1
        offset = draw.choice([0, keys - queries, draw.randint(-queries, keys), -(queries // 2), keys // 2])
        made.append(Problem(batch, heads, kv_heads, queries, keys, aligned(entry, queries, keys, offset), kind,
                            draw.randrange(10000)))
    if fixed.get("batch") is None:
        made.append(dataclasses.replace(made[len(lengths) // 2], batch=0))
    unique = {dataclasses.replace(problem, seed=0): problem for problem in made}
    return sorted(unique.values(), key=lambda p: p.batch * p.heads * p.queries * p.keys)


def aligned(entry, queries, keys, drawn):
    """The offset of the diagonal that the program's semantics say; `drawn` where it is an argument."""
    at = entry.semantics.get("causal")
    at = entry.semantics.get("align", "top_left") if at is None else at
    return {"top_left": 0, "bottom_right": keys - queries, "offset": drawn}.get(at, at)


def inputs_of(torch, entry, problem, types):
    """Inputs on the CPU. `types`: role -> torch dtype."""
    p, semantics = problem, entry.semantics
    generator = torch.Generator().manual_seed(zlib.crc32(f"{entry.name}:{problem}".encode()))
    normal = lambda *shape: torch.randn(shape, generator=generator)
    index = lambda size: int(torch.randint(size, (1,), generator=generator))
    dim, value_dim = entry.dims["dim"], entry.dims["value_dim"]
    q, k, v = (normal(p.batch, h, n, d) for h, n, d in ((p.heads, p.queries, dim), (p.kv_heads, p.keys, dim),
                                                        (p.kv_heads, p.keys, value_dim)))
    along = normal(dim)
    along /= along.norm()
    if p.kind == "peaky":
        k *= 8
    elif p.kind == "low":      # every score is far below zero
        q, k = q + 40 * along, k - 40 * along
    elif p.kind == "rising":   # the running maximum keeps growing, by more than 2^8 from block to block
        q, k = q + 6 * along, k + (60 * torch.arange(p.keys) / max(1, p.keys))[:, None] * along
    q, k, v = q.to(types["q"]), k.to(types["k"]), v.to(types["v"])
    scale = semantics.get("scale", 1 / math.sqrt(max(dim, 1)))
    if "scale" in entry.args:
        scale *= 0.5 + index(100) / 100
    x = Inputs(q, k, v, scale, p.offset, causal=semantics.get("causal") is not None,
               window=tuple(semantics.get("window") or (None, None)), softcap=semantics.get("softcap"))

    def broadcast(role):
        """Extents of bias or keep: 1 where the layout lacks the dimension, at times 1 where it has it (stride 0)."""
        full = dict(b=p.batch, h=p.heads, q=p.queries, k=p.keys)
        return [1 if letter not in entry.layouts[role] or (full[letter] > 1 and index(5) == 0) else full[letter]
                for letter in "bhqk"]
    if "bias" in entry.args:
        x.bias = normal(*broadcast("bias")).to(types["bias"])
    if "keep" in entry.args:
        extents = broadcast("keep")
        x.keep = torch.rand(extents, generator=generator) < 0.7
        if p.kind == "masked" and x.keep.numel():  # rows without any key, and a first block without
            x.keep[..., ::3, :] = False
            x.keep[..., :min(130, p.keys - 1)] = False
        x.keep = x.keep.to(types["keep"])
    if "alibi" in entry.args:
        x.alibi = torch.tensor([2.0 ** -(1 + h % 8) for h in range(p.heads)]).to(types["alibi"])
    if "sink" in entry.args:
        x.sink = normal(p.heads).to(types["sink"])
    if p.kind in ("nan", "inf") and q.numel() and k.numel():
        b, h, i, j = index(p.batch), index(p.heads), index(p.queries), index(p.keys)
        q[b, h, i, index(dim)] = math.nan if p.kind == "nan" else math.inf
        if p.kind == "nan":
            group = p.heads // p.kv_heads
            k[b, (h + 1) % p.heads // group, j, index(dim)] = math.nan
            plain = not x.causal and x.window == (None, None) and x.keep is None
            if plain:
                v[b, (h + 1) % p.heads // group, j, index(value_dim)] = math.nan
            # Keys that no query may see, a whole block away from those that one may.
            right = 0 if x.causal else x.window[1]
            last = p.keys if right is None else p.queries - 1 + p.offset + right
            k[:, :, max(0, last + 257):] = math.nan
            v[:, :, max(0, last + 257):] = math.nan
            first = 0 if x.window[0] is None else p.offset - x.window[0]
            k[:, :, :max(0, first - 256)] = math.nan
            v[:, :, :max(0, first - 256)] = math.nan
    return x


class Placed:
    """A tensor in memory that is larger than it: strides of its own, and NaN (or a pattern) all around."""

    def __init__(self, torch, value, draw, multiple, any_order, exact=False):
        """`multiple`: the innermost rows begin at multiples of so many elements, the last dimension being innermost
        unless `any_order`. `exact`: nothing around it, so that tools see accesses beyond."""
        self.torch, rank = torch, value.dim()
        order = list(range(rank))
        if any_order:
            draw.shuffle(order)
        elif rank > 1 and not exact:
            outer = order[:-1]
            draw.shuffle(outer)
            order = outer + order[-1:]
        sizes, starts = [], []
        for position, dim in enumerate(order):
            unit = multiple if position == rank - 1 else 1
            start = 0 if exact else unit * draw.randint(0, 2 if position == rank - 1 else 1)
            rest = 0 if exact and position < rank - 1 else -value.shape[dim] % unit
            sizes.append(start + value.shape[dim] + rest + (0 if exact else unit * draw.randint(0, 2)))
            starts.append(start)
        self.memory = torch.empty(sizes, dtype=value.dtype)
        self.poison()
        window = self.memory[tuple(slice(s, s + value.shape[d]) for s, d in zip(starts, order))]
        self.view = window.permute(*[order.index(dim) for dim in range(rank)]) if rank else window
        self.view.copy_(value)
        self.before = None

    @property
    def bits(self):
        torch = self.torch
        return self.memory.view({1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[
            self.memory.element_size()])

    def poison(self):
        """The same NaN (true for booleans) everywhere."""
        size = self.memory.element_size()
        self.bits.fill_(NAN_BITS[size] if size > 1 else 1)

    def to(self, device):
        """Moves it, and remembers what it is."""
        shape, stride, offset = self.view.shape, self.view.stride(), self.view.storage_offset()
        self.before = self.bits.to(device, copy=True)
        self.memory = self.memory.to(device)
        self.view = self.torch.as_strided(self.memory, shape, stride, offset)
        return self

    def twin(self):
        """Another tensor with the same strides, all NaN."""
        memory = self.torch.full_like(self.memory, math.nan)
        return self.torch.as_strided(memory, self.view.shape, self.view.stride(), self.view.storage_offset())

    def on_cpu(self):
        """The tensor, copied as it lies: no kernel runs for that."""
        view = self.view
        return self.torch.as_strided(self.memory.cpu(), view.shape, view.stride(), view.storage_offset())

    def changed(self, inside):
        """Whether memory changed; with `inside` everywhere, otherwise outside of the tensor only."""
        now, torch = self.bits.clone(), self.torch
        if not inside and self.view.numel():
            like = torch.as_strided(now, self.view.shape, self.view.stride(), self.view.storage_offset())
            was = torch.as_strided(self.before, self.view.shape, self.view.stride(), self.view.storage_offset())
            like.copy_(was)
        return not torch.equal(now, self.before)
