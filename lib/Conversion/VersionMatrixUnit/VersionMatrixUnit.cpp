//===- VersionMatrixUnit.cpp - AMX where the kernel lets it be used -------===//
//
//   %r = scf.forall ... { attn.online_attention (bf16) }
// becomes
//   %code = llvm.call @foveaRequestMatrixUnit()          at the function's entry
//   %r = scf.if (%code == 0) { scf.forall ... } else { scf.forall ... {fovea.vector_only} }
//
// For code that runs elsewhere than it was compiled: Linux grants the use of AMX by process, and may refuse.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "fovea/Dialect/Attn/Transforms/VectorOnly.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"

namespace fovea {
#define GEN_PASS_DEF_VERSIONMATRIXUNITPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;
using namespace mlir::attn;

static constexpr llvm::StringLiteral requestName = "foveaRequestMatrixUnit";

/// Whether attn-pack-queries may leave an op in `loop` to the matrix unit.
static bool mayUseMatrixUnit(scf::ForallOp loop, MatrixTypes types) {
  return loop
      ->walk([&](OnlineAttentionOp op) {
        Type type = getElementTypeOrSelf(op.getQuery().getType());
        return types.partsOf(type) > 0 ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

static LLVM::LLVMFuncOp getRequest(ModuleOp module) {
  if (auto existing = module.lookupSymbol<LLVM::LLVMFuncOp>(requestName))
    return existing;
  OpBuilder builder = OpBuilder::atBlockBegin(module.getBody());
  return LLVM::LLVMFuncOp::create(builder, module.getLoc(), requestName,
                                  LLVM::LLVMFunctionType::get(builder.getI32Type(), {}));
}

/// Whether the matrix unit can be used, asked at the entry of `function`.
static Value createRequest(OpBuilder &builder, func::FuncOp function) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(&function.getBody().front());
  Location loc = function.getLoc();
  Value code =
      LLVM::CallOp::create(builder, loc, getRequest(function->getParentOfType<ModuleOp>()), ValueRange()).getResult();
  Value zero = arith::ConstantOp::create(builder, loc, builder.getI32IntegerAttr(0));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, code, zero);
}

static void keepAway(OnlineAttentionOp op) {
  op->setDiscardableAttr(vectorOnlyAttrName, UnitAttr::get(op.getContext()));
}

namespace {
struct VersionMatrixUnitPass final : fovea::impl::VersionMatrixUnitPassBase<VersionMatrixUnitPass> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    for (func::FuncOp function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      // What is in no parallel loop is one tile, and not worth two versions.
      function.walk([&](OnlineAttentionOp op) {
        if (!op->getParentOfType<scf::ForallOp>())
          keepAway(op);
      });
      SmallVector<scf::ForallOp> loops;
      function.walk<WalkOrder::PreOrder>([&](scf::ForallOp loop) {
        if (mayUseMatrixUnit(loop, {amxBf16, amxFp16}))
          loops.push_back(loop);
        return WalkResult::skip();
      });
      if (loops.empty())
        continue;
      Value granted = createRequest(rewriter, function);
      for (scf::ForallOp loop : loops)
        version(rewriter, loop, granted);
    }
  }

  static void version(IRRewriter &rewriter, scf::ForallOp loop, Value granted) {
    rewriter.setInsertionPoint(loop);
    auto branch = scf::IfOp::create(rewriter, loop.getLoc(), loop.getResultTypes(), granted, /*withElseRegion=*/true);
    rewriter.setInsertionPointToStart(branch.elseBlock());
    Operation *general = rewriter.clone(*loop);
    general->walk([](OnlineAttentionOp op) { keepAway(op); });
    scf::YieldOp::create(rewriter, loop.getLoc(), general->getResults());
    rewriter.replaceAllUsesWith(loop.getResults(), branch.getResults());
    rewriter.setInsertionPointToStart(branch.thenBlock());
    scf::YieldOp::create(rewriter, loop.getLoc(), loop.getResults());
    rewriter.moveOpBefore(loop, branch.thenBlock(), branch.thenBlock()->begin());
  }
};
} // namespace
