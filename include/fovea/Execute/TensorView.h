//===- TensorView.h - A strided tensor in someone's memory ------*- C++ -*-===//
//
// What a call takes and gives: where the elements lie, not who owns them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_TENSORVIEW_H
#define FOVEA_EXECUTE_TENSORVIEW_H

#include "fovea/Execute/HostTensor.h"

namespace fovea {

struct TensorView {
  ElementType elementType = ElementType::F32;
  void *data = nullptr; ///< The element at indices 0, 0, ...
  llvm::SmallVector<int64_t> shape;
  llvm::SmallVector<int64_t> strides; ///< In elements, any.

  static TensorView of(HostTensor &tensor) {
    char *start =
        static_cast<char *>(tensor.getStorage()) + tensor.getOffset() * int64_t(getByteSize(tensor.getElementType()));
    return {tensor.getElementType(), start, llvm::SmallVector<int64_t>(tensor.getShape()),
            llvm::SmallVector<int64_t>(tensor.getStrides())};
  }

  /// `2x3xf32`.
  std::string getTypeString() const;
};

} // namespace fovea

#endif // FOVEA_EXECUTE_TENSORVIEW_H
