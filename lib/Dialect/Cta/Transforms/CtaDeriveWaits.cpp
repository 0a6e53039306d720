#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTADERIVEWAITSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

namespace {
struct CtaDeriveWaitsPass final : cta::impl::CtaDeriveWaitsPassBase<CtaDeriveWaitsPass> {
  void runOnOperation() override {
    getOperation().emitError("not implemented yet");
    signalPassFailure();
  }
};
} // namespace
