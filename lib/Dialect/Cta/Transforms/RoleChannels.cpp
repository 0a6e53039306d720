//===- RoleChannels.cpp - loads as channels -------------------------------===//
//
//   %t = cta.load %k[...]               %a = cta.acquire %K
//   %f = cta.dot_async %q, %t           cta.tma_load %k[...] to %a
//   %s = cta.dot_wait %f          ->    %w = cta.wait %K
//                                       %t = cta.slot_tile %w of %K
//                                       %f = cta.dot_async %q, %t
//                                       %s = cta.dot_wait %f
//                                       cta.release %w of %K
//
// A slot has one owner at a time: the result of the wait, then, where a loop carries it, the loop's argument, and so
// on. The owner that is not handed on is released in its block, after the wait of the last product that reads it.
//
//===----------------------------------------------------------------------===//

#include "RoleChannels.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;
using namespace mlir::cta;

namespace {

/// All loads of one argument as tiles of one type.
struct LoadedOperand {
  Value source;
  TileType tile;
  SmallVector<LoadOp> loads;
  bool isOperandA = false;
  ChannelOp channel;
};

class RoleChannels {
public:
  RoleChannels(gpu::GPUFuncOp kernel, ScheduleAttr schedule) : kernel(kernel), schedule(schedule) {}

  LogicalResult run() {
    if (failed(collectLoads()) || failed(collectOwners()) || failed(checkPredicates()))
      return failure();
    createChannels();
    if (failed(stageStores()))
      return failure();
    for (auto [owner, operand] : owners)
      if (failed(findRelease(owner, *operand)))
        return failure();
    rewrite();
    return checkDepths();
  }

private:
  LogicalResult collectLoads();
  LogicalResult collectOwners();
  LogicalResult addOwner(Value value, LoadedOperand *operand, Operation *user);
  LogicalResult checkPredicates();
  void createChannels();
  LogicalResult stageStores();
  FailureOr<Value> findQueryOf(StoreOp store);
  LogicalResult findRelease(Value owner, const LoadedOperand &operand);
  void rewrite();
  LogicalResult checkDepths();
  LogicalResult checkDepth(Block &block, ChannelOp channel, int64_t &held);

  /// The predicate under which a slot was waited for; null if always.
  static Value getPredicate(Value owner) {
    auto load = owner.getDefiningOp<LoadOp>();
    return load ? load.getPredicate() : Value();
  }

  gpu::GPUFuncOp kernel;
  ScheduleAttr schedule;
  llvm::MapVector<std::pair<Value, TileType>, LoadedOperand> operands;
  /// Every value that is a tile in a slot: results of loads, and what loops carry them in.
  llvm::MapVector<Value, LoadedOperand *> owners;
  /// Results of scf.while that hold no slot: the last load's predicate was false.
  llvm::DenseSet<Value> empty;
  /// After which op of its block an owner is released; the owner's own op, or none for an argument, if nothing reads
  /// it.
  llvm::MapVector<Value, Operation *> releases;
  /// What else reads an owner's tile: the end of a store that goes through it.
  llvm::DenseMap<Value, SmallVector<Operation *>> otherReads;
};

} // namespace

//===----------------------------------------------------------------------===//
// What is loaded, and where the tiles go
//===----------------------------------------------------------------------===//

