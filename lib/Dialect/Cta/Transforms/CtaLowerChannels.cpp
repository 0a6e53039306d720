//===- CtaLowerChannels.cpp - stage 13: barriers instead of channels ------===//
//
//   %c = cta.channel "K" : depth = 2          %b = cta.shared "K" bytes(2 * tile) align(1024), "K full", "K empty"
//                                             cta.mbarrier_init %full count(1) depth(2), %empty count(warps) depth(2)
//   %s = cta.acquire %c                       cta.mbarrier_wait %empty + 8 * %slot parity %phase ^ 1
//   cta.tma_load ... to %s              ->    cta.mbarrier_arrive %full + 8 * %slot expect(bytes)
//                                             cta.tma_load ... to %tile(%slot) signal %full + 8 * %slot
//   %w = cta.wait %c                          cta.mbarrier_wait %full + 8 * %slot parity %phase
//   cta.release %w of %c                      cta.mbarrier_arrive %empty + 8 * %slot
//
// Every role counts its own acquires (waits) of a channel, in an i32 that passes through the loops around them: the
// slot is the count modulo the depth, the phase the parity of the quotient. Where the depth is no power of two, slot
// and phase are counted instead. A use whose predicate is false does not count.
//
//===----------------------------------------------------------------------===//

#include "ScfRebuild.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Roles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/Support/MathExtras.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTALOWERCHANNELSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

static constexpr int64_t scalarBytes = 4;

namespace {

/// A ring in shared memory.
struct Ring {
  Value base, full, empty;
  int64_t depth, slotBytes, tileBytes;
  TileType tile; ///< Null in a channel of scalars.

  bool hasCounter() const { return llvm::isPowerOf2_64(depth); }
  unsigned numState() const { return hasCounter() ? 1 : 2; }
};

/// Values in the order of the rings: of each, how often this role has used it: a counter, or slot and phase.
using RingState = SmallVector<SmallVector<Value, 2>>;

class ChannelLowering {
public:
  explicit ChannelLowering(gpu::GPUFuncOp kernel) : kernel(kernel) {}
  LogicalResult run();

private:
  LogicalResult check(WarpSpecializeOp specialize);
  LogicalResult createRings(WarpSpecializeOp specialize);
  LogicalResult lowerProgram(Region &program);
  LogicalResult lowerBlock(Block &block, RingState &state);
  LogicalResult lowerRegions(Operation *op, RingState &state);
  LogicalResult lowerOp(Operation *op, RingState &state);
  void lowerSections(Region &program, int64_t warpgroups);

  /// The rings that are used (counted) within `op`, in their order.
  SmallVector<unsigned> getRingsUsedIn(Operation *op);
  static Value getCountedChannel(Operation *op) {
    return isa<AcquireOp, WaitOp, SendOp, ReceiveOp>(op) ? op->getOperand(isa<SendOp>(op) ? 1 : 0) : Value();
  }

  struct Use {
    Value slot, phase;
  };
  /// The next slot and its phase; `state` counts on, if `predicate` is null or true.
  Use use(ImplicitLocOpBuilder &builder, const Ring &ring, SmallVectorImpl<Value> &state, Value predicate);
  static Value constant(ImplicitLocOpBuilder &builder, int64_t value) {
    return arith::ConstantOp::create(builder, builder.getI32IntegerAttr(value));
  }
  static Value addressOf(ImplicitLocOpBuilder &builder, const Ring &ring, Value base, Value slot, int64_t bytes) {
    if (ring.depth == 1)
      return base;
    return arith::AddIOp::create(builder, base, arith::MulIOp::create(builder, slot, constant(builder, bytes)));
  }
  static void waitFor(ImplicitLocOpBuilder &builder, const Ring &ring, Value barrier, Use use, bool free,
                      Value predicate) {
    Value phase = use.phase;
    if (free) // A fresh barrier counts as having completed the phase before.
      phase = arith::XOrIOp::create(builder, phase, constant(builder, 1));
    MbarrierWaitOp::create(builder, addressOf(builder, ring, barrier, use.slot, barrierBytes), phase, predicate);
  }
  static void arriveAt(ImplicitLocOpBuilder &builder, const Ring &ring, Value barrier, Value slot, IntegerAttr expect,
                       Value predicate) {
    MbarrierArriveOp::create(builder, addressOf(builder, ring, barrier, slot, barrierBytes), expect, predicate);
  }

