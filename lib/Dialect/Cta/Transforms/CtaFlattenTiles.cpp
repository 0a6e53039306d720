//===- CtaFlattenTiles.cpp - the next tile begins while this one ends -----===//
//
//   scf.while (%t) { %t < %total } do { A(%t); L; %u = cta.next_tile %t; E(%t); yield %u }
//     =>  A(%t0)
//         scf.while (%t, carried) { %t < %total }
//         do { L; %u = cta.next_tile %t; %ok = %u < %total; A(%ok ? %u : %t) and E(%t) interleaved; yield %u, carried'
//         }
//
// L are the key loops, A what comes before them (load of Q, prologue), E what comes after (epilogue, normalisation,
// store). A and E are interleaved by the order of their cta.at, round by round, as the steady state interleaves two
// blocks: the next tile's first product is issued before this tile's last, its softmax runs meanwhile, and what has no
// place (normalisation, stores) comes last.
//
// * What A makes and L or E use becomes a value of the loop, and so do the results of divisions. What else is computed
//   from the tile's number by ops without effects is computed anew where it is used, instead of a dozen carried values.
// * The loop is tested in its header and has no exit in the middle, which would make ptxas treat its control flow as
//   divergent. After the last tile A therefore runs once more, on the coordinates of the tile that is there, with its
//   loads switched off: it computes from stale tiles what nobody stores. A must not write to global memory.
//
//===----------------------------------------------------------------------===//

#include "LoopFolding.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include <tuple>

namespace mlir::cta {
#define GEN_PASS_DEF_CTAFLATTENTILESPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

namespace {
using OpSet = DenseSet<Operation *>;

/// The body of the loop over tiles in its parts.
struct TileBody {
  SmallVector<Operation *> before; // A
  SmallVector<Operation *> loops;  // L
  SmallVector<Operation *> after;  // E
  NextTileOp claim;
  OpSet executedOnce; // ops of A with effects, and what depends on them

