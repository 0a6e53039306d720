#!/usr/bin/env python3
"""Compiled programs on CUDA devices, from Python: the C API of fovea/cuda.h on torch tensors.

  runtime = Runtime(build_runtime("/tmp/fovea"))       # or the path of a libfovea_runtime.so
  program = runtime.program("bf16-causal.fovea")       # what `fovea-compile --emit cuda-program` wrote
  program.launch([q, k, v, o, 1.0])                    # torch CUDA tensors of any strides, and scalars
  go = program.bind([q, k, v, o, 1.0]); go(); go()     # packed once; owns its workspace

As a command:  fovea_cuda.py build FOLDER    compiles the runtime with c++ and prints the library's path
               fovea_cuda.py show PROGRAM    prints the arguments that a program takes
"""
import concurrent.futures, ctypes as C, os, pathlib, struct, subprocess, sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
# FoveaElementType by torch's names; bool is one byte.
ELEMENT_TYPES = {"int8": 1, "bool": 1, "uint8": 1, "int16": 2, "int32": 3, "int64": 4, "float16": 5, "bfloat16": 6,
                 "float32": 7, "float64": 8, "float8_e4m3fn": 9, "float8_e5m2": 10}
TYPE_NAMES = {value: name for name, value in reversed(ELEMENT_TYPES.items())}
WORKSPACE_ALIGNMENT = 256


class FoveaError(RuntimeError):
    pass


class Argument(C.Structure):
    """FoveaCudaArgument."""
    _fields_ = [("element_type", C.c_int), ("rank", C.c_int64), ("data", C.c_void_p), ("sizes", C.POINTER(C.c_int64)),
                ("strides", C.POINTER(C.c_int64)), ("integer", C.c_int64), ("number", C.c_double)]


class LaunchShape(C.Structure):
    """FoveaCudaLaunchShape."""
    _fields_ = [("grid", C.c_int64 * 3), ("block", C.c_int64 * 3), ("cluster", C.c_int64 * 3), ("shared", C.c_int64)]


class Descriptor:
    """What a program's launch descriptor says before its expressions: name, number of images, arguments."""

    def __init__(self, program):
        self.at, self.data = 0, program
        self.header(b"FVGM", 1, len(program))
        length, = self.take("<I")
        self.header(b"FVLD", 2, length)
        self.name = self.text()
        self.images, count = self.take("<II")
        self.arguments = []  # (name, whether a tensor, element type, rank)
        for _ in range(count):
            name = self.text()
            self.arguments.append((name, *self.take("<?BI")))

    def header(self, magic, version, length):
        found = self.take("<4sII")
        if found != (magic, version, length):
            raise FoveaError("got magic %r, version %d and length %d, expected %r, %d and %d"
                             % (*found, magic, version, length))

    def take(self, layout):
        values = struct.unpack_from(layout, self.data, self.at)
        self.at += struct.calcsize(layout)
        return values

    def text(self):
        size, = self.take("<I")
        return self.take(f"{size}s")[0].decode()

    def __str__(self):
        return "\n".join([f"{self.name}: {self.images} image(s)"] + [
            f"  {name}: {f'tensor of rank {rank}' if tensor else 'scalar'}, {TYPE_NAMES[type]}"
            for name, tensor, type, rank in self.arguments])


def build_runtime(folder, root=ROOT):
    """Compiles the runtime's sources (C++17, neither LLVM nor CUDA needed) to a shared library, unless it is newer."""
    folder, root = pathlib.Path(folder), pathlib.Path(root)
    sources = sorted(root.glob("runtime/lib/*.cpp"))
    library = folder / "libfovea_runtime.so"
    newest = max(path.stat().st_mtime for path in root.glob("runtime/**/*") if path.is_file())
    if library.exists() and library.stat().st_mtime > newest:
        return library
    folder.mkdir(parents=True, exist_ok=True)
    command = [os.environ.get("CXX", "c++"), "-std=c++17", "-O2", "-fPIC", "-pthread", "-fvisibility=hidden",
               "-DFOVEA_PROJECT_VERSION=FOVEA_RUNTIME_VERSION", f"-I{root}/runtime/include", f"-I{root}/runtime/lib"]

    def compile(source):
        made = folder / (source.stem + ".o")
        subprocess.run([*command, "-c", str(source), "-o", str(made)], check=True)
        return str(made)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        objects = list(pool.map(compile, sources))
    subprocess.run([*command, "-shared", "-Wl,-z,nodelete", *objects, "-o", str(library), "-ldl"], check=True)
    return library


