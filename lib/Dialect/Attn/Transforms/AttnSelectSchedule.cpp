//===- AttnSelectSchedule.cpp - tile sizes and splits ---------------------===//
//
//   attn.attention ins(...)  ->  attn.attention ins(...) attributes {attn.config = #attn.config<tile_m = 128, ...>}
//
// The model of a CPU core. A step of the KV loop reads a block of K and V once per panel of queries;
//
// the packed query tile stays in the first-level cache while the keys stream past it, and so do the scores of a block:
//
//   tile_m * head dim * element size  <=  L1,    tile_n = the keys whose scores the lowering holds at a time
//
// (measured: a query tile of 64 KiB beside an L1 of 48 halves the speed; 64, 96 and 128 keys are the same within 3 %
// without a mask). Query rows per tile trade reuse of the block across panels for parallelism: two panels where that
// leaves every thread several tiles, one where it does not. Where there is a mask, a tile has one panel and a step as
// many keys as AVX-512 has queries in it: a diagonal then lies in one step of each tile, and no panel computes what
// only the other one sees (measured: a quarter faster at 512 keys, a tenth at 2048). A problem with fewer tiles than
// threads but many keys splits its keys (split-KV).
//
// On a matrix unit a tile is one panel of queries, whose state stays in the first-level cache, and a step is as many
// keys as make the loads and stores of the accumulator cheap; the maximum may lag (S12), unless it is a result.
//
//===----------------------------------------------------------------------===//

#include "RowsSchedule.h"
#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNSELECTSCHEDULEPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

