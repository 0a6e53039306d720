//===- TileThreadProducts.cpp - Matrix products ---------------------------===//
//
// A product is computed when it is issued, from what its operands hold then, and compared with them when it is known to
// be complete: a tile that changed meanwhile makes its result NaN.
//
//===----------------------------------------------------------------------===//

#include "TileThread.h"

#include <limits>
#include <numeric>

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

static std::vector<int64_t> getAllRows(int64_t count) {
  std::vector<int64_t> rows(count);
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

static std::vector<float> transpose(const std::vector<float> &matrix, int64_t rows, int64_t cols) {
  std::vector<float> result(matrix.size());
  for (int64_t i = 0; i != rows; ++i)
    for (int64_t j = 0; j != cols; ++j)
      result[j * rows + i] = matrix[i * cols + j];
  return result;
}

llvm::Expected<std::shared_ptr<Product>> TileThread::multiplyTiles(Operation *op, Value a, Value b, Value acc,
                                                                   bool transposeB, Type type) {
  auto tensor = cast<RankedTensorType>(type);
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, type);
  if (!rows)
    return rows.takeError();
  auto product = std::make_shared<Product>();
  product->op = op;
  product->number = numProducts++;
  Notes &notes = block.getLaunch().getNotes();
  auto decode = [&](const SharedTileRef &tile, ArrayRef<int64_t> rows) {
    bool holdsNothing = false;
    std::vector<float> values = decodeRows(tile, rows, holdsNothing);
    if (holdsNothing)
      notes.add(op, "of " + name + " reads " + tile.buffer->describe(tile.offset) + " while it holds nothing");
    product->reads.push_back({tile, rows.vec(), copyRows(tile, rows)});
    return values;
  };

  const auto &tileB = getAs<SharedTileRef>(b);
  int64_t n = tensor.getDimSize(1), k = transposeB ? tileB.type.getCols() : tileB.type.getRows();
  std::vector<float> valuesB = decode(tileB, getAllRows(tileB.type.getRows()));
  if (transposeB)
    valuesB = transpose(valuesB, n, k);
  std::vector<float> valuesA;
  if (const auto *tile = std::get_if<RegisterTileRef>(&get(a))) {
    product->a = *tile;
    valuesA = (*tile)->floats;
  } else {
    valuesA = decode(getAs<SharedTileRef>(a), *rows);
  }
  int64_t m = rows->size();
  auto result = std::make_shared<RegisterTile>(*evaluator::getElementType(type), ArrayRef<int64_t>{m, n});
  if (acc) {
    product->acc = getTile(acc);
    result->floats = product->acc->floats;
  }
  if (int64_t(valuesA.size()) != m * k || int64_t(result->floats.size()) != m * n)
    return evaluator::makeError(op, "has operands of which " + name + " holds different rows");
  addProduct(m, n, k, valuesA.data(), valuesB.data(), result->floats.data());
  product->result = result;
  return product;
}

llvm::Error TileThread::executeDot(cta::DotOp op) {
  auto product = multiplyTiles(op, op.getA(), op.getB(), op.getAcc(), op.getTransposeB(), op.getType());
  if (!product)
    return product.takeError();
  set(op, (*product)->result);
  return llvm::Error::success();
}

llvm::Error TileThread::executeDotAsync(cta::DotAsyncOp op) {
  auto product = multiplyTiles(op, op.getA(), op.getB(), op.getAcc(), op.getTransposeB(),
                               op.getResult().getType().getTensorType());
  if (!product)
    return product.takeError();
  running.push_back(*product);
  set(op, *product);
  return llvm::Error::success();
}

void TileThread::complete(Product &product) {
  product.isComplete = true;
  for (const Product::Read &read : product.reads) {
    if (copyRows(read.tile, read.rows) == read.bytes)
      continue;
    block.getLaunch().getNotes().add(product.op, "of " + name + " reads " +
                                                     read.tile.buffer->describe(read.tile.offset) +
                                                     ", which changed before the product was waited for");
    auto poisoned = std::make_shared<RegisterTile>(*product.result);
    poisoned->fill(Number::of(std::numeric_limits<double>::quiet_NaN()));
    product.result = poisoned;
  }
  product.reads.clear();
}

llvm::Error TileThread::executeDotWait(cta::DotWaitOp op) {
  const auto &product = getAs<std::shared_ptr<Product>>(op.getInflight());
  if (std::optional<int64_t> pending = op.getPending()) {
    // Products complete in order: all but the last `pending` have.
    for (const std::shared_ptr<Product> &other : running)
      if (other->number < numProducts - *pending && !other->isComplete)
        complete(*other);
    if (!product->isComplete)
      return evaluator::makeError(op, "leaves " + Twine(*pending) +
                                          " products running, and the one that it waits for "
                                          "may be among them: " +
                                          Twine(numProducts - 1 - product->number) + " were issued after it (rule 1)");
  } else if (!product->isComplete) {
    complete(*product);
  }
  llvm::erase_if(running, [](const std::shared_ptr<Product> &other) { return other->isComplete; });
  set(op.getResult(), product->result);
  for (auto [tied, result] : llvm::zip_equal(op.getTied(), op.getTiedResults()))
    set(result, get(tied));
  return llvm::Error::success();
}

llvm::Error TileThread::checkTouched(Operation *op) {
  if (running.empty() || isa<cta::DotWaitOp>(op))
    return llvm::Error::success();
  for (Value operand : op->getOperands()) {
    const auto *tile = std::get_if<RegisterTileRef>(&get(operand));
    if (!tile || (*tile)->isConstant)
      continue;
    for (const std::shared_ptr<Product> &product : running)
      if (product->acc == *tile || (product->a == *tile && !isa<cta::DotAsyncOp>(op)))
        return evaluator::makeError(op, "touches an operand of a product that is still running (rule 1)");
  }
  return llvm::Error::success();
}
