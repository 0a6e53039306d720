"""Lists of compiled programs, as test/device/numerics.py describes them. Needs neither torch nor a device."""
import json, math, pathlib

ROLES = ("q", "k", "v", "bias", "keep", "alibi", "sink", "scale", "offset", "queries", "keys", "o", "lse", "max")
SCALARS = ("scale", "offset", "queries", "keys")
OUTPUTS = ("o", "lse", "max")
DTYPES = {"f16": "float16", "bf16": "bfloat16", "f32": "float32", "f64": "float64"}
# Dimensions: batch, query heads, heads of K and V, queries, keys, dim of Q and K, dim of V.
LETTERS = {"b": "batch", "h": "heads", "g": "kv_heads", "q": "queries", "k": "keys", "d": "dim", "e": "value_dim"}
LAYOUTS = {"q": "bhqd", "k": "bgkd", "v": "bgke", "bias": "bhqk", "keep": "bhqk", "alibi": "h", "sink": "h",
           "o": "bhqe", "lse": "bhq", "max": "bhq"}
SEMANTICS = ("causal", "align", "window", "softcap", "scale")


class ManifestError(ValueError):
    pass


class Entry:
    """One program. Attributes are the keys of the manifest, with the defaults filled in."""

    def __init__(self, data, base=pathlib.Path(".")):
        self.name = data.get("name")

        def require(holds, what):
            if not holds:
                raise ManifestError(f"program {self.name!r}: {what}")
        known = {"name", "program", "dtype", "args", "dims", "semantics", "layouts", "types", "stride_multiple",
                 "rescale", "tolerance", "refuses", "benchmark"}
        require(isinstance(self.name, str) and self.name and ":" not in self.name, "'name' is a text without ':'")
        require(not set(data) - known, f"unknown keys {sorted(set(data) - known)}")
        require("program" in data, "there is no 'program', the file")
        self.path = base / data["program"]
        self.dtype = data.get("dtype")
        require(self.dtype in DTYPES, f"'dtype' is one of {', '.join(DTYPES)}, got {self.dtype!r}")
        self.args = data.get("args", ["q", "k", "v", "o"])
        require(all(role in ROLES for role in self.args), f"'args' are of {', '.join(ROLES)}, got {self.args}")
        require(len(set(self.args)) == len(self.args), f"'args' has a role twice: {self.args}")
        require({"q", "k", "v", "o"} <= set(self.args), f"'args' has q, k, v and o, got {self.args}")
        self.dims = dict(data.get("dims", {}))
        sizes = [*LETTERS.values(), "group"]
        require(not set(self.dims) - set(sizes), f"'dims' are of {', '.join(sizes)}")
        require(isinstance(self.dims.get("dim"), int), "'dims' says at least 'dim'")
        self.dims.setdefault("value_dim", self.dims["dim"])
        self.semantics = dict(data.get("semantics", {}))
        require(not set(self.semantics) - set(SEMANTICS), f"'semantics' are of {', '.join(SEMANTICS)}; "
                "what is an argument (bias, keep, alibi, sink) stands in 'args'")
        for key in ("causal", "align"):
            at = self.semantics.get(key)
            require(at in (None, "top_left", "bottom_right", "offset") or type(at) is int,
                    f"'{key}' is top_left, bottom_right, offset or a number, got {at!r}")
            require(at != "offset" or "offset" in self.args, f"'{key}' is the argument 'offset', which 'args' lacks")
        window = self.semantics.get("window")
        require(window is None or (len(window) == 2 and all(w is None or type(w) is int for w in window)),
                f"'window' is [left, right], null for unbounded, got {window!r}")
        self.layouts = {**LAYOUTS, **data.get("layouts", {})}
        for role, layout in self.layouts.items():
            letters = layout.replace("1", "")
            require(role in LAYOUTS and set(letters) <= set(LAYOUTS[role]) and len(set(letters)) == len(letters),
                    f"layout of {role!r}: {layout!r}")
        self.types = data.get("types", {})
        self.stride_multiple = data.get("stride_multiple", 8)
        self.rescale = data.get("rescale", "exact")
        require(self.rescale in ("exact", "conditional"), f"'rescale' is exact or conditional, got {self.rescale!r}")
        self.tolerance = dict(data.get("tolerance", {}))
        require(not set(self.tolerance) - {"max", "mean", "cap", "lse"}, f"'tolerance' is of max, mean, cap, lse")
        self.refuses = data.get("refuses", [])
        self.benchmark = data.get("benchmark")

    # What forward.py asks.

    @property
    def benchmark_name(self):
        return (self.benchmark or {}).get("as", "fovea")

    def times(self, cell):
        """Whether this program is meant for a cell of the benchmark (forward.py's: dtype, dim, causal, length, ...)."""
        if self.benchmark is None or self.dtype != cell["dtype"]:
            return False
        low, high = (self.benchmark.get("lengths") or [None, None])
        length, dim, heads = cell["length"], cell["dim"], cell["heads"]
        if length < (low or 0) or length > (high or math.inf):
            return False
        sizes = dict(batch=cell["batch"], heads=heads, kv_heads=heads, queries=length, keys=length, dim=dim,
                     value_dim=dim, group=1)
        plain = not set(self.semantics) - {"causal", "align"} and not set(self.args) & {"bias", "keep", "alibi", "sink"}
        return plain and cell["causal"] == (self.semantics.get("causal") is not None) and \
            all(size is None or size == sizes[name] for name, size in self.dims.items())

    def arrange(self, role, value):
        """A tensor with the default order of dimensions, as the program wants it: a view."""
        if role in SCALARS:
            return value
        default, wanted = LAYOUTS[role], self.layouts[role]
        for letter, size in zip(default, value.shape):
            if letter not in wanted and size != 1:
                raise ManifestError(f"program {self.name!r}: {role} has no {LETTERS[letter]}, got {size}")
        kept = [letter for letter in default if letter in wanted]
        value = value[tuple(slice(None) if letter in wanted else 0 for letter in default)]
        value = value.permute(*[kept.index(letter) for letter in wanted if letter != "1"])
        for position, letter in enumerate(wanted):
            value = value.unsqueeze(position) if letter == "1" else value
        return value


def load(path):
    path = pathlib.Path(path)
    data = json.loads(path.read_text())
    if not isinstance(data, dict) or "programs" not in data:
        raise ManifestError(f"{path}: there is no list 'programs'")
    entries = [Entry(item, path.parent) for item in data["programs"]]
    names = [entry.name for entry in entries]
    if len(set(names)) != len(names):
        raise ManifestError(f"{path}: a name occurs twice")
    return entries


def parse_cell(text):
    """An entry from DTYPE:DIM:full|causal:LOW-HIGH=FILE[,role,...], the short form of forward.py --program."""
    cell, _, rest = text.partition("=")
    try:
        dtype, dim, mask, lengths = cell.split(":")
        low, high = lengths.split("-")
        path, *roles = rest.split(",")
        if mask not in ("full", "causal") or not path:
            raise ValueError
        data = {"name": pathlib.Path(path).stem, "program": path, "dtype": dtype, "dims": {"dim": int(dim)},
                "semantics": {"causal": "top_left"} if mask == "causal" else {},
                "benchmark": {"lengths": [int(low), int(high) if high else None]}}
    except ValueError:
        expected = "DTYPE:DIM:full|causal:LOW-HIGH=FILE[,role,...]"
        raise ManifestError(f"got --program {text}, expected {expected}") from None
    if roles:
        data["args"] = roles
    return Entry(data)
