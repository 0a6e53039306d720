//===- AttnToVector.cpp - attn on buffers -> vector code ------------------===//
//
//   attn.online_attention ins(%qt, %k, %v : memref...) outs(%acct, %m, %l : memref...)
// becomes scf loops around vector.load, math.fma, math.exp2 and vector.store; see the Lower*.cpp files.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "fovea/Conversion/Passes.h"
#include "mlir/Dialect/AMX/AMXDialect.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"
#include "mlir/IR/PatternMatch.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "llvm/ADT/TypeSwitch.h"

namespace fovea {
#define GEN_PASS_DEF_ATTNTOVECTORPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// Index arithmetic of regions in arith, so that it can be put on lanes.
static void expandAffineApply(ScoreOpInterface op) {
  IRRewriter rewriter(op->getContext());
  op->walk([&](affine::AffineApplyOp apply) {
    rewriter.setInsertionPoint(apply);
    std::optional<SmallVector<Value, 8>> expanded =
        affine::expandAffineMap(rewriter, apply.getLoc(), apply.getAffineMap(), apply.getOperands());
    if (expanded)
      rewriter.replaceOp(apply, *expanded);
  });
}

bool fovea::mayReturn(OnlineAttentionOp op, bool (FinalizeOp::*isReturned)()) {
  return op->getParentOfType<FunctionOpInterface>()
      ->walk([&](FinalizeOp finalize) {
        return (finalize.*isReturned)() ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

/// Whether the schedule chose the form for few rows.
static bool hasKeysOnLanes(OnlineAttentionOp op) {
  auto config = op->getAttrOfType<ConfigAttr>(AttnDialect::getConfigAttrName());
  return config && config.getLanes() == LaneAxis::Keys;
}

/// Whether attn-pack-queries left the query as it was and transposed the state only.
static bool isForMatrixUnit(OnlineAttentionOp op) {
  SmallVector<AffineMap> maps = cast<StructuredOpInterface>(op.getOperation()).getMappedOperandMaps();
  AffineMap accumulator = maps[maps.size() - 3];
  MLIRContext *context = op.getContext();
  return maps[0].getNumDims() == 4 && accumulator.getNumResults() == 2 &&
         accumulator.getResult(0) == getAffineDimExpr(3, context) &&
         accumulator.getResult(1) == getAffineDimExpr(0, context) &&
         getElementTypeOrSelf(op.getQuery().getType()).getIntOrFloatBitWidth() == 16;
}

namespace {
struct AttnToVectorPass final : fovea::impl::AttnToVectorPassBase<AttnToVectorPass> {
  using Base::Base;

  void runOnOperation() override {
    VectorUnit unit{vectorBytes, vectorRegisters, avx512, bf16Pairs, readStreams, prefetchBytes};
    MatrixTypes matrix{amxBf16, amxFp16, bf16Pairs};
    if (vectorBytes < 16 || !llvm::isPowerOf2_64(vectorBytes) || vectorRegisters < 1) {
      getOperation()->emitError()
          << "vector-bytes must be a power of two of at least 16 and vector-registers positive, got "
          << vectorBytes.getValue() << " and " << vectorRegisters.getValue();
      return signalPassFailure();
    }
    if (readStreams < 1 || !llvm::isPowerOf2_64(readStreams) || prefetchBytes < 0) {
      getOperation()->emitError() << "read-streams must be a power of two and prefetch-bytes not negative, got "
                                  << readStreams.getValue() << " and " << prefetchBytes.getValue();
      return signalPassFailure();
    }
    SmallVector<StructuredOpInterface> ops;
    getOperation()->walk([&](StructuredOpInterface op) { ops.push_back(op); });
    OpBuilder builder(&getContext());
    DenseSet<Operation *> lowered;
    for (StructuredOpInterface op : ops) {
      if (lowered.contains(op))
        continue;
      if (!cast<DestinationStyleOpInterface>(op.getOperation()).hasPureBufferSemantics()) {
        op.emitOpError("is on tensors; bufferize before attn-to-vector");
        return signalPassFailure();
      }
      if (auto scoreOp = dyn_cast<ScoreOpInterface>(op.getOperation()))
        expandAffineApply(scoreOp);
      builder.setInsertionPoint(op);
      if (auto online = dyn_cast<OnlineSoftmaxOp>(op.getOperation()))
        if (NormalizeOp normalize = findNormalize(online)) {
          expandAffineApply(cast<ScoreOpInterface>(normalize.getOperation()));
          builder.setInsertionPoint(normalize);
          if (failed(lowerSoftmaxRows(builder, online, normalize, unit)))
            return signalPassFailure();
          lowered.insert(normalize);
          normalize->erase();
          op->erase();
          continue;
        }
      LogicalResult result =
          TypeSwitch<Operation *, LogicalResult>(op)
              .Case([&](OnlineAttentionOp o) {
                if (hasKeysOnLanes(o))
                  return lowerAttentionRows(builder, o, unit);
                return isForMatrixUnit(o) ? lowerMatrixAttention(builder, o, matrix)
                                          : lowerOnlineAttention(builder, o, unit);
              })
              .Case([&](FinalizeOp o) { return lowerFinalize(builder, o, unit); })
              .Case([&](MergeOp o) { return lowerMerge(builder, o, unit); })
              .Case([&](PackOp o) { return lowerPack(builder, o, unit); })
              .Case([&](OnlineSoftmaxOp o) { return lowerOnlineSoftmax(builder, o, unit); })
              .Case([&](NormalizeOp o) { return lowerNormalize(builder, o, unit); })
              .Default([](Operation *o) {
                return o->emitOpError("has no vector lowering; run attn-rewrite-online-softmax before attn-to-vector");
              });
      if (failed(result))
        return signalPassFailure();
      op->erase();
    }
    getOperation()->walk([&](linalg::FillOp op) { lowerFill(op, unit); });
  }
};
} // namespace
