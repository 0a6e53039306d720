//===- TileThreadMemory.cpp - Global memory and positions -----------------===//

#include "GlobalAccess.h"
#include "TileThread.h"

#include "llvm/ADT/TypeSwitch.h"

#include <numeric>

using namespace mlir;
using namespace fovea;
using namespace fovea::tiles;

//===----------------------------------------------------------------------===//
// Shared tiles
//===----------------------------------------------------------------------===//

static std::vector<int64_t> getAllRows(cta::TileType type) {
  std::vector<int64_t> rows(type.getRows());
  std::iota(rows.begin(), rows.end(), 0);
  return rows;
}

llvm::Error TileThread::executeLoad(cta::LoadOp op) {
  SharedTileRef tile = {nullptr, 0, op.getTile().getType()};
  tile.buffer = std::make_shared<SharedBuffer>("the loaded tile", tile.getBytes());
  if (isOn(op.getPredicate()))
    GlobalAccess(*getAs<HostTensor *>(op.getSource()), getIntegers(op.getOffsets()), op.getDims(),
                 getAllRows(tile.type), tile.type.getCols())
        .readTo(tile);
  set(op.getTile(), tile);
  return llvm::Error::success();
}

llvm::Error TileThread::executeTmaLoad(cta::TmaLoadOp op) {
  if (!isOn(op.getPredicate()))
    return llvm::Error::success();
  SharedTileRef tile;
  std::function<llvm::Error()> signal;
  const TileValue &destination = get(op.getDestination());
  if (const auto *slot = std::get_if<SlotRef>(&destination)) {
    Channel *channel = slot->channel;
    int64_t use = slot->use;
    if (use < 0)
      return evaluator::makeError(op, "fills a slot of " + channel->describe() + " that was not acquired");
    tile = channel->getTile(use);
    signal = [op, channel, use]() -> llvm::Error {
      if (std::string wrong = channel->fill(use); !wrong.empty())
        return evaluator::makeError(op, wrong);
      return llvm::Error::success();
    };
  } else {
    tile = std::get<SharedTileRef>(destination);
    signal = [op, tile, this, address = getInteger(op.getBarrier())] {
      return block.arrive(op, address, /*arrivals=*/0, -tile.getCopiedBytes());
    };
  }
  tile.poison();
  GlobalAccess source(*getAs<HostTensor *>(op.getSource()), getIntegers(op.getOffsets()), op.getDims(),
                      getAllRows(tile.type), tile.type.getCols());
  block.addCopy([source, tile, signal] {
    source.readTo(tile);
    return signal();
  });
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Register tiles
//===----------------------------------------------------------------------===//

static SmallVector<int64_t> getLocalShape(Type type, ArrayRef<int64_t> rows) {
  SmallVector<int64_t> shape(cast<RankedTensorType>(type).getShape());
  shape[0] = rows.size();
  return shape;
}

static int64_t getCols(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return tensor.getRank() == 2 ? tensor.getDimSize(1) : 1;
}

llvm::Error TileThread::executeRead(cta::ReadOp op) {
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, op.getType());
  if (!rows)
    return rows.takeError();
  GlobalAccess source(*getAs<HostTensor *>(op.getSource()), getIntegers(op.getOffsets()), op.getDims(), *rows,
                      getCols(op.getType()));
  set(op, source.read(getLocalShape(op.getType(), *rows)));
  return llvm::Error::success();
}

llvm::Error TileThread::executeGather(cta::GatherOp op) {
  const HostTensor &source = *getAs<HostTensor *>(op.getSource());
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, op.getType());
  if (!rows)
    return rows.takeError();
  auto tile = std::make_shared<RegisterTile>(source.getElementType(), getLocalShape(op.getType(), *rows));
  Values indices = getOperands(op.getIndices());
  for (int64_t i = 0, e = tile->size(); i != e; ++i) {
    int64_t position = source.getOffset();
    bool isInside = true;
    for (auto [d, index] : llvm::enumerate(indices)) {
      const auto *indexTile = std::get_if<RegisterTileRef>(&index);
      int64_t at = indexTile ? (*indexTile)->integers[i] : std::get<Number>(index).integer;
      isInside &= at >= 0 && at < source.getShape()[d];
      position += at * source.getStrides()[d];
    }
    if (!isInside)
      continue;
    Scalar scalar = source.loadAt(position);
    tile->set(i, tile->isFloat() ? Number::of(scalar.toDouble()) : Number::of(scalar.toInt()));
  }
  set(op, tile);
  return llvm::Error::success();
}

llvm::Error TileThread::executeWrite(cta::WriteOp op) {
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, op.getTile().getType());
  if (!rows)
    return rows.takeError();
  GlobalAccess(*getAs<HostTensor *>(op.getDestination()), getIntegers(op.getOffsets()), op.getDims(), *rows,
               getCols(op.getTile().getType()))
      .write(*getTile(op.getTile()));
  return llvm::Error::success();
}

