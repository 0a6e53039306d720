//===- ScheduleModel.cpp - what a schedule takes of an SM -----------------===//

#include "ScheduleModel.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::cta;

Operation *mlir::cta::ancestorIn(Block *block, Operation *op) { return block->findAncestorOpInBlock(*op); }

void mlir::cta::forEachReadValue(Operation *op, function_ref<void(Value)> visit) {
  op->walk([&](Operation *nested) { llvm::for_each(nested->getOperands(), visit); });
}

SmallVector<scf::ForOp> mlir::cta::findKeyLoops(Operation *root) {
  SmallVector<scf::ForOp> loops;
  root->walk<WalkOrder::PreOrder>([&](scf::ForOp loop) {
    if (llvm::any_of(*loop.getBody(), llvm::IsaPred<DotOp, DotAsyncOp>))
      loops.push_back(loop);
  });
  return loops;
}

SmallVector<DotAsyncOp> mlir::cta::findProducts(scf::ForOp loop) {
  return llvm::to_vector(loop.getBody()->getOps<DotAsyncOp>());
}

DotWaitOp mlir::cta::findWait(DotAsyncOp product) {
  for (Operation *user : product.getResult().getUsers())
    if (auto wait = dyn_cast<DotWaitOp>(user); wait && wait->getBlock() == product->getBlock())
      return wait;
  return nullptr;
}

//===----------------------------------------------------------------------===//
// What defines an operand
//===----------------------------------------------------------------------===//

SmallVector<Value> mlir::cta::sourcesThroughControlFlow(Value value) {
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    unsigned number = argument.getArgNumber();
    Operation *parent = argument.getOwner()->getParentOp();
    if (auto loop = dyn_cast<scf::ForOp>(parent); loop && number > 0)
      return {loop.getInitArgs()[number - 1], loop.getYieldedValues()[number - 1]};
    if (auto loop = dyn_cast<scf::WhileOp>(parent)) {
      if (argument.getOwner() == loop.getBeforeBody())
        return {loop.getInits()[number], loop.getYieldOp()->getOperand(number)};
      return {loop.getConditionOp().getArgs()[number]};
    }
    return {};
  }
  auto result = cast<OpResult>(value);
  unsigned number = result.getResultNumber();
  if (auto loop = dyn_cast<scf::ForOp>(result.getOwner()))
    return {loop.getInitArgs()[number], loop.getYieldedValues()[number]};
  if (auto loop = dyn_cast<scf::WhileOp>(result.getOwner()))
    return {loop.getConditionOp().getArgs()[number]};
  if (auto branch = dyn_cast<scf::IfOp>(result.getOwner()))
    return {branch.thenYield().getOperand(number), branch.elseYield().getOperand(number)};
  return {};
}

static bool isNarrow(Value value) {
  auto type = dyn_cast<RankedTensorType>(value.getType());
  return type && type.getElementType().isIntOrFloat() && type.getElementTypeBitWidth() <= 16;
}

SetVector<Operation *> mlir::cta::findDefinitions(Value operand) {
  SetVector<Operation *> definitions;
  SetVector<Value> values;
  values.insert(operand);
  for (unsigned i = 0; i < values.size(); ++i) { // grows
    Value value = values[i];
    Operation *op = value.getDefiningOp();
    SmallVector<Value> sources;
    if (!op || isa<scf::ForOp, scf::WhileOp, scf::IfOp>(op)) {
      sources = sourcesThroughControlFlow(value);
    } else if (auto wait = dyn_cast<DotWaitOp>(op)) {
      if (unsigned number = cast<OpResult>(value).getResultNumber(); number > 0)
        sources.push_back(wait.getTied()[number - 1]);
    } else if (!op->hasTrait<OpTrait::ConstantLike>()) {
      definitions.insert(op);
      llvm::copy_if(op->getOperands(), std::back_inserter(sources), isNarrow);
    }
    values.insert(sources.begin(), sources.end());
  }
  return definitions;
}