  gpu::GPUFuncOp kernel;
  llvm::MapVector<Value, Ring> rings;
  /// Slots acquired for a tma_load, with their rings.
  llvm::DenseMap<Value, std::pair<Value, const Ring *>> acquired;
  SmallVector<Operation *> erased;
};

} // namespace

//===----------------------------------------------------------------------===//
// What can be lowered
//===----------------------------------------------------------------------===//

LogicalResult ChannelLowering::check(WarpSpecializeOp specialize) {
  auto roleOf = [&](Operation *op) -> std::optional<Role> {
    for (auto [i, program] : llvm::enumerate(specialize.getPrograms()))
      if (program.isAncestor(op->getParentRegion()))
        return specialize.getRole(i);
    return std::nullopt;
  };
  WalkResult result = kernel.walk([&](Operation *op) {
    std::optional<Role> expected;
    if (isa<AcquireOp, TmaLoadOp, SendOp>(op))
      expected = Role::Producer;
    else if (isa<WaitOp, ReleaseOp, ReceiveOp, SectionEnterOp, SectionLeaveOp>(op))
      expected = Role::Consumer;
    if (expected && roleOf(op) != expected)
      return op->emitOpError() << "belongs to the program of a " << stringifyRole(*expected), WalkResult::interrupt();
    if (isa<ChannelOp>(op) && op->getBlock() != specialize->getBlock())
      return op->emitOpError("must come before the roles, in the kernel's own block"), WalkResult::interrupt();
    if (auto load = dyn_cast<TmaLoadOp>(op);
        load && isa<SlotType>(load.getDestination().getType()) && !load.getDestination().getDefiningOp<AcquireOp>())
      return op->emitOpError("fills a slot that is not a result of cta.acquire"), WalkResult::interrupt();
    for (Value operand : op->getOperands())
      if (isa<ChannelType>(operand.getType()) && !operand.getDefiningOp<ChannelOp>())
        return op->emitOpError("uses a channel that is not a result of cta.channel"), WalkResult::interrupt();
    return WalkResult::advance();
  });
  return failure(result.wasInterrupted());
}

LogicalResult ChannelLowering::createRings(WarpSpecializeOp specialize) {
  SmallVector<ChannelOp> channels(kernel.getOps<ChannelOp>());
  if (channels.empty())
    return success();
  int64_t consumers = specialize.getWarps(Role::Consumer);
  ImplicitLocOpBuilder builder(specialize.getLoc(), specialize);
  llvm::StringMap<unsigned> labels;
  for (ChannelOp channel : channels) {
    ChannelType type = channel.getChannel().getType();
    std::string label = channel.getLabel().str();
    if (unsigned before = labels[label]++)
      label += "." + std::to_string(before);
    Ring ring;
    ring.depth = type.getDepth();
    ring.tile = dyn_cast<TileType>(type.getElement());
    int64_t alignment = scalarBytes;
    ring.slotBytes = ring.tileBytes = scalarBytes;
    if (ring.tile) {
      if (ring.tile.getSwizzle() == 0)
        return channel.emitOpError("has tiles without a swizzle: run cta-infer-layouts first");
      fovea::SharedTile tile = ring.tile.getSharedTile();
      alignment = tile.alignment();
      ring.tileBytes = tile.bytes();
      ring.slotBytes = llvm::alignTo(tile.bytes(), alignment);
    }
    builder.setLoc(channel.getLoc());
    auto shared = [&](StringRef suffix, int64_t bytes, int64_t alignment) -> Value {
      return SharedOp::create(builder, builder.getI32Type(), label + suffix.str(), bytes, alignment,
                              /*offset=*/IntegerAttr());
    };
    ring.base = shared("", ring.depth * ring.slotBytes, alignment);
    ring.full = shared(" full", ring.depth * barrierBytes, barrierBytes);
    ring.empty = shared(" empty", ring.depth * barrierBytes, barrierBytes);
    MbarrierInitOp::create(builder, ring.full, /*count=*/1, ring.depth);
    // PTX has no barrier for 0 arrivals, which is what a channel would want that nobody reads.
    MbarrierInitOp::create(builder, ring.empty, std::max<int64_t>(consumers, 1), ring.depth);
    rings.insert({channel.getChannel(), ring});
  }
  builder.setLoc(specialize.getLoc());
  SyncBlockOp::create(builder);
  return success();
}

//===----------------------------------------------------------------------===//
// Slot and phase through structured control flow
//===----------------------------------------------------------------------===//

