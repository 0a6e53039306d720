//===- PairUnit.cpp - dot products of pairs of bf16 (AVX512_BF16) ---------===//
//
// vdpbf16ps adds to each f32 of C the products of two pairs. B has the pairs of sixteen queries side by side, so that a
// register block is as in f32: rows of A by vectors of B, with a pair of A in all lanes, at twice the operations.
//
//===----------------------------------------------------------------------===//

#include "MatrixUnit.h"
#include "mlir/Dialect/X86Vector/X86VectorDialect.h"

using namespace mlir;
using namespace fovea;

namespace {

class PairUnit final : public MatrixUnit {
public:
  explicit PairUnit(LaneBuilder &lanes) : lanes(lanes), builder(lanes.builder), loc(lanes.loc) {}

  StringRef name() const override { return "avx512-bf16"; }
  int64_t rowGranule() const override { return 1; }
  void emit(const PanelProduct &product) override;

private:
  /// Sums under way hide the latency. Measured on Zen 4: 10 to 12 rows are no faster, nor are 2 to 16 pairs unrolled.
  static constexpr int64_t blockRows = 8;

  void emitBlock(const PanelProduct &product, Value first, int64_t rows);
  SmallVector<Value> step(const PanelProduct &product, Value step, Value first, int64_t rows, ValueRange sums);

  LaneBuilder &lanes;
  OpBuilder &builder;
  Location loc;
};

} // namespace

SmallVector<Value> PairUnit::step(const PanelProduct &product, Value step, Value first, int64_t rows, ValueRange sums) {
  auto vectorType = VectorType::get({tileDepth}, builder.getBF16Type());
  SmallVector<SmallVector<Value>> rowsAt;
  for (int64_t i = 0; i != rows; ++i)
    rowsAt.push_back(product.leftAt(lanes.add(first, i), step));
  return lanes.loop(lanes.index(0), lanes.index(tileRows), 1, sums, [&](Value pair, ValueRange carried) {
    SmallVector<Value> next(carried), queries;
    for (int64_t tile = 0; tile != PanelProduct::panelTiles; ++tile) {
      SmallVector<Value> at = product.rightAt(step, tile);
      Value &row = at[at.size() - 2];
      row = lanes.add(row, pair);
      queries.push_back(vector::LoadOp::create(builder, loc, vectorType, product.right.front(), at));
    }
    Value element = arith::MulIOp::create(builder, loc, pair, lanes.index(2));
    for (int64_t i = 0; i != rows; ++i) {
      SmallVector<Value> at = rowsAt[i];
      at.back() = lanes.add(at.back(), element);
      Value left = lanes.broadcastPair(product.left.front(), at);
      for (auto [tile, right] : llvm::enumerate(queries)) {
        Value &sum = next[i * PanelProduct::panelTiles + tile];
        sum = x86vector::DotBF16Op::create(builder, loc, sum.getType(), sum, left, right);
      }
    }
    return next;
  });
}

void PairUnit::emitBlock(const PanelProduct &product, Value first, int64_t rows) {
  auto position = [&](int64_t i, int64_t tile) {
    return SmallVector<Value>{lanes.add(lanes.add(product.row, first), i), lanes.add(product.column, tile * tileRows)};
  };
  SmallVector<Value> sums;
  for (int64_t i = 0; i != rows; ++i)
    for (int64_t tile = 0; tile != PanelProduct::panelTiles; ++tile)
      sums.push_back(product.accumulate ? lanes.load(product.target, position(i, tile)) : lanes.splat(0.0));
  sums = lanes.loop(product.from, product.to, 1, sums,
                    [&](Value k, ValueRange carried) { return step(product, k, first, rows, carried); });
  for (int64_t i = 0; i != rows; ++i)
    for (int64_t tile = 0; tile != PanelProduct::panelTiles; ++tile)
      lanes.store(sums[i * PanelProduct::panelTiles + tile], product.target, position(i, tile));
}

void PairUnit::emit(const PanelProduct &product) {
  int64_t whole = product.rows / blockRows * blockRows;
  lanes.loop(lanes.index(0), lanes.index(whole), blockRows, {}, [&](Value first, ValueRange) -> SmallVector<Value> {
    emitBlock(product, first, blockRows);
    return {};
  });
  if (whole != product.rows)
    emitBlock(product, lanes.index(whole), product.rows - whole);
}

std::unique_ptr<MatrixUnit> fovea::createPairUnit(LaneBuilder &lanes) { return std::make_unique<PairUnit>(lanes); }