//===----------------------------------------------------------------------===//
// Budgets
//===----------------------------------------------------------------------===//

static int64_t registersOf(Type type) {
  auto tile = dyn_cast<RankedTensorType>(type);
  if (!tile || !getRegisterLayout(tile))
    return 0;
  return llvm::divideCeil(getElementsPerThread(tile) * tile.getElementTypeBitWidth(), 32);
}

fovea::RegisterBlocks mlir::cta::measureBlocks(scf::ForOp loop) {
  fovea::RegisterBlocks blocks;
  for (DotAsyncOp product : findProducts(loop)) {
    int64_t result = registersOf(product.getResult().getType().getTensorType());
    (product.getAcc() ? blocks.accumulators : blocks.scores) += result;
    blocks.operands += registersOf(product.getA().getType());
    RankedTensorType type = product.getResult().getType().getTensorType();
    if (auto layout = dyn_cast_or_null<MmaAttr>(type.getEncoding()))
      blocks.slices = std::max(blocks.slices, type.getDimSize(0) / (16 * layout.getWarps()[0]));
  }
  loop.walk([&](Operation *op) {
    if (!isa<arith::CmpIOp, arith::CmpFOp>(op))
      return;
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    blocks.conditions += type && type.getRank() == 2;
  });
  return blocks;
}

static int64_t bytesOf(TileType tile) { return tile.getSwizzle() == 0 ? 0 : tile.getSharedTile().bytes(); }

/// The tile through which a store will send `type`.
static TileType stagingTile(RankedTensorType type) {
  int64_t bytes = std::max<int64_t>(type.getElementTypeBitWidth() / 8, 1);
  auto swizzle = fovea::SharedTile::widestSwizzle(type.getDimSize(1), bytes);
  return TileType::get(type.getContext(), type.getShape(), type.getElementType(), static_cast<int64_t>(swizzle));
}

int64_t mlir::cta::measureSharedTiles(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  int64_t bytes = 0;
  bool specialized = false;
  kernel.walk([&](Operation *op) {
    if (auto channel = dyn_cast<ChannelOp>(op)) {
      if (auto tile = dyn_cast<TileType>(channel.getType().getElement()))
        bytes += channel.getType().getDepth() * bytesOf(tile);
    } else if (auto tile = dyn_cast<AllocTileOp>(op)) {
      bytes += bytesOf(tile.getType());
    } else if (auto shared = dyn_cast<SharedOp>(op)) {
      bytes += shared.getBytes();
    }
    specialized |= isa<WarpSpecializeOp>(op);
  });
  if (specialized)
    return bytes;

  // A load that pipelining has repeated fills the same channel: one per source, type and stage.
  auto loadsInLoop = [](LoadOp load) {
    auto loop = load->getParentOfType<scf::ForOp>();
    return loop && llvm::any_of(*loop.getBody(), llvm::IsaPred<DotOp, DotAsyncOp>);
  };
  using Key = std::tuple<const void *, const void *, int64_t>;
  llvm::MapVector<Key, std::pair<int64_t, bool>> channels;
  kernel.walk([&](LoadOp load) {
    auto at = load->getAttrOfType<AtAttr>(CtaDialect::getAtAttrName());
    Key key(load.getSource().getAsOpaquePointer(), load.getTile().getType().getAsOpaquePointer(),
            at ? at.getStage() : 0);
    auto &channel = channels.try_emplace(key, bytesOf(load.getTile().getType()), false).first->second;
    channel.second |= loadsInLoop(load);
  });
  for (auto &[key, channel] : channels)
    bytes += channel.first * (channel.second ? schedule.getStages() : schedule.getQueryStages());
  if (!schedule.getOutputOverQuery())
    kernel.walk(
        [&](StoreOp store) { bytes += bytesOf(stagingTile(cast<RankedTensorType>(store.getTile().getType()))); });
  return bytes;
}