LogicalResult RoleChannels::collectLoads() {
  WalkResult result = kernel.walk([&](LoadOp load) {
    TileType tile = load.getTile().getType();
    if (tile.getSwizzle() == 0)
      return load.emitOpError("loads a tile without a swizzle: run cta-infer-layouts first"), WalkResult::interrupt();
    LoadedOperand &operand = operands[{load.getSource(), tile}];
    operand.source = load.getSource();
    operand.tile = tile;
    operand.loads.push_back(load);
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult RoleChannels::addOwner(Value value, LoadedOperand *operand, Operation *user) {
  auto [it, inserted] = owners.insert({value, operand});
  if (it->second != operand)
    return user->emitOpError() << "carries tiles of two channels, " << it->second->tile << " and " << operand->tile
                               << ", as one value";
  return success();
}

LogicalResult RoleChannels::collectOwners() {
  for (auto &[key, operand] : operands)
    for (LoadOp load : operand.loads)
      owners.insert({load.getTile(), &operand});
  for (unsigned i = 0; i != owners.size(); ++i) {
    auto [value, operand] = *(owners.begin() + i);
    for (OpOperand &use : value.getUses()) {
      Operation *user = use.getOwner();
      unsigned number = use.getOperandNumber();
      SmallVector<Value, 2> carriers;
      if (auto dot = dyn_cast<DotAsyncOp>(user)) {
        operand->isOperandA |= dot.getA() == value;
        continue;
      }
      if (auto loop = dyn_cast<scf::ForOp>(user)) {
        carriers = {loop.getTiedLoopRegionIterArg(&use), loop.getTiedLoopResult(&use)};
      } else if (auto loop = dyn_cast<scf::WhileOp>(user)) {
        carriers = {loop.getBeforeArguments()[number]};
      } else if (isa<scf::ConditionOp>(user)) {
        auto loop = cast<scf::WhileOp>(user->getParentOp());
        carriers = {loop.getAfterArguments()[number - 1], loop.getResult(number - 1)};
      } else if (isa<scf::YieldOp>(user) && isa<scf::ForOp>(user->getParentOp())) {
        auto loop = cast<scf::ForOp>(user->getParentOp());
        carriers = {loop.getRegionIterArg(number), loop.getResult(number)};
      } else if (isa<scf::YieldOp>(user) && isa<scf::WhileOp>(user->getParentOp())) {
        carriers = {cast<scf::WhileOp>(user->getParentOp()).getBeforeArguments()[number]};
      } else {
        InFlightDiagnostic error = user->emitOpError("uses a loaded tile; only cta.dot_async and loops can");
        error.attachNote(value.getLoc()) << "the tile";
        return error;
      }
      for (Value carrier : carriers)
        if (failed(addOwner(carrier, operand, user)))
          return failure();
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Slots that are waited for on a condition
//===----------------------------------------------------------------------===//

/// Whether `value`, with the values that `mapping` knows replaced, computes what `other` is.
static bool computesSame(Value value, Value other, const IRMapping &mapping) {
  Value mapped = mapping.lookupOrDefault(value);
  if (mapped == other)
    return true;
  Operation *op = mapped.getDefiningOp(), *otherOp = other.getDefiningOp();
  if (!op || !otherOp || op->getName() != otherOp->getName() || op->getNumRegions() != 0 || !isMemoryEffectFree(op) ||
      op->getAttrDictionary() != otherOp->getAttrDictionary() || op->getNumOperands() != otherOp->getNumOperands() ||
      cast<OpResult>(mapped).getResultNumber() != cast<OpResult>(other).getResultNumber())
    return false;
  return llvm::all_of(llvm::zip_equal(op->getOperands(), otherOp->getOperands()),
                      [&](auto pair) { return computesSame(std::get<0>(pair), std::get<1>(pair), mapping); });
}

/// A slot that a loop carries is there whenever the loop's body runs: where it is waited for on a condition, that is
/// the loop's own.
LogicalResult RoleChannels::checkPredicates() {
  for (auto [owner, operand] : owners) {
    auto argument = dyn_cast<BlockArgument>(owner);
    if (!argument)
      continue;
    Operation *op = argument.getOwner()->getParentOp();
    SmallVector<std::pair<Value, ValueRange>, 2> incoming; // The slot, and all that enters the loop with it.
    auto whileLoop = dyn_cast<scf::WhileOp>(op);
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      unsigned i = argument.getArgNumber() - 1;
      incoming = {{loop.getInitArgs()[i], {}}, {loop.getYieldedValues()[i], {}}};
    } else if (whileLoop && argument.getOwner() == whileLoop.getBeforeBody()) {
      unsigned i = argument.getArgNumber();
      incoming = {{whileLoop.getInits()[i], whileLoop.getInits()},
                  {whileLoop.getYieldedValues()[i], whileLoop.getYieldedValues()}};
    }
    for (auto [value, entering] : incoming) {
      auto *it = owners.find(value);
      if (it == owners.end() || it->second != operand)
        return op->emitOpError("carries in one value a loaded tile and one that no load of the same operand made");
      if (empty.contains(value))
        return op->emitOpError("takes over a tile from a loop after whose end it is not there");
      Value predicate = getPredicate(value);
      if (!predicate)
        continue;
      for (Operation *user : owner.getUsers())
        if (!isa<scf::ConditionOp>(user))
          return user->emitOpError("uses a tile that is loaded on a condition before the condition is tested");
      IRMapping mapping;
      if (whileLoop)
        mapping.map(whileLoop.getBeforeArguments(), entering);
      if (!whileLoop || !computesSame(whileLoop.getConditionOp().getCondition(), predicate, mapping)) {
        InFlightDiagnostic error =
            op->emitOpError("carries a tile that is loaded on another condition than that under which its body runs");
        error.attachNote(value.getLoc()) << "the load";
        return error;
      }
      for (auto [passed, result] : llvm::zip_equal(whileLoop.getConditionOp().getArgs(), whileLoop.getResults()))
        if (passed == owner)
          empty.insert(result);
    }
  }
  for (Value result : empty)
    if (Operation *user = result.use_empty() ? nullptr : *result.user_begin())
      return user->emitOpError("uses a tile that is not there after the loop that carries it");
  return success();
}

//===----------------------------------------------------------------------===//
// Channels and staging tiles
//===----------------------------------------------------------------------===//

void RoleChannels::createChannels() {
  OpBuilder builder(kernel.getContext());
  builder.setInsertionPointToStart(&kernel.getBody().front());
  llvm::StringMap<unsigned> labels;
  for (auto &[key, operand] : operands) {
    bool inLoop = llvm::any_of(operand.loads, [](LoadOp load) { return load->getParentOfType<scf::ForOp>(); });
    int64_t depth = operand.isOperandA && !inLoop ? schedule.getQueryStages() : schedule.getStages();
    std::string label = "operand";
    if (auto argument = dyn_cast<BlockArgument>(operand.source)) {
      label = "arg" + std::to_string(argument.getArgNumber());
      if (auto name = dyn_cast<NameLoc>(argument.getLoc()))
        label = name.getName().str();
    }
    if (unsigned before = labels[label]++)
      label += "." + std::to_string(before);
    operand.channel = ChannelOp::create(builder, operand.loads.front().getLoc(),
                                        ChannelType::get(builder.getContext(), operand.tile, depth), label);
  }
}

/// The owner of the tile that products with `store`'s value read as operand a.
FailureOr<Value> RoleChannels::findQueryOf(StoreOp store) {
  Block *block = store->getBlock();
  llvm::SetVector<Value> slice, found;
  slice.insert(store.getTile());
  for (unsigned i = 0; i != slice.size(); ++i) {
    Operation *op = slice[i].getDefiningOp();
    if (!op || op->getBlock() != block)
      continue;
    op->walk([&](Operation *nested) {
      for (Value operand : nested->getOperands()) {
        auto *owner = owners.find(operand);
        if (owner == owners.end())
          slice.insert(operand);
        else if (operand.getParentBlock() == block && owner->second->isOperandA)
          found.insert(operand);
      }
    });
  }
  if (found.size() != 1)
    return store.emitOpError() << "shall go through the tile of the query (output_over_query), but depends on "
                               << found.size() << " such tiles of its tile's loop body";
  TileType query = owners.lookup(found[0])->tile;
  RankedTensorType tile = cast<RankedTensorType>(store.getTile().getType());
  if (query.getShape() != tile.getShape() || query.getElementType() != tile.getElementType())
    return store.emitOpError() << "shall go through the tile of the query (output_over_query), which is " << query
                               << ", with " << tile;
  return found[0];
}

LogicalResult RoleChannels::stageStores() {
  OpBuilder builder(kernel.getContext());
  llvm::MapVector<TileType, Value> staging;
  SmallVector<StoreOp> stores;
  kernel.walk([&](StoreOp store) { stores.push_back(store); });
  for (StoreOp store : stores) {
    if (store.getVia())
      return store.emitOpError("goes through a shared tile already");
    if (schedule.getOutputOverQuery()) {
      FailureOr<Value> query = findQueryOf(store);
      if (failed(query))
        return failure();
      builder.setInsertionPointAfter(store);
      auto wait = StoreWaitOp::create(builder, store.getLoc());
      otherReads[*query].push_back(wait);
      store.getViaMutable().assign(*query);
      continue;
    }
    auto tile = cast<RankedTensorType>(store.getTile().getType());
    int64_t bytes = tile.getElementType().getIntOrFloatBitWidth() / 8;
    fovea::Swizzle swizzle = fovea::SharedTile::widestSwizzle(tile.getDimSize(1), bytes);
    std::string whyNot;
    if (!fovea::SharedTile::create(tile.getDimSize(0), tile.getDimSize(1), bytes, swizzle, &whyNot))
      return store.emitOpError() << "cannot go through shared memory: " << whyNot;
    auto type =
        TileType::get(builder.getContext(), tile.getShape(), tile.getElementType(), static_cast<int64_t>(swizzle));
    Value &via = staging[type];
    if (!via) {
      builder.setInsertionPointToStart(&kernel.getBody().front());
      via = AllocTileOp::create(builder, store.getLoc(), type);
    }
    builder.setInsertionPoint(store);
    StoreWaitOp::create(builder, store.getLoc());
    store.getViaMutable().assign(via);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Releases
//===----------------------------------------------------------------------===//

LogicalResult RoleChannels::findRelease(Value owner, const LoadedOperand &operand) {
  if (empty.contains(owner)) // What is loaded after the loop would wait for this slot.
    return success();
  Block *block = owner.getParentBlock();
  Operation *last = owner.getDefiningOp(), *handover = nullptr;
  auto endsAt = [&](Operation *op, Operation *reader) -> LogicalResult {
    Operation *end = block->findAncestorOpInBlock(*op);
    if (!end)
      return reader->emitOpError("reads a tile and is waited for outside of the block that owns the tile (rule 5)");
    if (!last || last->isBeforeInBlock(end))
      last = end;
    return success();
  };
  for (Operation *read : otherReads.lookup(owner))
    if (failed(endsAt(read, read)))
      return failure();
  for (Operation *user : owner.getUsers()) {
    if (isa<StoreOp>(user))
      continue;
    if (auto dot = dyn_cast<DotAsyncOp>(user)) {
      auto wait = dot.getResult().hasOneUse() ? dyn_cast<DotWaitOp>(*dot.getResult().user_begin()) : DotWaitOp();
      if (!wait)
        return dot.emitOpError(
            "reads a loaded tile and is not waited for exactly once, in the same iteration (rule 9)");
      if (failed(endsAt(wait, dot)))
        return failure();
      continue;
    }
    if (handover || user->getBlock() != block)
      return user->emitOpError("hands a loaded tile to two loops, or out of a block that does not own it (rule 5)");
    handover = user;
  }
  if (!handover) {
    releases[owner] = last;
    return success();
  }
  if (last && last != owner.getDefiningOp() && !last->isBeforeInBlock(handover))
    return handover->emitOpError("takes over a loaded tile that is read outside of it afterwards (rule 5)");
  return success();
}

void RoleChannels::rewrite() {
  OpBuilder builder(kernel.getContext());
  for (auto [owner, operand] : owners) {
    ChannelOp channel = operand->channel;
    auto slotType = SlotType::get(builder.getContext(), operand->tile);
    Location loc = owner.getLoc();
    Value slot = owner, predicate = getPredicate(owner);
    auto *release = releases.find(owner);
    Operation *last = release == releases.end() ? nullptr : release->second;
    auto load = owner.getDefiningOp<LoadOp>();
    if (load) {
      builder.setInsertionPoint(load);
      Value free = AcquireOp::create(builder, loc, slotType, channel, predicate);
      TmaLoadOp::create(builder, loc, load.getSource(), load.getOffsets(), free, /*barrier=*/Value(), predicate,
                        load.getDimsAttr());
      slot = WaitOp::create(builder, loc, slotType, channel, predicate);
    } else {
      builder.setInsertionPointAfterValue(owner);
    }
    Value tile = SlotTileOp::create(builder, loc, operand->tile, slot, channel);
    if (release != releases.end()) {
      if (last == load.getOperation() || !last)
        builder.setInsertionPointAfterValue(tile);
      else
        builder.setInsertionPointAfter(last);
      ReleaseOp::create(builder, loc, slot, channel, predicate);
    }
    owner.replaceUsesWithIf(tile, [](OpOperand &use) { return isa<DotAsyncOp, StoreOp>(use.getOwner()); });
    if (tile.use_empty())
      tile.getDefiningOp()->erase();
    if (!load) {
      owner.setType(slotType);
      continue;
    }
    // The load is erased later: it may be the last op that another owner's release is to follow.
    owner.replaceAllUsesWith(slot);
  }
  for (auto &[key, operand] : operands)
    for (LoadOp load : operand.loads)
      load.erase();
}

//===----------------------------------------------------------------------===//
// No role may wait for itself
//===----------------------------------------------------------------------===//

/// Both roles pass the same loads in the same order, so that they can only block each other where a consumer waits for
/// more slots than there are: the producer would acquire one that the consumer still holds.
LogicalResult RoleChannels::checkDepth(Block &block, ChannelOp channel, int64_t &held) {
  for (Operation &op : block) {
    if (auto wait = dyn_cast<WaitOp>(op); wait && wait.getChannel() == channel.getChannel()) {
      if (held >= channel.getChannel().getType().getDepth())
        return wait.emitOpError() << "would wait forever: all " << held << " slots of channel \"" << channel.getLabel()
                                  << "\" are still in use (rule 5); give it more stages";
      ++held;
    } else if (auto release = dyn_cast<ReleaseOp>(op); release && release.getChannel() == channel.getChannel()) {
      --held;
    }
    for (Region &region : op.getRegions())
      for (Block &nested : region) {
        int64_t before = held;
        if (failed(checkDepth(nested, channel, held)))
          return failure();
        if (held != before)
          return op.emitOpError() << "leaves " << held - before << " more slots of channel \"" << channel.getLabel()
                                  << "\" in use than it found (rule 5)";
      }
  }
  return success();
}

LogicalResult RoleChannels::checkDepths() {
  for (auto &[key, operand] : operands) {
    int64_t held = 0;
    if (failed(checkDepth(kernel.getBody().front(), operand.channel, held)))
      return failure();
  }
  return success();
}

LogicalResult mlir::cta::loadsToChannels(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  return RoleChannels(kernel, schedule).run();
}
