//===- AttentionRowColumns.cpp - vectors of K, V and Q --------------------===//

#include "AttentionRows.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// The first `count` lanes.
Value RowsLowering::lanesMask(int64_t count) {
  return vector::ConstantMaskOp::create(builder, lanes.loc, lanes.vectorOf(builder.getI1Type()),
                                        ArrayRef<int64_t>{count});
}

/// Lanes of `buffer` in the compute type, 0 where `mask` has none.
Value RowsLowering::load(Value buffer, ValueRange indices, Value mask) {
  if (!mask)
    return lanes.toCompute(lanes.load(buffer, indices));
  VectorType type = lanes.vectorOf(getElementTypeOrSelf(buffer.getType()));
  Value zeros = arith::ConstantOp::create(builder, lanes.loc, builder.getZeroAttr(type));
  return lanes.toCompute(vector::MaskedLoadOp::create(builder, lanes.loc, type, buffer, indices, mask, zeros));
}

/// Whether the columns [2v * lanes, 2v * lanes + 2 * lanes) of a bf16 matrix are read as one vector of their even and
/// one of their odd columns: half a 32-bit word is a bf16, and so is a shifted one, which is less work than widening 16
/// bits to 32 in order.
bool RowsLowering::readsPairs(Value buffer) {
  return getElementTypeOrSelf(buffer.getType()).isBF16() && lanes.type.isF32();
}

/// `vectors` vectors of row `key` from `column` on in the compute type, pairs of them as even and odd columns where
/// `readsPairs`.
SmallVector<Value> RowsLowering::loadColumns(Value buffer, Value key, Value column, int64_t vectors, Value mask) {
  SmallVector<Value> elements;
  while (int64_t(elements.size()) < vectors) {
    Value begin = lanes.add(column, elements.size() * lanes.lanes);
    if (!readsPairs(buffer) || mask || int64_t(elements.size()) + 1 == vectors) {
      elements.push_back(load(buffer, {key, begin}, mask));
      continue;
    }
    Location loc = lanes.loc;
    VectorType words = lanes.vectorOf(builder.getI32Type());
    Value both = vector::BitCastOp::create(builder, loc, words, loadLine(buffer, key, begin));
    auto constant = [&](int32_t value) {
      return arith::ConstantOp::create(builder, loc, DenseElementsAttr::get(words, value));
    };
    Value even = arith::ShLIOp::create(builder, loc, both, constant(16));
    Value odd = arith::AndIOp::create(builder, loc, both, constant(int32_t(0xffff0000)));
    elements.push_back(arith::BitcastOp::create(builder, loc, lanes.vectorType(), even));
    elements.push_back(arith::BitcastOp::create(builder, loc, lanes.vectorType(), odd));
  }
  return elements;
}

SmallVector<int64_t> RowsLowering::evenLanes() {
  return llvm::map_to_vector(llvm::seq<int64_t>(0, lanes.lanes), [](int64_t lane) { return 2 * lane; });
}

/// The columns whose pairs `vpunpcklwd` makes of two rows of 32: the first four of each eight.
SmallVector<int64_t> RowsLowering::unpackedLanes() {
  return llvm::map_to_vector(llvm::seq<int64_t>(0, lanes.lanes), [](int64_t lane) { return lane / 4 * 8 + lane % 4; });
}

void RowsLowering::splitLanes(Value &first, Value &second, ArrayRef<int64_t> lanesOfFirst) {
  SmallVector<int64_t> others;
  for (int64_t lane = 0; lane != 2 * lanes.lanes; ++lane)
    if (!llvm::is_contained(lanesOfFirst, lane))
      others.push_back(lane);
  Value a = vector::ShuffleOp::create(builder, lanes.loc, first, second, lanesOfFirst);
  second = vector::ShuffleOp::create(builder, lanes.loc, first, second, others);
  first = a;
}

