#include "fovea/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/BuiltinOps.h"
namespace fovea {
#define GEN_PASS_DEF_EXPANDTRANSCENDENTALSPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea
using namespace mlir;
namespace {
struct ExpandTranscendentalsPass final : fovea::impl::ExpandTranscendentalsPassBase<ExpandTranscendentalsPass> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
