//===- ExpandCopies.cpp - copies of strided buffers become loops ----------===//
//
//   memref.copy %a, %b : memref<?xf32, strided<[?]>> to memref<?xf32>
//     ->
//   linalg.copy ins(%a) outs(%b)  ->  scf.for ...
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"

namespace fovea {
#define GEN_PASS_DEF_EXPANDCOPIESPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

static bool isContiguous(Value buffer) {
  auto type = dyn_cast<MemRefType>(buffer.getType());
  return type && type.getLayout().isIdentity();
}

namespace {

struct ExpandCopiesPass final : fovea::impl::ExpandCopiesPassBase<ExpandCopiesPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<memref::CopyOp> copies;
    getOperation()->walk([&](memref::CopyOp copy) {
      bool ranked = isa<MemRefType>(copy.getSource().getType()) && isa<MemRefType>(copy.getTarget().getType());
      if (ranked && !(isContiguous(copy.getSource()) && isContiguous(copy.getTarget())))
        copies.push_back(copy);
    });
    IRRewriter rewriter(&getContext());
    for (memref::CopyOp copy : copies) {
      rewriter.setInsertionPoint(copy);
      auto loops = linalg::CopyOp::create(rewriter, copy.getLoc(), copy.getSource(), copy.getTarget());
      if (failed(linalg::linalgOpToLoops(rewriter, loops))) {
        copy.emitOpError("between strided buffers cannot be made a loop");
        return signalPassFailure();
      }
      rewriter.eraseOp(loops);
      rewriter.eraseOp(copy);
    }
  }
};

} // namespace
