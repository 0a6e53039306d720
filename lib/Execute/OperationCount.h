//===- OperationCount.h - The arithmetic that an attention is -----*- C++
//-*-===//
//
// 2 * rows * keys * (QK head dim + V head dim) for each batch and head, which
// is what the field reports; masks are not deducted, the softmax is not
// counted.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EXECUTE_OPERATIONCOUNT_H
#define FOVEA_LIB_EXECUTE_OPERATIONCOUNT_H

#include "fovea/Execute/HostTensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

#include <optional>
#include <vector>

namespace fovea {

struct OperationCount {
  double flops = 0;
  bool masked = false;
};

/// Of the attention ops in the body of `function` when it is called with
/// `arguments`; nothing if there is none, or one whose sizes do not follow from
/// the arguments by looking.
std::optional<OperationCount> countOperations(mlir::func::FuncOp function, const std::vector<HostTensor> &arguments);

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_OPERATIONCOUNT_H
