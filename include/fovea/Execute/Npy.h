//===- Npy.h - NumPy's .npy files -------------------------------*- C++ -*-===//
//
// Reads and writes the format of `numpy.save` (versions 1 to 3, little endian).
// Every failure is one `llvm::Error` that names the file and the reason.
// The format:
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_NPY_H
#define FOVEA_EXECUTE_NPY_H

#include "fovea/Execute/HostTensor.h"

#include <string>

namespace fovea {

/// Reads the file as it is: f16, f32, f64, bool, signed and unsigned integers.
/// A file in Fortran order gives a tensor with column-major strides. Two-byte
/// void elements, which is how `ml_dtypes` saves bfloat16, are bf16.
llvm::Expected<HostTensor> readNpy(llvm::StringRef path);

/// Reads the file and converts it, to nearest even, to a row-major tensor of
/// `wanted`. If that is bf16, 16-bit unsigned integers are taken for the bits
/// of bf16 values.
llvm::Expected<HostTensor> readNpy(llvm::StringRef path, ElementType wanted);

struct NpyOutput {
  std::string path;
  const HostTensor *tensor;
  /// bf16 is not a NumPy type: it is written as f32, which is exact, or, if
  /// this is set, as u16 bits.
  bool rawBF16 = false;
};

/// Writes all the files or none: each is complete under a temporary name in its
/// folder before the first is renamed to its own. An existing file is replaced;
/// an existing pipe or device is written to.
llvm::Error writeNpy(llvm::ArrayRef<NpyOutput> outputs);

} // namespace fovea

#endif // FOVEA_EXECUTE_NPY_H
