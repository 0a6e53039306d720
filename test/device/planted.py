#!/usr/bin/env python3
"""Launches a kernel of Inputs/planted.ptx, or of another image, that has a mistake: planted.py RUNTIME KERNEL [IMAGE]

One block of 64 threads; the only parameter points to 64 words of device memory, never written.
"""
import ctypes as C, pathlib, sys

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "benchmarks/cuda"))
import fovea_cuda


def main():
    library, kernel, *image = sys.argv[1:]
    runtime = fovea_cuda.Runtime(library)
    runtime.check(runtime.library.foveaCudaSetDevice(0))
    words = C.c_void_p()
    runtime.check(runtime.library.foveaCudaAllocate(C.c_int64(256), C.byref(words)))
    launch = runtime.kernel(pathlib.Path(image[0] if image else HERE / "Inputs/planted.ptx").read_bytes(), kernel)
    launch((1,), (64,), [words])
    status = runtime.library.foveaCudaSynchronize(None)
    print(f"{kernel}: {'ran' if status == 0 else runtime.last_error()}")


if __name__ == "__main__":
    main()
