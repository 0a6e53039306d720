//===- Fill.h - Generated contents of host tensors --------------*- C++ -*-===//
//
// What a tensor is given where no file is: random numbers, zeros, its indices.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_FILL_H
#define FOVEA_EXECUTE_FILL_H

#include "fovea/Execute/HostTensor.h"

namespace fovea {

struct RandomOptions {
  uint64_t seed = 0;
  /// Tensors of one seed differ in this, as query and key must.
  uint32_t stream = 0;
  /// Integers are uniform over 0 .. integerLimit - 1. The default fits i8.
  int64_t integerLimit = 128;
};

/// Floats from the unit normal distribution, integers uniform, `i1` fair. The
/// element at logical index i depends on i and the options only: not on
/// strides, and for floats not on the type but for its rounding. Along a
/// dimension of stride 0 all elements are the first.
void fillRandom(HostTensor &tensor, const RandomOptions &options);

void fillZeros(HostTensor &tensor);

/// Every element `value`, rounded. Fails if it is out of the element type's
/// range.
llvm::Error fillNumber(HostTensor &tensor, Scalar value);

/// The row-major index of each element, rounded for floats, its parity for
/// `i1`. Fails if the last index is out of the element type's range.
llvm::Error fillIota(HostTensor &tensor);

} // namespace fovea

#endif // FOVEA_EXECUTE_FILL_H