  /// Whether results of an op of A are carried to where they are used, and not computed there.
  bool isCarried(Operation *op) const {
    return executedOnce.contains(op) || isa<arith::DivUIOp, arith::RemUIOp, arith::DivSIOp, arith::RemSIOp>(op);
  }
};

/// The place of an op in the interleaving: a round of the pipeline, then the order within it.
using Key = std::pair<int64_t, int64_t>;
constexpr int64_t lastOrder = std::numeric_limits<int64_t>::max();
} // namespace

/// Calls `fn` on every value that `op`, or an op inside of it, uses.
static void forEachUsed(Operation *op, function_ref<void(Value)> fn) {
  op->walk([&](Operation *inner) {
    for (Value operand : inner->getOperands())
      fn(operand);
  });
}

/// The op among `block`'s that defines the value, null if it is none of them.
static Operation *getDefinition(Block *block, Value value) {
  Operation *def = value.getDefiningOp();
  return def && def->getBlock() == block ? def : nullptr;
}

static FailureOr<TileBody> dissect(Block *block) {
  TileBody body;
  SmallVector<scf::ForOp> loops = getKeyLoops(block);
  for (Operation &op : block->without_terminator()) {
    if (auto claim = dyn_cast<NextTileOp>(op)) {
      if (body.claim)
        return claim.emitOpError("is the second of its loop");
      body.claim = claim;
    } else if (op.isBeforeInBlock(loops.front())) {
      body.before.push_back(&op);
    } else if (&op == loops.back() || op.isBeforeInBlock(loops.back())) {
      body.loops.push_back(&op);
    } else {
      body.after.push_back(&op);
    }
  }
  if (!body.claim || body.claim->isBeforeInBlock(loops.back()) || body.claim.getCurrent() != block->getArgument(0))
    return block->getParentOp()->emitOpError("does not claim its next tile after its loops over keys");

  for (Operation *op : body.before) {
    bool once = !isMemoryEffectFree(op);
    forEachUsed(op, [&](Value value) {
      Operation *def = getDefinition(block, value);
      once |= def && def != op && body.executedOnce.contains(def);
    });
    if (once)
      body.executedOnce.insert(op);
    WalkResult result = op->walk([&](Operation *inner) {
      if (isa<LoadOp>(inner) || inner->hasTrait<OpTrait::HasRecursiveMemoryEffects>())
        return WalkResult::advance();
      auto effects = getEffectsRecursively(inner);
      bool harmless = effects && llvm::none_of(*effects, [](const MemoryEffects::EffectInstance &effect) {
                        return isa<MemoryEffects::Write, MemoryEffects::Free>(effect.getEffect()) &&
                               !isa<SharedMemoryResource, SynchronizationResource>(effect.getResource());
                      });
      if (harmless)
        return WalkResult::advance();
      inner->emitOpError("before the loops over keys would be executed once more after the last tile");
      return WalkResult::interrupt();
    });
    if (result.wasInterrupted())
      return failure();
  }
  return body;
}

/// The ops of A that `ops` depend on, through ops that are computed anew, in order; and, in `carried`, the values that
/// they and these use and that are carried.
static SmallVector<Operation *> getCoordinates(Block *block, const TileBody &body, ArrayRef<Operation *> ops,
                                               SetVector<Value> &carried) {
  OpSet inBefore(body.before.begin(), body.before.end()), found;
  SmallVector<Operation *> worklist(ops);
  while (!worklist.empty())
    forEachUsed(worklist.pop_back_val(), [&](Value value) {
      Operation *def = getDefinition(block, value);
      if (!def || !inBefore.contains(def))
        return;
      if (body.isCarried(def))
        carried.insert(value);
      else if (found.insert(def).second)
        worklist.push_back(def);
    });
  return llvm::filter_to_vector(body.before, [&](Operation *op) { return found.contains(op); });
}

/// What of A must be computed for the next tile: ops executed once, the values carried, and what these depend on.
static SmallVector<Operation *> getBeginning(Block *block, const TileBody &body, const SetVector<Value> &carried) {
  OpSet inBefore(body.before.begin(), body.before.end()), needed;
  SmallVector<Operation *> worklist =
      llvm::filter_to_vector(body.before, [&](Operation *op) { return body.executedOnce.contains(op); });
  for (Value value : carried)
    worklist.push_back(value.getDefiningOp());
  needed.insert(worklist.begin(), worklist.end());
  while (!worklist.empty())
    forEachUsed(worklist.pop_back_val(), [&](Value value) {
      Operation *def = getDefinition(block, value);
      if (def && inBefore.contains(def) && needed.insert(def).second)
        worklist.push_back(def);
    });
  return llvm::filter_to_vector(body.before, [&](Operation *op) { return needed.contains(op); });
}

/// Keys of consecutive ops. A round ends where the order falls; an op without a place goes with the next that has one,
/// those at the end come when the last round is over (`trailing`), or with its last op.
static SmallVector<Key> getKeys(ArrayRef<Operation *> ops, bool trailing) {
  SmallVector<Key> keys(ops.size());
  Key current{0, -1};
  size_t open = 0; // ops from here on have no key yet
  for (auto [i, op] : llvm::enumerate(ops)) {
    AtAttr at = getAt(op);
    if (!at)
      continue;
    if (at.getOrder() < current.second)
      ++current.first;
    current.second = at.getOrder();
    std::fill(keys.begin() + open, keys.begin() + i + 1, current);
    open = i + 1;
  }
  std::fill(keys.begin() + open, keys.end(), trailing ? Key{lastOrder, lastOrder} : current);
  return keys;
}

/// Switches off the loads of a copy of A where there is no next tile.
static void predicateLoads(RewriterBase &rewriter, Operation *op, Value exists) {
  op->walk([&](LoadOp load) {
    OpBuilder::InsertionGuard guard(rewriter);
    rewriter.setInsertionPoint(load);
    Value predicate = exists;
    if (Value own = load.getPredicate())
      predicate = arith::AndIOp::create(rewriter, load.getLoc(), own, exists);
    load.getPredicateMutable().assign(predicate);
  });
}

/// The bound of `%t < total`, the only form of the header.
static Value getTotal(scf::WhileOp loop) {
  auto compare = loop.getConditionOp().getCondition().getDefiningOp<arith::CmpIOp>();
  Block *before = loop.getBeforeBody();
  if (!compare || compare.getPredicate() != arith::CmpIPredicate::slt || before->getNumArguments() != 1 ||
      compare.getLhs() != before->getArgument(0) || compare.getRhs().getParentBlock() == before ||
      !llvm::equal(loop.getConditionOp().getArgs(), before->getArguments()) || &before->front() != compare)
    return nullptr;
  return compare.getRhs();
}

LogicalResult cta::flattenTiles(RewriterBase &rewriter, gpu::GPUFuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule || !schedule.getFlatten())
    return success();
  auto missed = [](Location loc, const char *reason) {
    remark::missed(loc, remark::RemarkOpts::name("FlattenTiles").category("cta-flatten-tiles"))
        << remark::reason("{0}", reason);
    return success();
  };
  scf::WhileOp loop = getTileLoop(kernel);
  if (!loop && schedule.getScheduler() != Scheduler::Grid) // cta-persist-tiles makes one where there are tiles
    return missed(kernel.getLoc(), "the kernel has one tile");
  if (!loop)
    return kernel.emitOpError("rule 0: has flatten = true, but no loop over tiles: its scheduler is ")
           << stringifyScheduler(schedule.getScheduler());
  Value total = getTotal(loop);
  if (!total)
    return loop.emitOpError("is not a loop over tiles as cta-persist-tiles makes it");
  Block *block = loop.getAfterBody();
  if (getKeyLoops(block).empty()) // A fixed number of keys, of one or two blocks.
    return missed(loop.getLoc(), "no loop over keys is left, around which tiles could be flattened");
  FailureOr<TileBody> body = dissect(block);
  if (failed(body))
    return failure();

