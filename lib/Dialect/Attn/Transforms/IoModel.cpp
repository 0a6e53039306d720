//===- IoModel.cpp - what forms of an attention move and compute ----------===//

#include "IoModel.h"
#include "fovea/Dialect/Attn/IR/Arithmetic.h"
#include "fovea/Dialect/Attn/Transforms/MaskAnalysis.h"
#include "fovea/Support/MaskRange.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;

using Predicate = fovea::MaskPredicate<int64_t>;

//===----------------------------------------------------------------------===//
// Reading the op
//===----------------------------------------------------------------------===//

/// The predicate with its offsets as numbers; none where one is known at run time only.
static std::optional<Predicate> withNumbers(const fovea::MaskPredicate<OpFoldResult> &mask) {
  using Symbolic = fovea::MaskPredicate<OpFoldResult>;
  std::vector<Predicate> operands;
  for (const Symbolic &operand : mask.operands) {
    std::optional<Predicate> number = withNumbers(operand);
    if (!number)
      return std::nullopt;
    operands.push_back(std::move(*number));
  }
  switch (mask.kind) {
  case Symbolic::Kind::Affine:
    if (std::optional<int64_t> offset = getConstantIntValue(mask.offset))
      return Predicate::affine(mask.keyCoefficient, mask.rowCoefficient, *offset);
    return std::nullopt;
  case Symbolic::Kind::All:
    return Predicate::allOf(std::move(operands));
  case Symbolic::Kind::Any:
    return Predicate::anyOf(std::move(operands));
  case Symbolic::Kind::Constant:
    return Predicate::constant(mask.value);
  case Symbolic::Kind::Opaque:
    break;
  }
  return Predicate::opaque();
}

static int64_t bytesPerElement(Type type) {
  return llvm::divideCeil(getElementTypeOrSelf(type).getIntOrFloatBitWidth(), 8);
}