void RowsLowering::joinLanes(Value &first, Value &second, ArrayRef<int64_t> lanesOfFirst) {
  SmallVector<int64_t> low, high;
  int64_t other = lanes.lanes;
  for (int64_t lane = 0; lane != 2 * lanes.lanes; ++lane) {
    const int64_t *found = llvm::find(lanesOfFirst, lane);
    (lane < lanes.lanes ? low : high)
        .push_back(found == lanesOfFirst.end() ? other++ : std::distance(lanesOfFirst.begin(), found));
  }
  Value a = vector::ShuffleOp::create(builder, lanes.loc, first, second, low);
  second = vector::ShuffleOp::create(builder, lanes.loc, first, second, high);
  first = a;
}

bool RowsLowering::multipliesPairs(Value matrix, int64_t columns) {
  return unit.bf16Pairs && lanes.lanes == 16 && columns >= 2 * lanes.lanes && readsPairs(matrix) &&
         getElementTypeOrSelf(op.getQuery().getType()).isBF16();
}

Value RowsLowering::multiplyPairs(Value sum, Value a, Value b) {
  return x86vector::DotBF16Op::create(builder, lanes.loc, sum.getType(), sum, a, b);
}

/// A cache line of bf16.
Value RowsLowering::loadLine(Value buffer, Value key, Value column) {
  auto type = VectorType::get({2 * lanes.lanes}, builder.getBF16Type());
  return vector::LoadOp::create(builder, lanes.loc, type, buffer, ValueRange{key, column});
}

/// Asks for the line of the same column some keys further on. That may lie beyond the matrix: a prefetch is a hint, and
/// does not fault.
void RowsLowering::prefetch(const Chunk &chunk, Value key, Value column) {
  if (chunk.keysAhead == 0)
    return;
  memref::PrefetchOp::create(builder, lanes.loc, chunk.buffer, ValueRange{lanes.add(key, chunk.keysAhead), column},
                             /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

/// Asks for the lines with which the streams of the `count` keys from `begin` on start, if they are worth that.
void RowsLowering::prefetchStreams(const Chunk &chunk, Value begin, Value count) {
  if (chunk.keysAhead == 0)
    return;
  constexpr int64_t worthwhile = keysPerChunk / 4;
  Value isLong =
      builder.createOrFold<arith::CmpIOp>(lanes.loc, arith::CmpIPredicate::sge, count, lanes.index(worthwhile));
  int64_t line = chunk.vectorsPerLine * lanes.lanes;
  auto fetch = [&] {
    Value part = arith::DivUIOp::create(builder, lanes.loc, count, lanes.index(unit.readStreams));
    lanes.loop(lanes.index(-chunk.keysAhead), lanes.index(0), 1, {}, [&](Value i, ValueRange) -> SmallVector<Value> {
      Value key = lanes.add(begin, i);
      for (int64_t s = 0; s != unit.readStreams; ++s) {
        for (int64_t column = 0; column < chunk.columns; column += line)
          prefetch(chunk, key, lanes.index(column));
        key = lanes.add(key, part);
      }
      return {};
    });
  };
  lanes.either(isLong, fetch, [] {});
}

void RowsLowering::overColumns(int64_t columns, Type element,
                               function_ref<SmallVector<Value>(Value, int64_t, Value, ValueRange)> body,
                               SmallVector<Value> &carried) {
  int64_t width = lanes.lanes;
  int64_t line = std::max<int64_t>(cacheLineBytes * 8 / element.getIntOrFloatBitWidth(), width);
  int64_t lines = columns / line * line, whole = columns / width * width;
  if (lines > 0)
    carried = lanes.loop(lanes.index(0), lanes.index(lines), line, carried,
                         [&](Value begin, ValueRange values) { return body(begin, line / width, Value(), values); });
  if (whole > lines)
    carried = body(lanes.index(lines), (whole - lines) / width, Value(), carried);
  if (columns > whole)
    carried = body(lanes.index(whole), 1, lanesMask(columns - whole), carried);
}
