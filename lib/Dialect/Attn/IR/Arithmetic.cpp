//===- Arithmetic.cpp - how many operations the ops are -------------------===//

#include "fovea/Dialect/Attn/IR/Arithmetic.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::attn;

int64_t mlir::attn::countFlops(Operation *scalarOp) {
  if (scalarOp->getNumResults() != 1 || !isa<FloatType>(getElementTypeOrSelf(scalarOp->getResult(0).getType())))
    return 0;
  if (isa<math::FmaOp>(scalarOp))
    return 2;
  if (isa<math::AbsFOp, math::CopySignOp>(scalarOp))
    return 0;
  return isa<arith::AddFOp, arith::SubFOp, arith::MulFOp, arith::DivFOp, arith::RemFOp, arith::MaximumFOp,
             arith::MaxNumFOp, arith::MinimumFOp, arith::MinNumFOp>(scalarOp) ||
         isa_and_nonnull<math::MathDialect>(scalarOp->getDialect());
}

int64_t mlir::attn::countScoreFlops(ScoreOpInterface op) {
  int64_t flops = 0;
  op.getScore().walk([&](Operation *nested) { flops += countFlops(nested); });
  return flops;
}

namespace {
/// Numbers of elements along groups of dimensions.
struct Extents {
  ArrayRef<int64_t> extents;

  int64_t over(function_ref<bool(unsigned)> isMember) const {
    int64_t product = 1;
    for (auto [d, extent] : llvm::enumerate(extents))
      if (isMember(d))
        product *= extent;
    return product;
  }
  int64_t over(AffineMap map) const {
    return over([&](unsigned d) { return map.isFunctionOfDim(d); });
  }
};
} // namespace

/// Attention, whole (`isOnline` false) or a part of the keys.
template <typename OpTy>
static int64_t countAttention(OpTy op, ArrayRef<int64_t> extents, bool isOnline, bool hasFixedMax) {
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(dims))
    return 0;
  int64_t qk = extents[dims->qk], value = extents[dims->value];
  int64_t rows = Extents{extents}.over([&](unsigned d) { return d != dims->qk && d != dims->value && d != dims->key; });
  // Two products, scale, maximum, difference, exponential, sum.
  int64_t perScore = 2 * qk + 2 * value + 4 + !hasFixedMax + countScoreFlops(cast<ScoreOpInterface>(op.getOperation()));
  // The maximum of old and new, difference, exponential, sum rescaled and added to, accumulator rescaled.
  int64_t perRow = !isOnline ? value : hasFixedMax ? 1 : 5 + value;
  return rows * (extents[dims->key] * perScore + perRow);
}

int64_t mlir::attn::countFlops(StructuredOpInterface op, ArrayRef<int64_t> extents) {
  Extents domain{extents};
  auto outputs = [&] { return cast<DestinationStyleOpInterface>(op.getOperation()).getDpsInitsMutable(); };
  return TypeSwitch<Operation *, int64_t>(op)
      .Case([&](AttentionOp o) { return countAttention(o, extents, /*isOnline=*/false, false); })
      .Case([&](OnlineAttentionOp o) { return countAttention(o, extents, /*isOnline=*/true, o.getFixedMax()); })
      .Case([&](FinalizeOp o) {
        // 1 / l, the products with it; an LSE is a logarithm and a sum; a sink joins as one more part.
        int64_t perRow = 1 + 2 * o.getReturnLse() + (o.getSink() ? 8 : 0);
        return domain.over(op.getMapOf(o.getMaxMutable())) * perRow +
               domain.over(op.getMapOf(o.getOutputsMutable()[0]));
      })
      .Case([&](MergeOp o) {
        // Every state, the one in the outputs among them: maximum, difference, exponential; each component rescaled
        // and added, the first one only rescaled.
        unsigned first = o.getStates().size() - 2;
        int64_t rows = domain.over(op.getMapOf(outputs()[first])),
                parts = domain.over(op.getMapOf(o.getStatesMutable()[first]));
        int64_t flops = 3 * parts + 2 * rows;
        for (unsigned i = 0, e = o.getStates().size(); i != e; ++i)
          if (i != first)
            flops += 2 * domain.over(op.getMapOf(o.getStatesMutable()[i])) + domain.over(op.getMapOf(outputs()[i]));
        return flops;
      })
      .Case([&](SoftmaxOp o) {
        // Maximum; difference, exponential, sum; difference, exponential, quotient.
        return domain.over([](unsigned) { return true; }) *
               (7 + countScoreFlops(cast<ScoreOpInterface>(o.getOperation())));
      })
      .Case([&](OnlineSoftmaxOp o) {
        int64_t elements = domain.over([](unsigned) { return true; });
        return elements * (4 + countScoreFlops(cast<ScoreOpInterface>(o.getOperation()))) +
               5 * domain.over(op.getMapOf(outputs()[0]));
      })
      .Case([&](NormalizeOp o) {
        return domain.over([](unsigned) { return true; }) *
               (3 + countScoreFlops(cast<ScoreOpInterface>(o.getOperation())));
      })
      .Default([](Operation *) { return 0; });
}
