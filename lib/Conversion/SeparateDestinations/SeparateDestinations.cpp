//===- SeparateDestinations.cpp - own tensors for what is written ---------===//
//
//   %e = tensor.empty()
//   %z = linalg.fill ins(%zero) outs(%e)
//   scf.for ... iter_args(%a = %z, %b = %z)
//     ->
//   %e0 = tensor.empty()
//   %z0 = linalg.fill ins(%zero) outs(%e0)
//   %e1 = tensor.empty()
//   %z1 = linalg.fill ins(%zero) outs(%e1)
//   scf.for ... iter_args(%a = %z0, %b = %z1)
//
// CSE makes one tensor of equal ones, which bufferization then copies for all but one of those who write to it. Worse,
// empty-tensor elimination may put it into the slice that a parallel loop inserts one result into, while another result
// of the loop is the same memory, and LLVM 22's analysis sees no order between the two insertions: the one overwrites
// what the other is about to read.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/LoopLikeInterface.h"

namespace fovea {
#define GEN_PASS_DEF_SEPARATEDESTINATIONSPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

/// Whether the owner of `use` may write its result into the buffer of what it uses.
static bool isDestination(OpOperand &use) {
  Operation *owner = use.getOwner();
  if (auto destinationStyle = dyn_cast<DestinationStyleOpInterface>(owner))
    return destinationStyle.isDpsInit(&use);
  auto loop = dyn_cast<LoopLikeOpInterface>(owner);
  return loop && llvm::any_of(loop.getInitsMutable(), [&](OpOperand &init) { return &init == &use; });
}

/// Gives each destination but one a copy of `op`.
static void separate(Operation *op) {
  SmallVector<OpOperand *> destinations;
  for (OpOperand &use : op->getResult(0).getUses())
    if (isDestination(use))
      destinations.push_back(&use);
  OpBuilder builder(op);
  for (OpOperand *use : llvm::drop_begin(destinations, destinations.empty() ? 0 : 1))
    use->set(builder.clone(*op)->getResult(0));
}

namespace {
struct SeparateDestinationsPass final : fovea::impl::SeparateDestinationsPassBase<SeparateDestinationsPass> {
  using Base::Base;

  void runOnOperation() override {
    SmallVector<linalg::FillOp> fills;
    getOperation()->walk([&](linalg::FillOp fill) {
      if (fill.hasPureTensorSemantics() && fill.output().getDefiningOp<tensor::EmptyOp>())
        fills.push_back(fill);
    });
    for (linalg::FillOp fill : fills)
      separate(fill);
    SmallVector<tensor::EmptyOp> empties;
    getOperation()->walk([&](tensor::EmptyOp empty) { empties.push_back(empty); });
    for (tensor::EmptyOp empty : empties)
      separate(empty);
  }
};
} // namespace
