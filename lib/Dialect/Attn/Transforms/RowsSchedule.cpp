//===- RowsSchedule.cpp - few query rows on a CPU -------------------------===//
//
//   1 query, 8 heads in groups of 4, 8192 keys:  tile_m = 1, tile_n = 256, splits = 16, lanes = keys, tile_g = 4
//
// With the queries along the lanes a tile costs as much as one of 16 queries. With the keys there it costs what its
// rows do, and with few rows that is less than reading K and V from memory, which is then all that counts: every key
// is read once (tile_g covers the heads that share it), by all threads (splits). With few keys, too, a row's own cost
// counts: measured, queries along the lanes are faster up to half as many keys as the square of the queries.
//
//===----------------------------------------------------------------------===//

#include "RowsSchedule.h"
#include "ScheduleConfig.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;

/// Reading 512 keys takes some 20 us, a hundred times what it costs to start a task and to merge its state.
static constexpr int64_t keysPerTask = 512;
/// The lowering has room on the stack for copies of a step's keys and values.
static constexpr int64_t mostRowBytes = 2048;
/// Four per thread of a socket with 16 cores: more would only cost merging where there are fewer.
static constexpr int64_t tasksWanted = 64;

/// The dimension in front of the query's position in the state, if its rows share keys and values; the size of a group
/// of them, 1 if none do.
static int64_t groupSize(AttentionOp op, const AttentionDims &dims, ArrayRef<int64_t> extents) {
  if (dims.rows.size() > 1) {
    int64_t extent = extents[dims.rows[dims.rows.size() - 2]];
    return ShapedType::isDynamic(extent) ? 1 : std::max<int64_t>(extent, 1);
  }
  if (dims.batch.empty() || ShapedType::isDynamic(extents[dims.batch.back()]))
    return 1;
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  auto groupIn = [&](OpOperand &operand) -> int64_t {
    for (AffineExpr expr : structured.getMapOf(operand).getResults())
      if (auto division = dyn_cast<AffineBinaryOpExpr>(expr);
          division && division.getLHS() == getAffineDimExpr(dims.batch.back(), op.getContext()))
        return cast<AffineConstantExpr>(division.getRHS()).getValue();
    return 1;
  };
  int64_t group = groupIn(op.getKeyMutable());
  return group == groupIn(op.getValueMutable()) && extents[dims.batch.back()] % group == 0 ? group : 1;
}

/// Whether every operand that has the dimension says how large it is: slices of those that do not stay dynamic.
static bool isStaticInAll(AttentionOp op, unsigned dim) {
  auto structured = cast<StructuredOpInterface>(op.getOperation());
  for (auto [operand, map] : llvm::zip_equal(structured.getMappedOperands(), structured.getMappedOperandMaps()))
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (expr == getAffineDimExpr(dim, op.getContext()) && cast<ShapedType>(operand->get().getType()).isDynamicDim(i))
        return false;
  return true;
}

ConfigAttr attn::scheduleFewRows(AttentionOp op, const AttentionDims &dims, ArrayRef<int64_t> extents,
                                 int64_t vectorBytes) {
  int64_t lanes = vectorBytes / (op.getComputeType().getWidth() / 8);
  int64_t queries = extents[dims.query()], keys = extents[dims.key];
  if (ShapedType::isDynamic(queries) || queries > lanes / 2 ||
      (!ShapedType::isDynamic(keys) && queries > 1 && keys < int64_t(llvm::divideCeil(queries * queries, 2))) ||
      !isStaticInAll(op, dims.qk) || !isStaticInAll(op, dims.value))
    return nullptr;
  for (auto [operand, dim] : {std::pair(op.getKey(), dims.qk), std::pair(op.getValue(), dims.value)})
    if (productOf(extents[dim], getElementTypeOrSelf(operand.getType()).getIntOrFloatBitWidth()) / 8 > mostRowBytes)
      return nullptr;
  int64_t group = groupSize(op, dims, extents), tiles = 1;
  for (unsigned d : llvm::concat<const unsigned>(dims.batch, ArrayRef(dims.rows).drop_back()))
    tiles = productOf(tiles, ShapedType::isDynamic(extents[d]) ? 1 : std::max<int64_t>(extents[d], 1));
  int64_t splits = llvm::divideCeil(tasksWanted, std::max<int64_t>(tiles / group, 1));
  if (!ShapedType::isDynamic(keys))
    splits = std::clamp<int64_t>(keys / keysPerTask, 1, splits);
  return ConfigAttr::get(op.getContext(), std::max<int64_t>(queries, 1), keysOfFewRows, splits, /*rescale_log2=*/0,
                         LaneAxis::Keys, group);
}