namespace {

/// What the choice depends on.
struct CpuBudget {
  int64_t vectorBytes, l1Bytes, l2Bytes, threads;
  MatrixTypes matrixTypes;
};

/// The extent, or `assumed` where it is dynamic.
int64_t extentOr(int64_t extent, int64_t assumed) { return ShapedType::isDynamic(extent) ? assumed : extent; }

constexpr int64_t assumedLength = 2048;
constexpr int64_t vectorsPerPanel = 4;
constexpr int64_t keysPerStep = 64;
constexpr int64_t tilesPerThread = 4;
constexpr int64_t keysWorthSplitting = 4096;
constexpr int64_t matrixRows = 32; // one panel
constexpr int64_t matrixKeys = 256;
constexpr int64_t matrixRescaleLog2 = 8;

/// Whether attn-pack-queries will leave the products to a matrix unit.
bool isForMatrixUnit(ScoreOpInterface op, const AttentionDims &dims, ArrayRef<int64_t> extents,
                     const CpuBudget &budget) {
  Type type = getElementTypeOrSelf(op->getOperand(0).getType());
  for (Value operand : op->getOperands().take_front(3))
    if (getElementTypeOrSelf(operand.getType()) != type)
      return false;
  return budget.matrixTypes.partsOf(type) > 0 && budget.vectorBytes == 64 && extentOr(extents[dims.qk], 0) > 0 &&
         extentOr(extents[dims.value], 0) > 0 &&
         extentOr(extents[dims.query()], assumedLength) > budget.vectorBytes / 4;
}

ConfigAttr scheduleAttention(ScoreOpInterface op, AffineMap query, AffineMap key, AffineMap value,
                             ArrayRef<int64_t> extents, const CpuBudget &budget) {
  FailureOr<AttentionDims> dims = AttentionDims::infer(query, key, value);
  if (failed(dims))
    return nullptr;
  if (auto attention = dyn_cast<AttentionOp>(op.getOperation()))
    if (ConfigAttr fewRows = scheduleFewRows(attention, *dims, extents, budget.vectorBytes))
      return fewRows;
  int64_t bytes = op.getComputeType().getWidth() / 8, lanes = budget.vectorBytes / bytes;
  int64_t panel = vectorsPerPanel * lanes;
  int64_t rows = extentOr(extents[dims->query()], assumedLength), keys = extentOr(extents[dims->key], assumedLength);
  int64_t headDim = std::max(extentOr(extents[dims->qk], 128), extentOr(extents[dims->value], 128));

  int64_t others = 1; // tiles that batch, heads and groups give
  for (unsigned d : dims->batch)
    others = productOf(others, std::max<int64_t>(extentOr(extents[d], 1), 1));
  for (unsigned d : ArrayRef(dims->rows).drop_back())
    others = productOf(others, std::max<int64_t>(extentOr(extents[d], 1), 1));

  int64_t tileM = panel;
  int64_t fits = budget.l1Bytes / productOf(bytes, std::max<int64_t>(headDim, 1));
  if (!op.hasMask() && fits >= 2 * panel &&
      productOf(others, llvm::divideCeil(rows, 2 * panel)) >= budget.threads * tilesPerThread)
    tileM = 2 * panel;
  if (!ShapedType::isDynamic(extents[dims->query()]))
    tileM = std::min<int64_t>(tileM, llvm::alignTo(std::clamp<int64_t>(rows, 1, tileM), lanes));
  int64_t tileN = keysPerStep, rescaleLog2 = 0;
  if (isForMatrixUnit(op, *dims, extents, budget)) {
    // Keys and values that the second-level cache does not hold beside other things come from further away, and once
    // for all panels of a tile (measured at 8192 keys: a quarter to a half faster).
    constexpr int64_t panelsOfLongKeys = 4;
    uint64_t columns = uint64_t(extents[dims->qk]) + uint64_t(extents[dims->value]);
    uint64_t keyBytes = llvm::SaturatingMultiply<uint64_t>(llvm::SaturatingMultiply<uint64_t>(2, keys), columns);
    int64_t longRows = panelsOfLongKeys * matrixRows;
    bool isLong = keyBytes > uint64_t(budget.l2Bytes / 2) &&
                  productOf(others, llvm::divideCeil(rows, longRows)) >= budget.threads * tilesPerThread;
    tileM = isLong ? longRows : matrixRows;
    tileN = matrixKeys;
    auto attention = dyn_cast<AttentionOp>(op.getOperation());
    rescaleLog2 = attention && !attention.getReturnMax() ? matrixRescaleLog2 : 0;
  }

  int64_t tiles = productOf(others, llvm::divideCeil(rows, tileM)), splits = 1;
  bool staticProblem = llvm::none_of(extents, ShapedType::isDynamic);
  if (staticProblem && tiles < budget.threads && keys >= keysWorthSplitting)
    splits = std::min(llvm::divideCeil(budget.threads, std::max<int64_t>(tiles, 1)),
                      llvm::divideCeil(keys, keysWorthSplitting / 2));
  return ConfigAttr::get(op->getContext(), tileM, tileN, splits, rescaleLog2, LaneAxis::Queries, /*tile_g=*/1);
}

/// Extents of the op's dimensions, dynamic where no type of an operand says them.
SmallVector<int64_t> extentsOf(StructuredOpInterface op) {
  SmallVector<int64_t> extents(op.getNumLoops(), ShapedType::kDynamic);
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), op.getMappedOperandMaps()))
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        if (int64_t extent = cast<ShapedType>(operand->get().getType()).getDimSize(i); !ShapedType::isDynamic(extent))
          extents[dim.getPosition()] = extent;
  return extents;
}

/// Of a query tile that is packed for the lanes, 0 where there is none or its head dim is dynamic.
int64_t queryBytes(StructuredOpInterface op, ConfigAttr config, const CpuBudget &budget) {
  if (!isa<AttentionOp, OnlineAttentionOp>(op) || config.getLanes() == LaneAxis::Keys)
    return 0;
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
  SmallVector<int64_t> extents = extentsOf(op);
  if (failed(dims) || ShapedType::isDynamic(extents[dims->qk]))
    return 0;
  auto scoreOp = cast<ScoreOpInterface>(op.getOperation());
  if (isForMatrixUnit(scoreOp, *dims, extents, budget))
    return 0;
  return productOf(config.getTileM() * scoreOp.getComputeType().getWidth() / 8, extents[dims->qk]);
}

