//===- CtaBalanceSections.cpp - drop halves of exclusive sections ---------===//
//
//   cta.section_enter; cta.dot_async; cta.dot_wait                 (a prologue)    =>  cta.dot_async; cta.dot_wait
//   scf.for { cta.section_enter; cta.dot_async; cta.section_leave }                =>  unchanged
//
// A section that spans two stages loses one end where the pipeline fills and the other where it drains. Turns are taken
// by all warpgroups alike, so that an end without its counterpart would make one wait forever (rule 10). Where two
// tiles are flattened the halves meet again and stay.
//
// This is the last pass of stage 11 and drops cta.at, too: from here on the order is that of the text.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTABALANCESECTIONSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

/// Whether `op` waits for products or takes turns itself: no section goes on over it.
static bool endsSections(Operation &op) {
  return op
      .walk([](Operation *nested) {
        return isa<DotWaitOp, SectionEnterOp, SectionLeaveOp>(nested) ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Sections do not nest: a leave belongs to the enter right before it, if both are of one round of products.
static int64_t balance(Block &block) {
  SmallVector<Operation *> single;
  Operation *open = nullptr;
  for (Operation &op : block) {
    if (isa<SectionEnterOp>(op)) {
      if (open)
        single.push_back(open);
      open = &op;
    } else if (isa<SectionLeaveOp>(op)) {
      if (!open)
        single.push_back(&op);
      open = nullptr;
    } else if (open && endsSections(op)) {
      single.push_back(open);
      open = nullptr;
    }
  }
  if (open)
    single.push_back(open);
  for (Operation *op : single)
    op->erase();
  return single.size();
}

void cta::balanceSections(gpu::GPUFuncOp kernel) {
  int64_t dropped = 0;
  kernel.walk([&](Operation *op) {
    op->removeDiscardableAttr(CtaDialect::getAtAttrName());
    for (Region &region : op->getRegions())
      for (Block &block : region)
        dropped += balance(block);
  });
  if (dropped > 0)
    remark::analysis(kernel.getLoc(), remark::RemarkOpts::name("BalanceSections").category("cta-balance-sections"))
        << remark::metric("dropped", dropped);
}

namespace {
struct CtaBalanceSectionsPass final : cta::impl::CtaBalanceSectionsPassBase<CtaBalanceSectionsPass> {
  void runOnOperation() override { balanceSections(getOperation()); }
};
} // namespace
