#include "fovea/Dialect/Attn/IR/Attn.h"
using namespace mlir;
using namespace mlir::attn;
FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &) { return failure(); }
FailureOr<SmallVector<Value>> SoftmaxOp::decomposeOperation(OpBuilder &) { return failure(); }
