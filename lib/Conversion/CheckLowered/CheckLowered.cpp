//===- CheckLowered.cpp - nothing of attn is left -------------------------===//
//
// Stands where a pipeline promises that the ops of attn are gone. What is left
// is an op, or a form of one, that the target does not lower.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

#include "mlir/IR/BuiltinOps.h"

namespace fovea {
#define GEN_PASS_DEF_CHECKLOWEREDPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {

struct CheckLoweredPass final : fovea::impl::CheckLoweredPassBase<CheckLoweredPass> {
  using Base::Base;

  void runOnOperation() override {
    WalkResult result = getOperation().walk([](Operation *op) {
      if (!isa_and_nonnull<attn::AttnDialect>(op->getDialect()))
        return WalkResult::advance();
      op->emitOpError("is not lowered by this pipeline in the form it has");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      signalPassFailure();
    else
      markAllAnalysesPreserved();
  }
};

} // namespace
