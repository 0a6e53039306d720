//===- TensorMapEncoder.h - Tensor maps, checked and made -------*- C++ -*-===//
//
// Part of the Fovea project. The driver answers every mistake with "invalid
// argument"; here the one that was made is named.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_TENSORMAPENCODER_H
#define FOVEA_RUNTIME_LIB_TENSORMAPENCODER_H

#include "CudaDriver.h"
#include "fovea/cuda.h"

namespace fovea {

/// Whether a tensor map with this shape can be made; if not, the last error
/// says why. Allocates nothing.
bool checkTensorMap(uint64_t address, const FoveaTensorMapShape &shape);

/// Checks and encodes.
bool encodeTensorMap(const CudaDriver &driver, uint64_t address, const FoveaTensorMapShape &shape, CUtensorMap &map);

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_TENSORMAPENCODER_H
