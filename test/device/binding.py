#!/usr/bin/env python3
"""Launches a program through fovea_cuda.py on tensors that look like torch's: binding.py RUNTIME PROGRAM"""
import ctypes as C, pathlib, struct, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "benchmarks/cuda"))
import fovea_cuda

CONSTANT, SIZE, STRIDE, CEIL_DIV = 0, 1, 2, 10
F32 = 7


class Tensor:
    """What the binding asks of a torch tensor."""
    dtype, is_cuda = "torch.float32", True

    def __init__(self, values, step=1):
        self.memory, self.step = (C.c_float * len(values))(*values), step
        self.shape = (len(values) // step,)

    def stride(self):
        return (self.step,)

    def data_ptr(self):
        return C.addressof(self.memory)


class Binding(fovea_cuda.Launch):
    def allocate(self, size):
        self.memory = (C.c_uint8 * (size + 256))(*[0xff] * (size + 256))
        return self.memory, C.addressof(self.memory) + -C.addressof(self.memory) % 256


def text(value):
    return struct.pack("<I", len(value)) + value.encode()


def descriptor():
    """scale(in, out, factor), as written by fovea::launch::write: one variant with a zeroed
    workspace of 4 bytes; 128 elements a block."""
    expressions = [(SIZE, 0, 0, 0, 0), (CONSTANT, 0, 0, 0, 128), (CEIL_DIV, 0, 1, 0, 0), (CONSTANT, 0, 0, 0, 1),
                   (STRIDE, 0, 0, 0, 0), (CONSTANT, 0, 0, 0, 4)]
    arguments = [("in", True, F32, 1), ("out", True, F32, 1), ("factor", False, F32, 0)]
    body = text("scale") + struct.pack("<II", 1, len(arguments))
    body += b"".join(text(name) + struct.pack("<?BI", *rest) for name, *rest in arguments)
    body += struct.pack("<I", len(expressions)) + b"".join(struct.pack("<BIIIq", *e) for e in expressions)
    body += struct.pack("<I", 1) + text("only") + struct.pack("<I", 0)   # variants; its guards
    body += struct.pack("<II?I", 1, 5, True, 0)                          # workspaces; no tensor maps
    parameters = [(0, 0, 0, 0, 0), (0, 0, 1, 0, 0), (1, 0, 0, 0, 0), (1, 0, 0, 4, 0), (2, 0, 0, 2, 0), (0, 1, 0, 0, 0)]
    body += struct.pack("<II", 1, 0) + text("scale_kernel") + struct.pack("<9I", 2, 3, 3, 1, 3, 3, 3, 3, 3)
    body += struct.pack("<II", 3, len(parameters))                       # dynamic shared memory; parameters
    body += b"".join(struct.pack("<BBIIQ", *p) for p in parameters)
    body += struct.pack("<I", 0)                                         # results
    return whole(b"FVLD", 2, body)


def whole(magic, version, body):
    return magic + struct.pack("<II", version, len(body) + 12) + body


def blob(data):
    return struct.pack("<I", len(data)) + data


def program():
    """The descriptor with one image, as written by fovea::launch::write."""
    cubin = b"\x7fELF\x02".ljust(18, b"\0") + struct.pack("<H", 190).ljust(46, b"\0")
    return whole(b"FVGM", 1, blob(descriptor()) + struct.pack("<I", 1) + blob(cubin))


def refusal(call):
    try:
        call()
    except fovea_cuda.FoveaError as error:
        return str(error)
    return "NOT REFUSED"


def main():
    library, path = sys.argv[1], pathlib.Path(sys.argv[2])
    path.write_bytes(program())
    scale = fovea_cuda.Runtime(library).program(path)
    print(scale.descriptor)
    source, result = Tensor(range(600), step=2), Tensor([float("nan")] * 300)
    go = Binding(scale, [source, result, 1.5], 0)
    go(stream=7), go(stream=0)
    print("right" if list(result.memory) == [3.0 * i for i in range(300)] else "wrong")
    bind = lambda *args: Binding(scale, args, 0)
    print(refusal(lambda: bind(source, result)))
    print(refusal(lambda: bind(source, 1.0, 1.0)))
    print(refusal(lambda: bind(source, result, result)))
    half = Tensor([1.0])
    half.dtype = "torch.float16"
    print(refusal(lambda: bind(half, result, 1.0)))
    flat = Tensor([1.0])
    flat.shape, flat.stride = (1, 1), lambda: (1, 1)
    print(refusal(lambda: bind(flat, result, 1.0)))
    scale.release()


if __name__ == "__main__":
    main()
