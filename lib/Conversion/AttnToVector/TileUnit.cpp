//===- TileUnit.cpp - products of tiles of AMX ----------------------------===//

#include "MatrixUnit.h"
#include "mlir/Dialect/AMX/AMXDialect.h"

using namespace mlir;
using namespace fovea;

namespace {

class TileUnit final : public MatrixUnit {
public:
  TileUnit(LaneBuilder &lanes, TileElement element)
      : lanes(lanes), builder(lanes.builder), loc(lanes.loc), element(element),
        operandTile(amx::TileType::get({tileRows, tileDepth}, element.type)),
        resultTile(amx::TileType::get({tileRows, tileRows}, lanes.type)) {}

  StringRef name() const override { return "amx"; }
  int64_t rowGranule() const override { return tileRows; }
  void emit(const PanelProduct &product) override;

private:
  using LoadTiles = function_ref<SmallVector<Value>(int64_t part)>;
  SmallVector<Value> multiply(LoadTiles left, LoadTiles right, ValueRange sums, bool exact);
  SmallVector<Value> step(const PanelProduct &product, Value step, ValueRange sums);
  Value load(Type type, Value buffer, ValueRange indices, Value stride = {}) {
    return amx::TileLoadOp::create(builder, loc, type, buffer, indices, stride);
  }

  LaneBuilder &lanes;
  OpBuilder &builder;
  Location loc;
  TileElement element;
  amx::TileType operandTile, resultTile;
};

} // namespace

/// The sums of products of tiles. Four sums leave four of the eight tiles, so parts follow each other such that one
/// side stays.
SmallVector<Value> TileUnit::multiply(LoadTiles a, LoadTiles b, ValueRange sums, bool exact) {
  using Pair = std::pair<int64_t, int64_t>;
  SmallVector<Pair> pairs = element.parts == 1 ? SmallVector<Pair>{{0, 0}} : SmallVector<Pair>{{0, 1}, {0, 0}, {1, 0}};
  if (exact && element.parts == 2)
    pairs.push_back({1, 1});
  SmallVector<Value> next(sums), left, right;
  Pair loaded = {-1, -1};
  for (auto [i, j] : pairs) {
    if (i != loaded.first)
      left = a(i);
    if (j != loaded.second)
      right = b(j);
    loaded = {i, j};
    for (auto [row, x] : llvm::enumerate(left))
      for (auto [column, y] : llvm::enumerate(right)) {
        Value &total = next[row * right.size() + column];
        total = amx::TileMulFOp::create(builder, loc, resultTile, x, y, total);
      }
  }
  return next;
}

SmallVector<Value> TileUnit::step(const PanelProduct &product, Value step, ValueRange sums) {
  auto leftTiles = [&](int64_t part) {
    SmallVector<Value> tiles;
    for (int64_t row = 0; row != product.rows; row += tileRows)
      tiles.push_back(
          load(operandTile, product.left[part], product.leftAt(lanes.index(row), step), product.leftStride));
    return tiles;
  };
  auto rightTiles = [&](int64_t part) {
    SmallVector<Value> tiles;
    for (int64_t tile = 0; tile != PanelProduct::panelTiles; ++tile)
      tiles.push_back(load(operandTile, product.right[part], product.rightAt(step, tile)));
    return tiles;
  };
  return multiply(leftTiles, rightTiles, sums, product.exact);
}

void TileUnit::emit(const PanelProduct &product) {
  SmallVector<SmallVector<Value>> positions;
  for (int64_t row = 0; row != product.rows; row += tileRows)
    for (int64_t tile = 0; tile != PanelProduct::panelTiles; ++tile)
      positions.push_back({lanes.add(product.row, row), lanes.add(product.column, tile * tileRows)});
  SmallVector<Value> sums;
  for (ArrayRef<Value> position : positions)
    sums.push_back(product.accumulate ? load(resultTile, product.target, position)
                                      : Value(amx::TileZeroOp::create(builder, loc, resultTile)));

  const int64_t maxUnrolled = element.parts == 1 ? 4 : 1;
  std::optional<int64_t> from = getConstantIntValue(product.from), to = getConstantIntValue(product.to);
  if (from && to && *to - *from <= maxUnrolled)
    for (int64_t k = *from; k < *to; ++k)
      sums = step(product, lanes.index(k), sums);
  else
    sums = lanes.loop(product.from, product.to, 1, sums,
                      [&](Value k, ValueRange carried) { return step(product, k, carried); });
  for (auto [position, sum] : llvm::zip_equal(positions, sums))
    amx::TileStoreOp::create(builder, loc, product.target, position, sum);
}

std::unique_ptr<MatrixUnit> fovea::createTileUnit(LaneBuilder &lanes, TileElement element) {
  return std::make_unique<TileUnit>(lanes, element);
}