/// Rows of a softmax: enough per task to pay for its start, few enough to spread over the threads. One row is written
/// while the next of the task is read, so that a task has several long ones, too, where there are so many that it does
/// not matter who does the last of them.
ConfigAttr scheduleRows(Operation *op, ArrayRef<int64_t> extents, unsigned dimension, const CpuBudget &budget) {
  constexpr int64_t elementsPerTask = 32768, longRowsPerTask = 16, tasksPerThread = 16;
  int64_t length = std::max<int64_t>(extentOr(extents[dimension], assumedLength), 1);
  int64_t rows = std::clamp<int64_t>(elementsPerTask / length, 1, 64);
  // Longer ones are read twice, the second time from the cache if the task has one.
  if (length <= mostElementsKept && llvm::none_of(extents, ShapedType::isDynamic)) {
    uint64_t all = 1;
    for (auto [d, extent] : llvm::enumerate(extents))
      if (d != dimension)
        all = llvm::SaturatingMultiply<uint64_t>(all, extent);
    uint64_t spread = all / llvm::SaturatingMultiply<uint64_t>(budget.threads, tasksPerThread);
    rows = std::max(rows, int64_t(std::min<uint64_t>(spread, longRowsPerTask)));
  }
  // A row is one step: its chunks are the vector lowering's business.
  return ConfigAttr::get(op->getContext(), rows, wholeRow, 1, /*rescale_log2=*/0, LaneAxis::Queries,
                         /*tile_g=*/1);
}

struct AttnSelectSchedulePass final : attn::impl::AttnSelectSchedulePassBase<AttnSelectSchedulePass> {
  using Base::Base;

  void runOnOperation() override {
    CpuBudget budget{vectorBytes, l1Bytes, l2Bytes, threads, {amxBf16, amxFp16, bf16Pairs}};
    if (budget.vectorBytes < 16 || !llvm::isPowerOf2_64(budget.vectorBytes)) {
      getOperation()->emitError() << "attn-select-schedule: vector-bytes must be a power of two of at least 16, got "
                                  << budget.vectorBytes;
      return signalPassFailure();
    }
    for (auto [name, value] : {std::pair("l1-bytes", budget.l1Bytes), std::pair("threads", budget.threads)})
      if (value < 1) {
        getOperation()->emitError() << "attn-select-schedule: " << name << " must be positive, got " << value;
        return signalPassFailure();
      }
    getOperation()->walk([&](StructuredOpInterface op) {
      if (op->hasAttr(AttnDialect::getConfigAttrName()))
        return;
      if (ConfigAttr config = choose(op, budget)) {
        op->setAttr(AttnDialect::getConfigAttrName(), config);
        auto options = remark::RemarkOpts::name("schedule").category("attn-select-schedule");
        remark::analysis(op.getLoc(), options)
            << remark::metric("tile_m", config.getTileM()) << remark::metric("tile_n", config.getTileN())
            << remark::metric("splits", config.getSplits());
        if (int64_t bytes = queryBytes(op, config, budget); bytes > budget.l1Bytes)
          remark::missed(op.getLoc(), options) << remark::reason(
              "the packed query tile of {0} bytes is larger than the first-level cache of {1}", bytes, budget.l1Bytes);
      }
    });
  }

  ConfigAttr choose(StructuredOpInterface op, const CpuBudget &budget) {
    SmallVector<AffineMap> maps = op.getMappedOperandMaps();
    SmallVector<int64_t> extents = extentsOf(op);
    if (isa<AttentionOp, OnlineAttentionOp>(op))
      return scheduleAttention(cast<ScoreOpInterface>(op.getOperation()), maps[0], maps[1], maps[2], extents, budget);
    if (auto scoreOp = dyn_cast<ScoreOpInterface>(op.getOperation()))
      return scheduleRows(op, extents, scoreOp.getKeyDim(), budget);
    if (isa<CrossEntropyOp>(op))
      return scheduleRows(op, extents, extents.size() - 1, budget);
    return nullptr;
  }
};

} // namespace
