#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSPLITKVPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn
using namespace mlir;
using namespace mlir::attn;
namespace {
struct AttnSplitKvPass final : attn::impl::AttnSplitKvPassBase<AttnSplitKvPass> {
  using Base::Base;
  void runOnOperation() override {}
};
} // namespace
