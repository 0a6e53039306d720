#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/ControlFlow/IR/ControlFlow.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"

namespace fovea {
#define GEN_PASS_DEF_ATTNTOCTAPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {
struct AttnToCtaPass final : fovea::impl::AttnToCtaPassBase<AttnToCtaPass> {
  void runOnOperation() override {
    getOperation().emitError("not implemented yet");
    signalPassFailure();
  }
};
} // namespace