  Location loc = loop.getLoc();
  Value oldTile = block->getArgument(0);
  SetVector<Value> carried;
  SmallVector<Operation *> loopCoordinates = getCoordinates(block, *body, body->loops, carried);
  SmallVector<Operation *> endCoordinates = getCoordinates(block, *body, body->after, carried);
  SmallVector<Operation *> beginning = getBeginning(block, *body, carried);

  // A of the first tile.
  rewriter.setInsertionPoint(loop);
  IRMapping first;
  Value firstTile = loop.getInits().front();
  first.map(oldTile, firstTile);
  for (Operation *op : beginning)
    rewriter.clone(*op, first);
  SmallVector<Value> inits{firstTile};
  for (Value value : carried)
    inits.push_back(first.lookup(value));

  SmallVector<Type> types = llvm::map_to_vector(inits, [](Value value) { return value.getType(); });
  SmallVector<Location> locs(types.size(), loc);
  auto flat = scf::WhileOp::create(rewriter, loc, types, inits);
  Block *header = rewriter.createBlock(&flat.getBefore(), {}, types, locs);
  Value more = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt, header->getArgument(0), total);
  scf::ConditionOp::create(rewriter, loc, more, header->getArguments());
  Block *flatBody = rewriter.createBlock(&flat.getAfter(), {}, types, locs);
  Value tile = flatBody->getArgument(0);

  // L of this tile.
  IRMapping current;
  current.map(oldTile, tile);
  for (auto [value, argument] : llvm::zip_equal(carried, flatBody->getArguments().drop_front()))
    current.map(value, argument);
  IRMapping end = current; // E computes its coordinates itself: they need not live as long as the loops run
  for (Operation *op : loopCoordinates)
    rewriter.clone(*op, current);
  for (Operation *op : body->loops) {
    rewriter.clone(*op, current);
    for (Value result : op->getResults())
      end.map(result, current.lookup(result));
  }
  Value next = cast<NextTileOp>(rewriter.clone(*body->claim, current)).getNext();
  end.map(body->claim.getNext(), next);
  Value exists = arith::CmpIOp::create(rewriter, loc, arith::CmpIPredicate::slt, next, total);
  Value nextOrThis = arith::SelectOp::create(rewriter, loc, exists, next, tile);

  // A of the next tile and E of this one.
  IRMapping following;
  following.map(oldTile, nextOrThis);
  SmallVector<Key> beginningKeys = getKeys(beginning, /*trailing=*/false),
                   endKeys = getKeys(body->after, /*trailing=*/true);
  OpSet pending(endCoordinates.begin(), endCoordinates.end());
  size_t placed = llvm::find(endKeys, Key{lastOrder, lastOrder}) - endKeys.begin();
  auto copyEnd = [&](Operation *op) {
    SetVector<Value> ignored;
    for (Operation *coordinate : getCoordinates(block, *body, op, ignored))
      if (pending.erase(coordinate))
        rewriter.clone(*coordinate, end);
    rewriter.clone(*op, end);
  };
  size_t i = 0, j = 0;
  while (i < beginning.size() || j < body->after.size()) {
    if (j == body->after.size() || (i < beginning.size() && beginningKeys[i] <= endKeys[j]))
      predicateLoads(rewriter, rewriter.clone(*beginning[i++], following), exists);
    else {
      // The last loads and the stores are of different roles: each has its coordinates beside it.
      if (j == placed)
        pending.insert(endCoordinates.begin(), endCoordinates.end());
      copyEnd(body->after[j++]);
    }
  }
  SmallVector<Value> results{end.lookupOrDefault(loop.getYieldOp().getOperand(0))};
  for (Value value : carried)
    results.push_back(following.lookup(value));
  scf::YieldOp::create(rewriter, loc, results);
  rewriter.replaceOp(loop, flat.getResults().front());
  remark::passed(loc, remark::RemarkOpts::name("FlattenTiles").category("cta-flatten-tiles"))
      << remark::metric("carried", static_cast<int64_t>(carried.size()));
  return success();
}

namespace {
struct CtaFlattenTilesPass final : cta::impl::CtaFlattenTilesPassBase<CtaFlattenTilesPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    if (failed(flattenTiles(rewriter, getOperation())))
      signalPassFailure();
  }
};
} // namespace