ChannelLowering::Use ChannelLowering::use(ImplicitLocOpBuilder &builder, const Ring &ring,
                                          SmallVectorImpl<Value> &state, Value predicate) {
  Value one = constant(builder, 1);
  auto step = [&](Value next, Value current) -> Value {
    return predicate ? arith::SelectOp::create(builder, predicate, next, current).getResult() : next;
  };
  if (ring.hasCounter()) {
    Value counter = state[0], slot, phase = counter;
    if (ring.depth == 1) {
      slot = constant(builder, 0);
    } else {
      slot = arith::AndIOp::create(builder, counter, constant(builder, ring.depth - 1));
      phase = arith::ShRUIOp::create(builder, counter, constant(builder, llvm::Log2_64(ring.depth)));
    }
    phase = arith::AndIOp::create(builder, phase, one);
    state[0] = step(arith::AddIOp::create(builder, counter, one), counter);
    return {slot, phase};
  }
  Use use = {state[0], state[1]};
  Value next = arith::AddIOp::create(builder, use.slot, one);
  Value wraps = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, next, constant(builder, ring.depth));
  Value flipped = arith::XOrIOp::create(builder, use.phase, one);
  state[0] = step(arith::SelectOp::create(builder, wraps, constant(builder, 0), next), use.slot);
  state[1] = step(arith::SelectOp::create(builder, wraps, flipped, use.phase), use.phase);
  return use;
}

SmallVector<unsigned> ChannelLowering::getRingsUsedIn(Operation *op) {
  llvm::SmallBitVector used(rings.size());
  op->walk([&](Operation *nested) {
    if (Value channel = getCountedChannel(nested))
      used.set(rings.find(channel) - rings.begin());
  });
  return llvm::to_vector(llvm::map_range(used.set_bits(), [](unsigned i) { return i; }));
}