llvm::Error TileThread::executeStore(cta::StoreOp op) {
  llvm::Expected<ArrayRef<int64_t>> rows = getRows(op, op.getTile().getType());
  if (!rows)
    return rows.takeError();
  const RegisterTile &tile = *getTile(op.getTile());
  GlobalAccess destination(*getAs<HostTensor *>(op.getDestination()), getIntegers(op.getOffsets()), op.getDims(), *rows,
                           tile.cols());
  if (!op.getVia()) {
    destination.write(tile);
    return llvm::Error::success();
  }
  // Through shared memory, from which it is copied at any later time.
  const auto &via = getAs<SharedTileRef>(op.getVia());
  for (auto [i, row] : llvm::enumerate(*rows))
    for (int64_t j = 0; j != tile.cols(); ++j) {
      Number number = tile.get(i * tile.cols() + j);
      Scalar scalar = tile.isFloat() ? Scalar::ofFloat(number.floating) : Scalar::ofSigned(number.integer);
      scalar.store(tile.type, via.row(row) + j * via.getElementBytes());
    }
  block.addCopy(
      [destination, via, rows = SmallVector<int64_t>(*rows)]() -> llvm::Error {
        destination.writeFrom(via, rows);
        return llvm::Error::success();
      },
      /*storedBy=*/this);
  return llvm::Error::success();
}

/// Zero outside of the tensor, as elements of tiles are.
void TileThread::executeMemrefLoad(memref::LoadOp op) {
  const HostTensor &source = *getAs<HostTensor *>(op.getMemRef());
  SmallVector<int64_t> indices = getIntegers(op.getIndices());
  Scalar scalar = Scalar::ofSigned(0);
  if (llvm::all_of(llvm::zip_equal(indices, source.getShape()), [](auto pair) {
        auto [index, size] = pair;
        return index >= 0 && index < size;
      }))
    scalar = source.loadAt(source.getPosition(indices));
  set(op, isFloat(source.getElementType()) ? Number::of(scalar.toDouble()) : Number::of(scalar.toInt()));
}

//===----------------------------------------------------------------------===//
// Positions
//===----------------------------------------------------------------------===//

llvm::Error TileThread::executeTileIndex(cta::TileIndexOp op) {
  ArrayRef<int64_t> extents = block.getLaunch().getTileExtents();
  if (getIntegers(op.getExtents()) != extents)
    return evaluator::makeError(op, "is of the extents " + formatIndices(getIntegers(op.getExtents())) +
                                        ", but the launch has " + formatIndices(extents));
  int64_t number = block.getNumber();
  for (auto [index, extent] : llvm::reverse(llvm::zip_equal(op.getIndices(), extents))) {
    set(index, Number::of(number % extent));
    number /= extent;
  }
  return llvm::Error::success();
}

void TileThread::executeNextTile(cta::NextTileOp op) {
  int64_t number = getInteger(op.getCurrent());
  if (Value counter = op.getCounter()) {
    HostTensor &tensor = *getAs<HostTensor *>(counter);
    number = tensor.getInt({0});
    tensor.setInt({0}, number + 1);
  }
  set(op, Number::of(number + block.getLaunch().getNumBlocks()));
}

/// The last block of the launch leaves zeros.
void TileThread::executeResetCounter(cta::ResetCounterOp op) {
  HostTensor &counter = *getAs<HostTensor *>(op.getCounter());
  int64_t finished = counter.getInt({1}) + 1;
  bool isLast = finished == block.getLaunch().getNumBlocks();
  counter.setInt({1}, isLast ? 0 : finished);
  if (isLast)
    counter.setInt({0}, 0);
}

static llvm::Error noError(function_ref<void()> action) {
  action();
  return llvm::Error::success();
}

TileThread::Done TileThread::executeMemoryOp(Operation *op) {
  if (isa<cta::StoreWaitOp>(op)) {
    if (block.hasStores(this))
      return wait(op, "its stores");
    return true;
  }
  llvm::Error error =
      llvm::TypeSwitch<Operation *, llvm::Error>(op)
          .Case([&](cta::LoadOp load) { return executeLoad(load); })
          .Case([&](cta::TmaLoadOp load) { return executeTmaLoad(load); })
          .Case([&](cta::ReadOp read) { return executeRead(read); })
          .Case([&](cta::GatherOp gather) { return executeGather(gather); })
          .Case([&](cta::WriteOp write) { return executeWrite(write); })
          .Case([&](cta::StoreOp store) { return executeStore(store); })
          .Case([&](memref::LoadOp load) { return noError([&] { executeMemrefLoad(load); }); })
          .Case([&](cta::TileIndexOp index) { return executeTileIndex(index); })
          .Case([&](cta::NextTileOp next) { return noError([&] { executeNextTile(next); }); })
          .Case([&](cta::ResetCounterOp reset) { return noError([&] { executeResetCounter(reset); }); })
          .Case([&](cta::FirstTileOp first) { return noError([&] { set(first, Number::of(block.getNumber())); }); })
          .Case([&](cta::AllocTileOp alloc) {
            SharedTileRef tile = {nullptr, 0, alloc.getTile().getType()};
            tile.buffer = std::make_shared<SharedBuffer>("the staging tile", tile.getBytes());
            return noError([&] { set(alloc.getTile(), tile); });
          })
          .Case([&](memref::CastOp cast) { return noError([&] { set(cast, TileValue(get(cast.getSource()))); }); })
          .Case([&](memref::DimOp dim) -> llvm::Error {
            ArrayRef<int64_t> shape = getAs<HostTensor *>(dim.getSource())->getShape();
            int64_t index = getInteger(dim.getIndex());
            if (index < 0 || index >= int64_t(shape.size()))
              return evaluator::makeError(op, "asks for dimension " + Twine(index) + " of " + Twine(shape.size()));
            set(dim, Number::of(shape[index]));
            return llvm::Error::success();
          });
  if (error)
    return error;
  return true;
}
