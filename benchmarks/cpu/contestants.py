"""What forward.py times on the CPU: code of fovea-compile, PyTorch's attention, FlexAttention; and the machine's peaks.

Everything runs in one process, on the same tensors and the same number of threads.
"""
import ctypes as C, pathlib, platform, subprocess, tempfile

HERE = pathlib.Path(__file__).resolve().parent
DTYPES = {"f32": "float32", "bf16": "bfloat16", "f16": "float16"}
SOFTCAP, WINDOW = 20.0, 256

# The masks and score functions of a cell, as clauses of attn.attention; {slopes} stands for the operand of ALiBi.
CLAUSES = {"full": "", "causal": "causal ", "alibi": "alibi({slopes}) ", "softcap": f"softcap({SOFTCAP}) ",
           "window": f"window({WINDOW}, 0) "}


def source(cell):
    """The module of one cell: everything static, as PyTorch's compiler specialises, too."""
    t = f"tensor<{cell['batch']}x{cell['heads']}x{cell['length']}x{cell['dim']}x{cell['dtype']}>"
    slopes = f"%slopes : tensor<{cell['heads']}xf32>"
    extra = f"{slopes}, " if cell["mask"] == "alibi" else ""
    clause = CLAUSES[cell["mask"]].format(slopes=slopes)
    return (f"func.func @attention(%q: {t}, %k: {t}, %v: {t}, {extra.replace(' :', ':')}%out: {t}) -> {t} {{\n"
            f"  %o = attn.attention {clause}ins(%q, %k, %v : {t}, {t}, {t}) outs(%out : {t})\n  return %o : {t}\n}}\n")


def slopes(torch, heads):
    return torch.tensor([2.0 ** (-8 * (h + 1) / heads) for h in range(heads)])


def describe(tensor):
    """The descriptor of a tensor, as the header that fovea-compile writes declares it."""
    rank = tensor.dim()

    class Descriptor(C.Structure):
        _fields_ = [("allocated", C.c_void_p), ("aligned", C.c_void_p), ("offset", C.c_int64),
                    ("sizes", C.c_int64 * rank), ("strides", C.c_int64 * rank)]
    return Descriptor(tensor.data_ptr(), tensor.data_ptr(), 0, (C.c_int64 * rank)(*tensor.shape),
                      (C.c_int64 * rank)(*tensor.stride()))


def bound(function, tensors):
    """A call of a compiled function with these tensors, whose descriptors are made once."""
    descriptors = [describe(tensor) for tensor in tensors]
    arguments = [C.byref(descriptor) for descriptor in descriptors]
    return lambda: function(*arguments)


def cpu_name():
    names = (line.split(":", 1)[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name"))
    return next(names, platform.machine())


def commit_here():
    return subprocess.run(["git", "-C", str(HERE), "rev-parse", "--short", "HEAD"], text=True,
                          capture_output=True).stdout.strip()


class Compiler:
    """Modules and C files to functions of this process, through shared libraries."""

    def __init__(self, binaries, threads, options=""):
        self.program, self.threads, self.options = f"{binaries}/fovea-compile", threads, options
        self.folder = tempfile.TemporaryDirectory()
        self.count = 0

    def library(self, command, suffix, text):
        """What `command` makes of the text; RuntimeError with what it says where it fails."""
        self.count += 1
        source = pathlib.Path(self.folder.name, f"module{self.count}{suffix}")
        source.write_text(text)
        made = subprocess.run([*command, source, "-o", source.with_suffix(".so")], text=True, capture_output=True)
        if made.returncode:
            raise RuntimeError(f"{pathlib.Path(command[0]).name} failed: {made.stderr}")
        return C.CDLL(str(source.with_suffix(".so")))

    def function(self, text, name):
        options = f"--pipeline-options=threads={self.threads} {self.options}"
        found = getattr(self.library([self.program, "--emit", "shared", options], ".mlir", text), name)
        found.restype = None
        return found


class Fovea:
    """The compiled module of a cell, called with descriptors of torch's tensors."""

    def __init__(self, torch, compiler, cell, q, k, v):
        self.out = torch.full_like(q, float("nan"))
        extra = [slopes(torch, cell["heads"])] if cell["mask"] == "alibi" else []
        self.tensors = [q, k, v, *extra, self.out]
        self.call = bound(compiler.function(source(cell), "attention"), self.tensors)

    def __call__(self):
        self.call()
        return self.out


class Sdpa:
    """torch.nn.functional.scaled_dot_product_attention, whichever kernel it chooses."""

    def __init__(self, torch, cell, q, k, v):
        if cell["mask"] not in ("full", "causal"):
            raise ValueError("has no such mask or score function")
        self.tensors, self.causal = (q, k, v), cell["mask"] == "causal"
        self.function = torch.nn.functional.scaled_dot_product_attention

    def __call__(self):
        return self.function(*self.tensors, is_causal=self.causal)


class Flex:
    """FlexAttention, compiled for the shapes of the cell."""

    def __init__(self, torch, cell, q, k, v):
        from torch.nn.attention.flex_attention import create_block_mask, flex_attention
        torch._dynamo.reset()
        per_head = slopes(torch, cell["heads"])
        keep = {"causal": lambda b, h, i, j: i >= j, "window": lambda b, h, i, j: (i >= j) & (i - j <= WINDOW)}
        score = {"alibi": lambda s, b, h, i, j: s - per_head[h] * (i - j).abs(),
                 "softcap": lambda s, b, h, i, j: SOFTCAP * torch.tanh(s / SOFTCAP)}
        mask = cell["mask"]
        block_mask = create_block_mask(keep[mask], None, None, cell["length"], cell["length"], device="cpu") \
            if mask in keep else None
        compiled = torch.compile(flex_attention, dynamic=False)
        self.call = lambda: compiled(q, k, v, score_mod=score.get(mask), block_mask=block_mask)

    def __call__(self):
        return self.call()


class Peaks:
    """GFLOP/s of independent multiply-adds in registers, by vectors of f32 and, for 16 bits, by AMX tiles (amx) or pairs
    of bf16 (pairs), where there are any."""

    LANES, CHAINS, ITERATIONS = 16, 24, 4_000_000

    def __init__(self, torch, compiler, threads, matrix):
        self.threads, self.best = threads, 0.0
        self.result = torch.zeros(threads)
        self.vector = bound(compiler.function((HERE / "fma-peak.mlir").read_text(), "fma_peak"), [self.result])
        self.matrix = self.load_matrix(compiler) if matrix else {}

    def load_matrix(self, compiler):
        """By unit; none where the C compiler, the CPU or the kernel has nothing for 16 bits."""
        try:
            library = compiler.library(["cc", "-O2", "-shared", "-fPIC", "-pthread", "-mamx-tile", "-mamx-bf16",
                                        "-mavx512f", "-mavx512bf16"], ".c", (HERE / "matrix-peak.c").read_text())
        except RuntimeError as error:
            print(f"no peak of 16-bit products: {str(error)[:300]}", flush=True)
            return {}
        found = {}
        for unit, peak in (("amx", library.amxPeak), ("pairs", library.pairsPeak)):
            peak.restype, peak.argtypes = C.c_double, [C.c_int]
            if peak(1) > 0:
                found[unit] = peak
        return found

    def measure(self, clock):
        def vector():
            start = clock()
            self.vector()
            return 2 * self.LANES * self.CHAINS * self.ITERATIONS * self.threads / (clock() - start) / 1e9
        found = {"fma": max(vector() for _ in range(2))}
        for unit, peak in self.matrix.items():
            found[unit] = max(peak(self.threads) for _ in range(2))
        return found