LogicalResult ChannelLowering::lowerRegions(Operation *op, RingState &state) {
  SmallVector<unsigned> used = getRingsUsedIn(op);
  if (used.empty()) { // Releases may be in it.
    for (Region &region : op->getRegions())
      for (Block &block : region)
        if (failed(lowerBlock(block, state)))
          return failure();
    return success();
  }
  if (!isa<scf::ForOp, scf::IfOp, scf::WhileOp>(op))
    return op->emitOpError("uses channels; only scf.for, scf.if and scf.while can");

  SmallVector<Value> carried;
  for (unsigned i : used)
    llvm::append_range(carried, state[i]);
  SmallVector<Type> types(op->getResultTypes());
  types.append(carried.size(), Builder(op->getContext()).getI32Type());
  SmallVector<Value> operands(op->getOperands());
  if (!isa<scf::IfOp>(op))
    llvm::append_range(operands, carried);
  unsigned numResults = op->getNumResults();
  Operation *rebuilt = rebuildWithRegions(op, operands, types);
  for (unsigned i = 0; i != numResults; ++i)
    op->getResult(i).replaceAllUsesWith(rebuilt->getResult(i));
  erased.push_back(op);

  auto assign = [&](RingState &to, ValueRange values) {
    for (unsigned i : used)
      for (Value &value : to[i]) {
        value = values.front();
        values = values.drop_front();
      }
  };
  Location loc = op->getLoc();
  auto lower = [&](Region &region) -> LogicalResult {
    if (region.empty()) { // scf.if without else
      OpBuilder builder = OpBuilder::atBlockEnd(&region.emplaceBlock());
      scf::YieldOp::create(builder, loc);
    }
    Block &block = region.front();
    RingState inner = state;
    if (!isa<scf::IfOp>(op)) {
      SmallVector<Value> arguments;
      for (Value value : carried)
        arguments.push_back(block.addArgument(value.getType(), loc));
      assign(inner, arguments);
    }
    if (failed(lowerBlock(block, inner)))
      return failure();
    SmallVector<Value> passed(block.getTerminator()->getOperands());
    for (unsigned i : used)
      llvm::append_range(passed, inner[i]);
    block.getTerminator()->setOperands(passed);
    return success();
  };
  for (Region &region : rebuilt->getRegions())
    if (failed(lower(region)))
      return failure();
  assign(state, rebuilt->getResults().drop_front(numResults));
  return success();
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

LogicalResult ChannelLowering::lowerOp(Operation *op, RingState &state) {
  ImplicitLocOpBuilder builder(op->getLoc(), op);
  Value channel = getCountedChannel(op);
  const Ring *ring = channel ? &rings.find(channel)->second : nullptr;
  SmallVectorImpl<Value> *counted = channel ? &state[rings.find(channel) - rings.begin()] : nullptr;
  if (auto acquire = dyn_cast<AcquireOp>(op)) {
    Value predicate = acquire.getPredicate();
    Use slot = use(builder, *ring, *counted, predicate);
    waitFor(builder, *ring, ring->empty, slot, /*free=*/true, predicate);
    arriveAt(builder, *ring, ring->full, slot.slot, builder.getI64IntegerAttr(ring->tileBytes), predicate);
    acquired[acquire.getSlot()] = {slot.slot, ring};
  } else if (auto load = dyn_cast<TmaLoadOp>(op)) {
    auto it = acquired.find(load.getDestination());
    if (it == acquired.end())
      return success();
    auto [slot, filled] = it->second;
    Value tile =
        SmemTileOp::create(builder, filled->tile, addressOf(builder, *filled, filled->base, slot, filled->slotBytes));
    TmaLoadOp::create(builder, load.getSource(), load.getOffsets(), tile,
                      addressOf(builder, *filled, filled->full, slot, barrierBytes), load.getPredicate(),
                      load.getDimsAttr());
  } else if (auto wait = dyn_cast<WaitOp>(op)) {
    Use slot = use(builder, *ring, *counted, wait.getPredicate());
    waitFor(builder, *ring, ring->full, slot, /*free=*/false, wait.getPredicate());
    op->getResult(0).replaceAllUsesWith(slot.slot);
  } else if (auto tile = dyn_cast<SlotTileOp>(op)) {
    const Ring &of = rings.find(op->getOperand(1))->second;
    Value address = addressOf(builder, of, of.base, op->getOperand(0), of.slotBytes);
    op->getResult(0).replaceAllUsesWith(SmemTileOp::create(builder, of.tile, address));
  } else if (auto release = dyn_cast<ReleaseOp>(op)) {
    const Ring &of = rings.find(op->getOperand(1))->second;
    arriveAt(builder, of, of.empty, op->getOperand(0), /*expect=*/IntegerAttr(), release.getPredicate());
  } else if (auto send = dyn_cast<SendOp>(op)) {
    Use slot = use(builder, *ring, *counted, /*predicate=*/Value());
    waitFor(builder, *ring, ring->empty, slot, /*free=*/true, /*predicate=*/Value());
    SmemWriteOp::create(builder, send.getValue(), addressOf(builder, *ring, ring->base, slot.slot, ring->slotBytes));
    arriveAt(builder, *ring, ring->full, slot.slot, /*expect=*/IntegerAttr(), /*predicate=*/Value());
  } else if (isa<ReceiveOp>(op)) {
    Use slot = use(builder, *ring, *counted, /*predicate=*/Value());
    waitFor(builder, *ring, ring->full, slot, /*free=*/false, /*predicate=*/Value());
    Value value = SmemReadOp::create(builder, builder.getI32Type(),
                                     addressOf(builder, *ring, ring->base, slot.slot, ring->slotBytes));
    arriveAt(builder, *ring, ring->empty, slot.slot, /*expect=*/IntegerAttr(), /*predicate=*/Value());
    op->getResult(0).replaceAllUsesWith(value);
  } else {
    return success();
  }
  erased.push_back(op);
  return success();
}

LogicalResult ChannelLowering::lowerBlock(Block &block, RingState &state) {
  SmallVector<Operation *> ops;
  for (Operation &op : block.without_terminator())
    ops.push_back(&op);
  for (Operation *op : ops)
    if (failed(op->getNumRegions() != 0 ? lowerRegions(op, state) : lowerOp(op, state)))
      return failure();
  return success();
}

LogicalResult ChannelLowering::lowerProgram(Region &program) {
  // Slots are numbers from here on, wherever they are carried.
  Type i32 = Builder(kernel.getContext()).getI32Type();
  program.walk([&](Operation *op) {
    for (Region &region : op->getRegions())
      for (BlockArgument argument : region.getArguments())
        if (isa<SlotType>(argument.getType()))
          argument.setType(i32);
    if (!isa<AcquireOp, WaitOp>(op))
      for (OpResult result : op->getResults())
        if (isa<SlotType>(result.getType()))
          result.setType(i32);
  });
  ImplicitLocOpBuilder builder(program.getLoc(), program.getContext());
  builder.setInsertionPointToStart(&program.front());
  RingState state;
  Value zero = rings.empty() ? Value() : constant(builder, 0);
  for (auto &[channel, ring] : rings)
    state.emplace_back(ring.numState(), zero);
  return lowerBlock(program.front(), state);
}

//===----------------------------------------------------------------------===//
// Exclusive sections
//===----------------------------------------------------------------------===//

/// Warpgroup w waits at barrier 1 + w, where w - 1 arrives when it leaves; before the first, the last one arrives for
/// warpgroup 0.
void ChannelLowering::lowerSections(Region &program, int64_t warpgroups) {
  SmallVector<Operation *> sections;
  program.walk([&](Operation *op) {
    if (isa<SectionEnterOp, SectionLeaveOp>(op))
      sections.push_back(op);
  });
  llvm::append_range(erased, sections);
  if (sections.empty() || warpgroups == 1)
    return;
  constexpr int64_t threads = 2 * warpgroupThreads;
  ImplicitLocOpBuilder builder(sections.front()->getLoc(), kernel.getContext());
  builder.setInsertionPointToStart(&program.front());
  Value first = constant(builder, firstSectionBarrier), last = constant(builder, warpgroups - 1);
  Value index = WarpgroupIndexOp::create(builder, builder.getI32Type());
  Value isLast = arith::CmpIOp::create(builder, arith::CmpIPredicate::eq, index, last);
  Value own = arith::AddIOp::create(builder, index, first);
  Value next =
      arith::SelectOp::create(builder, isLast, first, arith::AddIOp::create(builder, own, constant(builder, 1)));
  auto start = scf::IfOp::create(builder, isLast, /*withElseRegion=*/false);
  builder.setInsertionPointToStart(start.thenBlock());
  NamedBarrierOp::create(builder, first, threads, /*arrive=*/true);
  for (Operation *op : sections) {
    builder.setInsertionPoint(op);
    builder.setLoc(op->getLoc());
    if (isa<SectionEnterOp>(op))
      NamedBarrierOp::create(builder, own, threads, /*arrive=*/false);
    else
      NamedBarrierOp::create(builder, next, threads, /*arrive=*/true);
  }
}

LogicalResult ChannelLowering::run() {
  SmallVector<WarpSpecializeOp> specialized(kernel.getOps<WarpSpecializeOp>());
  if (specialized.size() != 1)
    return kernel.emitOpError() << "has " << specialized.size()
                                << " cta.warp_specialize, expected 1: run cta-specialize-warps first";
  WarpSpecializeOp specialize = specialized.front();
  if (failed(check(specialize)) || failed(createRings(specialize)))
    return failure();
  for (Region &program : specialize.getPrograms())
    if (failed(lowerProgram(program)))
      return failure();
  if (Region *program = specialize.getProgram(Role::Consumer)) {
    int64_t warpgroups = specialize.getWarps(Role::Consumer) / 4;
    bool sections = program->walk([](SectionEnterOp) { return WalkResult::interrupt(); }).wasInterrupted();
    if (sections && warpgroups > firstStoreBarrier - firstSectionBarrier)
      return specialize.emitOpError() << "has " << warpgroups << " consumer warpgroups with exclusive sections; "
                                      << firstStoreBarrier - firstSectionBarrier << " barriers are left for them";
    lowerSections(*program, warpgroups);
  }
  int64_t slots = 0;
  for (auto &[channel, ring] : rings) {
    slots += cast<ChannelType>(channel.getType()).getDepth();
    erased.push_back(channel.getDefiningOp());
  }
  remark::analysis(kernel.getLoc(), remark::RemarkOpts::name("Channels").category("cta-lower-channels"))
      << remark::metric("channels", static_cast<int64_t>(rings.size())) << remark::metric("slots", slots);
  for (Operation *op : erased)
    op->dropAllReferences();
  for (Operation *op : erased) {
    op->dropAllUses();
    op->erase();
  }
  return success();
}

LogicalResult mlir::cta::lowerChannels(gpu::GPUFuncOp kernel) { return ChannelLowering(kernel).run(); }

namespace {
struct CtaLowerChannelsPass final : cta::impl::CtaLowerChannelsPassBase<CtaLowerChannelsPass> {
  void runOnOperation() override {
    if (failed(lowerChannels(getOperation())))
      signalPassFailure();
  }
};
} // namespace
