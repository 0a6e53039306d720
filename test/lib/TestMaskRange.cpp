//===- TestMaskRange.cpp - the mask analysis against every element --------===//
//
// For each op with a static shape and constant captures, evaluates the mask
// region at every row and key by folding its ops, and compares all tiles of
// consecutive rows with the ranges that the analysis reads off the region. A
// range that drops a visible key, or calls a hidden one full, is an error; a
// remark counts the tiles where the ranges are as narrow (live) and as wide
// (full) as can be.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Attn/Transforms/MaskAnalysis.h"
#include "fovea/Support/MaskRange.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Pass/Pass.h"

using namespace mlir;
using namespace mlir::attn;

namespace {

using Range = fovea::MaskRange<int64_t>;

/// The value of a capture at `point`, or as a whole; null where it is not
/// constant.
Attribute captureAt(ScoreOpInterface op, BlockArgument argument, ArrayRef<int64_t> point) {
  OpOperand &operand = op->getOpOperand(op.getCaptures().getBeginOperandIndex() + argument.getArgNumber());
  Attribute value;
  if (!matchPattern(operand.get(), m_Constant(&value)) || argument.getType() == operand.get().getType())
    return value;
  auto elements = cast<DenseElementsAttr>(value);
  AffineMap map = cast<StructuredOpInterface>(op.getOperation()).getMapOf(operand);
  SmallVector<uint64_t> position;
  for (int64_t index : map.compose(point))
    position.push_back(index);
  return elements.getValues<Attribute>()[position];
}

/// Whether the mask keeps the element at `point`; nothing where an op does not
/// fold.
std::optional<bool> keeps(ScoreOpInterface op, ArrayRef<int64_t> point) {
  Builder builder(op->getContext());
  SmallVector<OpFoldResult> at = op.getMixedOffsets();
  DenseMap<Value, Attribute> values;
  for (BlockArgument argument : op.getMask().getArguments())
    values[argument] = captureAt(op, argument, point);
  for (Operation &nested : op.getMask().front()) {
    if (auto yield = dyn_cast<YieldOp>(nested)) {
      auto flag = dyn_cast_or_null<IntegerAttr>(values.lookup(yield.getValue()));
      return flag ? std::optional<bool>(!flag.getValue().isZero()) : std::nullopt;
    }
    if (auto index = dyn_cast<IndexOp>(nested)) {
      int64_t offset = at.empty() ? 0 : getConstantIntValue(at[index.getDim()]).value_or(0);
      values[index] = builder.getIndexAttr(point[index.getDim()] + offset);
      continue;
    }
    SmallVector<Attribute> operands;
    for (Value operand : nested.getOperands())
      operands.push_back(values.lookup(operand));
    SmallVector<OpFoldResult> results;
    if (failed(nested.fold(operands, results)) || results.size() != nested.getNumResults())
      return std::nullopt;
    for (auto [result, folded] : llvm::zip_equal(nested.getResults(), results))
      values[result] = isa<Attribute>(folded) ? cast<Attribute>(folded) : values.lookup(cast<Value>(folded));
  }
  return std::nullopt;
}

std::optional<Range> toConstants(const fovea::MaskRange<OpFoldResult> &range) {
  std::optional<int64_t> bounds[] = {getConstantIntValue(range.liveBegin), getConstantIntValue(range.liveEnd),
                                     getConstantIntValue(range.fullBegin), getConstantIntValue(range.fullEnd)};
  if (!llvm::all_of(bounds, [](auto bound) { return bound.has_value(); }))
    return std::nullopt;
  return Range{*bounds[0], *bounds[1], *bounds[2], *bounds[3]};
}

struct TestMaskRange final : PassWrapper<TestMaskRange, OperationPass<>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(TestMaskRange)
  StringRef getArgument() const override { return "fovea-test-mask-range"; }
  StringRef getDescription() const override { return "Compare the mask analysis with the mask, element by element"; }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<affine::AffineDialect, arith::ArithDialect, tensor::TensorDialect>();
  }
  void runOnOperation() override {
    WalkResult result = getOperation()->walk(
        [&](ScoreOpInterface op) { return failed(check(op)) ? WalkResult::interrupt() : WalkResult::advance(); });
    if (result.wasInterrupted())
      signalPassFailure();
  }

  LogicalResult check(ScoreOpInterface op) {
    OpBuilder builder(op);
    SmallVector<mlir::Range> domain = cast<TilingInterface>(op.getOperation()).getIterationDomain(builder);
    std::optional<unsigned> queryDim = getQueryDim(op);
    if (!queryDim || !op.hasMask())
      return op.emitError("has no rows or no mask");
    int64_t rows = getConstantIntValue(domain[*queryDim].size).value_or(0);
    int64_t keys = getConstantIntValue(domain[op.getKeyDim()].size).value_or(0);

    std::vector<std::vector<bool>> visible(rows, std::vector<bool>(keys));
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j < keys; ++j) {
        SmallVector<int64_t> point(domain.size(), 0);
        point[*queryDim] = i;
        point[op.getKeyDim()] = j;
        std::optional<bool> keep = keeps(op, point);
        if (!keep)
          return op.emitError("has a mask that does not fold");
        visible[i][j] = *keep;
      }

    MaskReading mask = readMask(builder, op);
    IndexArith arith(builder, op.getLoc());
    int64_t tiles = 0, exactLive = 0, exactFull = 0;
    for (int64_t begin = 0; begin < rows; ++begin)
      for (int64_t end = begin + 1; end <= rows; ++end) {
        std::optional<Range> range = toConstants(fovea::maskKeyRange(
            mask.predicate, builder.getIndexAttr(begin), builder.getIndexAttr(end), builder.getIndexAttr(keys), arith));
        if (!range)
          return op.emitError("has a mask range that is not constant");
        int64_t first = keys, last = 0, numFull = 0, firstFull = keys, lastFull = 0;
        for (int64_t j = 0; j < keys; ++j) {
          int64_t seen = 0;
          for (int64_t i = begin; i < end; ++i)
            seen += visible[i][j];
          if (seen > 0) {
            first = std::min(first, j), last = j + 1;
            if (j < range->liveBegin || j >= range->liveEnd)
              return op.emitError() << "key " << j << " is visible to rows [" << begin << ", " << end
                                    << ") but not live: [" << range->liveBegin << ", " << range->liveEnd << ")";
          }
          if (seen == end - begin)
            ++numFull, firstFull = std::min(firstFull, j), lastFull = j + 1;
          else if (j >= range->fullBegin && j < range->fullEnd)
            return op.emitError() << "key " << j << " is hidden from one of rows [" << begin << ", " << end
                                  << ") but full: [" << range->fullBegin << ", " << range->fullEnd << ")";
        }
        ++tiles;
        exactLive += range->liveEnd - range->liveBegin == std::max<int64_t>(last - first, 0);
        exactFull += range->fullEnd - range->fullBegin == numFull;
      }
    op.emitRemark() << tiles << " tiles agree; live is exact for " << exactLive << ", full for " << exactFull;
    return success();
  }
};

} // namespace

namespace fovea::test {
void registerMaskRangePass();
void registerMaskRangePass() { PassRegistration<TestMaskRange>(); }
} // namespace fovea::test