FailureOr<IoModel> IoModel::create(AttentionOp op, std::string &whyNot) {
  IoModel model;
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  FailureOr<AttentionDims> dims = AttentionDims::infer(maps[0], maps[1], maps[2]);
  if (failed(dims))
    return whyNot = "the maps are not those of an attention", failure();
  model.dims = *dims;
  model.extents.assign(maps[0].getNumDims(), 0);
  auto scoreOp = cast<ScoreOpInterface>(op.getOperation());
  for (auto [operand, map] : llvm::zip_equal(op.getMappedOperands(), maps)) {
    auto type = dyn_cast<ShapedType>(operand->get().getType());
    if (!type) // a scalar capture
      continue;
    if (!type.hasStaticShape())
      return whyNot = "sizes are known at run time only", failure();
    if (map.getNumResults() == 0 && type.getRank() != 0)
      return whyNot = "a region reads a whole tensor", failure();
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        model.extents[dim.getPosition()] = type.getDimSize(i);
    Operand described{map, bytesPerElement(type), type.getNumElements()};
    if (!op.getSinkMutable().empty() && operand == &*op.getSinkMutable().begin())
      model.sink = described;
    else
      (op.isDpsInit(operand) ? model.outputs : model.inputs).push_back(described);
  }
  OpBuilder builder(op);
  std::optional<Predicate> mask = withNumbers(readMask(builder, scoreOp).predicate);
  if (!mask)
    return whyNot = "the mask depends on values at run time", failure();
  model.mask = std::move(*mask);
  model.hasLse = op.getReturnLse();
  model.hasMax = op.getReturnMax();
  model.roundsWeights = getElementTypeOrSelf(op.getValue().getType()) != scoreOp.getComputeType();
  for (unsigned d : dims->batch)
    model.heads *= model.extents[d];
  for (unsigned d : ArrayRef(dims->rows).drop_back())
    model.heads *= model.extents[d];
  model.computeBytes = scoreOp.getComputeType().getWidth() / 8;
  model.scoreFlops = countScoreFlops(scoreOp);
  return model;
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

std::vector<IoModel::Tile> IoModel::getTiles(const IoTiles &tiles) const {
  std::vector<Tile> all;
  int64_t rows = extents[dims.query()], keys = extents[dims.key];
  fovea::Int64Arith arith;
  for (int64_t begin = 0; begin < rows; begin += tiles.rows) {
    int64_t end = std::min(begin + tiles.rows, rows);
    fovea::MaskRange<int64_t> seen =
        fovea::maskBlockRange(fovea::maskKeyRange(mask, begin, end, keys, arith), tiles.keys, arith);
    all.push_back({end - begin, seen.liveBegin, seen.liveEnd});
  }
  return all;
}

IoTiles IoModel::getFittingTiles(int64_t onChipBytes) const {
  int64_t headDim = std::max<int64_t>({extents[dims.qk], extents[dims.value], 1});
  int64_t keys = std::max<int64_t>(onChipBytes / (4 * headDim * computeBytes), 1);
  IoTiles tiles{std::min(headDim, keys), keys, onChipBytes};
  constexpr int64_t step = 16;
  tiles.keys = keys > step ? llvm::alignDown(keys, step) : keys;
  while (tiles.keys > step && countQueryOuter(tiles).onChipBytes > onChipBytes)
    tiles.keys -= step;
  return tiles;
}

std::pair<int64_t, int64_t> IoModel::countBlocks(const IoTiles &tiles) const {
  std::vector<Tile> all = getTiles(tiles);
  int64_t visited = 0;
  for (const Tile &tile : all)
    visited += tile.lastBlock - tile.firstBlock;
  return {heads * visited, heads * int64_t(all.size()) * numBlocks(tiles)};
}

int64_t IoModel::tileBytes(const Operand &operand, int64_t rows, int64_t keys) const {
  int64_t elements = 1;
  for (AffineExpr expr : operand.map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(expr);
    unsigned d = dim ? dim.getPosition() : -1u;
    if (d == dims.query())
      elements *= rows;
    else if (d == dims.key)
      elements *= keys;
    else if (dim && (d == dims.qk || d == dims.value))
      elements *= extents[d];
  }
  return elements * operand.elementBytes;
}

/// Of the operands that vary with the keys, or of those that do not.
int64_t IoModel::sumTileBytes(ArrayRef<Operand> operands, bool withKeys, int64_t rows, int64_t keys) const {
  int64_t bytes = 0;
  for (const Operand &operand : operands)
    if (operand.map.isFunctionOfDim(dims.key) == withKeys)
      bytes += tileBytes(operand, rows, keys);
  return bytes;
}

int64_t IoModel::flopsOfBlock(int64_t rows, int64_t keys) const {
  int64_t qk = extents[dims.qk], value = extents[dims.value];
  return rows * (keys * (2 * qk + 2 * value + 5 + scoreFlops) + 5 + value);
}

int64_t IoModel::flopsOfFinalize(int64_t rows) const {
  return rows * (extents[dims.value] + 1 + 2 * hasLse + (sink ? 8 : 0));
}

double IoModel::getTheorem2(int64_t onChipBytes) const {
  double d = extents[dims.qk];
  return double(heads) * extents[dims.query()] * extents[dims.key] * d * d / (double(onChipBytes) / computeBytes);
}

//===----------------------------------------------------------------------===//
// Forms
//===----------------------------------------------------------------------===//

IoCounts IoModel::countQueryOuter(const IoTiles &tiles) const {
  IoCounts counts{"query_outer"};
  for (const Tile &tile : getTiles(tiles)) {
    int64_t fixed = sumTileBytes(inputs, /*withKeys=*/false, tile.rows, 0), written = 0;
    for (const Operand &output : outputs)
      written += tileBytes(output, tile.rows, 0);
    counts.writtenBytes += written;
    counts.flops += flopsOfFinalize(tile.rows);
    if (sink)
      counts.readBytes += tileBytes(*sink, tile.rows, 0);
    int64_t state = stateBytes(tile.rows);
    bool visits = tile.firstBlock < tile.lastBlock;
    counts.onChipBytes = std::max(counts.onChipBytes,
                                  (visits ? fixed : 0) + state + written + (sink ? tileBytes(*sink, tile.rows, 0) : 0));
    if (!visits)
      continue;
    counts.readBytes += fixed;
    for (int64_t block = tile.firstBlock; block < tile.lastBlock; ++block) {
      int64_t keys = keysOf(block, tiles), moved = sumTileBytes(inputs, /*withKeys=*/true, tile.rows, keys);
      counts.readBytes += moved;
      counts.flops += flopsOfBlock(tile.rows, keys);
      counts.onChipBytes = std::max(counts.onChipBytes, fixed + moved + state + tile.rows * keys * computeBytes);
    }
  }
  counts.flops *= heads;
  counts.readBytes *= heads;
  counts.writtenBytes *= heads;
  return counts;
}

IoCounts IoModel::countKeyOuter(const IoTiles &tiles) const {
  IoCounts counts{"key_outer"};
  int64_t rows = extents[dims.query()];
  std::vector<Tile> all = getTiles(tiles);
  // Bytes per row of the parts of the state that are in memory, and of the others.
  int64_t inMemory = 0, onChip = 0;
  for (int64_t width : {extents[dims.value], int64_t(1), int64_t(1)}) {
    bool fits = rows * width * computeBytes <= tiles.onChipBytes;
    (fits ? onChip : inMemory) += width * computeBytes;
  }
  counts.temporaryBytes = rows * inMemory;
  counts.writtenBytes += rows * inMemory; // the identity
  int64_t held = rows * onChip;
  for (int64_t block = 0, e = numBlocks(tiles); block != e; ++block) {
    int64_t keys = keysOf(block, tiles), shared = 0; // K and V, and captures that do not vary with the rows
    bool isVisited = false;
    for (const Operand &input : inputs)
      if (input.map.isFunctionOfDim(dims.key) && !input.map.isFunctionOfDim(dims.query()))
        shared += tileBytes(input, rows, keys);
    for (const Tile &tile : all) {
      if (block < tile.firstBlock || block >= tile.lastBlock)
        continue;
      isVisited = true;
      int64_t own = 0;
      for (const Operand &input : inputs)
        if (input.map.isFunctionOfDim(dims.query()))
          own += tileBytes(input, tile.rows, keys);
      counts.readBytes += own + tile.rows * inMemory;
      counts.writtenBytes += tile.rows * inMemory;
      counts.flops += flopsOfBlock(tile.rows, keys);
      counts.onChipBytes =
          std::max(counts.onChipBytes, held + shared + own + tile.rows * inMemory + tile.rows * keys * computeBytes);
    }
    if (isVisited)
      counts.readBytes += shared;
  }
  // Reading the state off.
  counts.readBytes += rows * inMemory;
  counts.flops += flopsOfFinalize(rows);
  int64_t results = 0;
  for (const Operand &output : outputs) {
    int64_t bytes = tileBytes(output, rows, 0);
    counts.writtenBytes += bytes;
    results += bytes <= tiles.onChipBytes ? bytes : 0;
  }
  if (sink) {
    counts.readBytes += tileBytes(*sink, rows, 0);
    results += tileBytes(*sink, rows, 0);
  }
  counts.onChipBytes = std::max(counts.onChipBytes, held + results);
  counts.flops *= heads;
  counts.readBytes *= heads;
  counts.writtenBytes *= heads;
  return counts;
}

IoCounts IoModel::countUnfused(const IoTiles &tiles) const {
  IoCounts counts{"unfused"};
  int64_t rows = heads * extents[dims.query()], scores = rows * extents[dims.key];
  // A tensor that the function makes; nothing where it fits on chip.
  auto bytesOf = [&](int64_t elements, int64_t elementBytes) {
    int64_t bytes = elements * elementBytes;
    return bytes <= tiles.onChipBytes ? 0 : bytes;
  };
  int64_t s = bytesOf(scores, computeBytes), row = bytesOf(rows, computeBytes);
  int64_t acc = bytesOf(rows * extents[dims.value], computeBytes);
  int64_t rounded = roundsWeights ? bytesOf(scores, inputs[2].elementBytes) : 0;
  for (ArrayRef<Operand> operands : {ArrayRef(inputs), ArrayRef(outputs)})
    for (const Operand &operand : operands)
      (operands.data() == inputs.data() ? counts.readBytes : counts.writtenBytes) +=
          operand.elements * operand.elementBytes;
  int64_t weights = roundsWeights ? rounded : s;
  // Products; scaled and masked; maximum; exponentials; sum; rounded; products with V.
  counts.writtenBytes += s + s + row + s + row + rounded + acc;
  counts.readBytes += s + s + (s + row) + s + (roundsWeights ? s : 0) + weights;
  counts.readBytes += acc + 2 * row + (hasLse ? 2 * row : 0) + (hasMax ? row : 0);
  counts.temporaryBytes = 3 * s + 2 * row + rounded + acc;
  if (sink) {
    int64_t bytes = sink->elements * sink->elementBytes;
    counts.readBytes += bytes <= tiles.onChipBytes || !hasLse ? bytes : 2 * bytes;
  }
  int64_t qk = extents[dims.qk], value = extents[dims.value];
  int64_t perRow = value + (sink ? 3 * value : 0) + (hasLse ? (sink ? 9 : 2) : 0);
  counts.flops = scores * (2 * qk + 2 * value + 5 + scoreFlops) + rows * perRow;
  return counts;
}