class Runtime:
    """libfovea_runtime. A launch acts in the calling thread's CUDA context: torch's, once torch has used it."""

    def __init__(self, path):
        self.library = C.CDLL(str(path))
        self.library.foveaGetLastError.restype = C.c_char_p
        # Whatever is no pointer would be cut to an int without these.
        self.library.foveaCudaPrepareProgram.argtypes = [C.c_char_p, C.c_int64, C.c_void_p]
        self.library.foveaCudaWorkspaceBytes.argtypes = [C.c_void_p, C.c_void_p, C.c_int64, C.c_void_p]
        for launch in (self.library.foveaCudaLaunch, self.library.foveaCudaRelaunch):
            launch.argtypes = [C.c_void_p, C.c_void_p, C.c_int64, C.c_void_p, C.c_int64, C.c_void_p]
        self.library.foveaCudaReleaseProgram.argtypes = [C.c_void_p]
        self.library.foveaCudaLoadModule.argtypes = [C.c_char_p, C.c_int64, C.c_void_p]
        self.library.foveaCudaGetKernel.argtypes = [C.c_void_p, C.c_char_p, C.c_void_p]
        self.library.foveaCudaAllow.argtypes = [C.c_void_p, C.c_int64, C.c_int]
        self.library.foveaCudaLaunchKernel.argtypes = [C.c_void_p, C.c_void_p, C.c_void_p, C.c_void_p]

    def last_error(self):
        return self.library.foveaGetLastError().decode(errors="replace")

    def check(self, status):
        if status != 0:
            raise FoveaError(self.last_error())

    def program(self, path):
        return Program(self, path)

    def kernel(self, image, name):
        """A single kernel of an image, launched by hand: launch(grid, block, ctypes values, shared bytes, stream)."""
        module, kernel = C.c_void_p(), C.c_void_p()
        self.check(self.library.foveaCudaLoadModule(image, len(image), C.byref(module)))
        self.check(self.library.foveaCudaGetKernel(module, name.encode(), C.byref(kernel)))

        def launch(grid, block, values, shared=0, stream=None):
            shape = LaunchShape((*grid, *[1] * (3 - len(grid))), (*block, *[1] * (3 - len(block))), (1, 1, 1), shared)
            pointers = (C.c_void_p * len(values))(*[C.addressof(value) for value in values])
            self.check(self.library.foveaCudaAllow(kernel, shared, 1))
            self.check(self.library.foveaCudaLaunchKernel(kernel, C.byref(shape), pointers, stream))
        return launch


class Program:
    def __init__(self, runtime, path):
        self.runtime, self.handle = runtime, C.c_void_p()
        data = pathlib.Path(path).read_bytes()
        self.descriptor = Descriptor(data)
        runtime.check(runtime.library.foveaCudaPrepareProgram(data, len(data), C.byref(self.handle)))

    def release(self):
        """Nothing of the program may run any more."""
        handle, self.handle = self.handle, C.c_void_p()
        self.runtime.check(self.runtime.library.foveaCudaReleaseProgram(handle))

    def bind(self, args, guard_bytes=0):
        return Launch(self, args, guard_bytes)

    def launch(self, args, stream=None):
        """One launch on torch's current stream (or the one given), its workspace from torch's allocator."""
        go = self.bind(args)
        go(stream)
        if stream is not None and go.workspace is not None:
            go.workspace.record_stream(stream)


class Launch:
    """Arguments and workspace of a program, ready to launch any number of times on one stream at a time.

    `workspace` is the torch tensor it owns, or None; beyond it lie `guard_bytes` that a launch must not touch.
    """

    def __init__(self, program, args, guard_bytes):
        self.program, self.keep = program, list(args)
        declared = program.descriptor.arguments
        if len(args) != len(declared):
            raise FoveaError(f"'{program.descriptor.name}' takes {len(declared)} arguments "
                             f"({', '.join(name for name, *_ in declared)}), got {len(args)}")
        self.arguments = (Argument * max(1, len(args)))(*[self.pack(*pair) for pair in zip(args, declared)])
        needed = C.c_int64()
        library = program.runtime.library
        program.runtime.check(library.foveaCudaWorkspaceBytes(program.handle, self.arguments, len(args),
                                                              C.byref(needed)))
        self.bytes, self.workspace, address = needed.value, None, None
        if self.bytes:
            self.workspace, address = self.allocate(self.bytes + guard_bytes)
        self.first, self.again = library.foveaCudaLaunch, library.foveaCudaRelaunch
        self.call = (program.handle, self.arguments, len(args), address, self.bytes)

    def pack(self, value, declared):
        name, tensor, type, rank = declared
        if not tensor:
            if hasattr(value, "data_ptr"):
                raise FoveaError(f"argument '{name}' is a scalar, got a tensor")
            return Argument(type, 0, None, None, None, *((int(value), 0.0) if type == 4 else (0, float(value))))
        if not hasattr(value, "data_ptr"):
            raise FoveaError(f"argument '{name}' is a tensor, got {value!r}")
        if not value.is_cuda:
            raise FoveaError(f"argument '{name}' is not on a CUDA device")
        element = ELEMENT_TYPES.get(str(value.dtype).removeprefix("torch."), 0)
        sizes, strides = ((C.c_int64 * max(1, rank))(*v) for v in (value.shape[:rank], value.stride()[:rank]))
        self.keep += [sizes, strides]
        return Argument(element, len(value.shape), value.data_ptr() or None, sizes, strides, 0, 0.0)

    def allocate(self, size):
        import torch
        workspace = torch.empty(size, dtype=torch.uint8, device="cuda")
        if start := -workspace.data_ptr() % WORKSPACE_ALIGNMENT:
            workspace = torch.empty(size + WORKSPACE_ALIGNMENT, dtype=torch.uint8, device="cuda")
            start = -workspace.data_ptr() % WORKSPACE_ALIGNMENT
        workspace = workspace[start:start + size]
        return workspace, workspace.data_ptr()

    def __call__(self, stream=None):
        if stream is None:
            import torch
            stream = torch.cuda.current_stream()
        if self.first(*self.call, getattr(stream, "cuda_stream", stream)) != 0:
            raise FoveaError(self.program.runtime.last_error())
        self.first = self.again


def main():
    if len(sys.argv) == 3 and sys.argv[1] == "build":
        print(build_runtime(sys.argv[2]))
    elif len(sys.argv) == 3 and sys.argv[1] == "show":
        print(Descriptor(pathlib.Path(sys.argv[2]).read_bytes()))
    else:
        raise SystemExit(__doc__)


if __name__ == "__main__":
    main()
