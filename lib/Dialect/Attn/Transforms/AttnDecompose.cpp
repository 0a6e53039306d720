//===- AttnDecompose.cpp - attention and softmax as unfused linalg --------===//
//
//   attn.attention  ->  q k^T, regions, maximum, exponentials, sum, p v, / l
//   attn.softmax    ->  maximum, exponentials, sum, quotient
//
// each one a linalg op on tensors of the full size; lib/Dialect/Attn/IR/
// AttnDecompose.cpp says how. After this pass no op of `attn` is left.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNDECOMPOSEPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

/// The ops that are to become linalg, in program order.
static SmallVector<Operation *> structuredOps(Operation *root) {
  SmallVector<Operation *> ops;
  root->walk([&](StructuredOpInterface op) { ops.push_back(op); });
  return ops;
}

static LogicalResult decompose(RewriterBase &rewriter, Operation *op) {
  if (auto attention = dyn_cast<AttentionOp>(op))
    if (failed(expandClauses(rewriter, attention)))
      return failure();
  auto aggregated = dyn_cast<linalg::AggregatedOpInterface>(op);
  if (!aggregated)
    return op->emitOpError("has no unfused form; run attn-decompose before "
                           "attn-rewrite-online-softmax");
  rewriter.setInsertionPoint(op);
  FailureOr<SmallVector<Value>> results = aggregated.decomposeOperation(rewriter);
  if (failed(results))
    return failure();
  rewriter.replaceOp(op, *results);
  return success();
}

namespace {

struct AttnDecomposePass final : attn::impl::AttnDecomposePassBase<AttnDecomposePass> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    // A cross-entropy leaves an online_softmax, which then is decomposed.
    for (Operation *op : structuredOps(getOperation()))
      if (auto crossEntropy = dyn_cast<CrossEntropyOp>(op))
        if (failed(rewriteOnlineSoftmax(rewriter, crossEntropy)))
          return signalPassFailure();
    for (Operation *op : structuredOps(getOperation()))
      if (failed(decompose(rewriter, op)))
        return signalPassFailure();
  }
};

} // namespace
