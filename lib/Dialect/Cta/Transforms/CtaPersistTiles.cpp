//===- CtaPersistTiles.cpp - one block, tile after tile -------------------===//
//
//   %b, %h, %i = cta.tile_index of(%e0, %e1, %e2); <body>
//     =>  scf.while (%t = cta.first_tile) { condition(%t < %e0 * %e1 * %e2) }
//         do { %b, %h, %i = <arithmetic on %t>; <key loops>; %u = cta.next_tile %t; <rest of the body>; yield %u }
//
// Tiles are numbered 0, 1, ... in the order in which they are handed out. The last coordinate %i counts the tiles of a
// head (rows of queries), the others together count heads.
//
// * `section_tiles` = s > 0: heads are taken in sections of about s tiles, as equal as they can be: a small last one
//   would leave blocks without work. In a section the tiles with the same %i of all its heads follow each other, %i in
//   `order`.
// * `section_tiles` = 0: the tiles of one head follow each other where the order is ascending (K and V stay in the
//   cache); all heads are one section where it is descending (the longest tiles of all heads come first).
//
// The next tile is claimed after the key loops, not earlier: a block that claims early keeps a tile from blocks that
// have run dry (measured on causal masks: up to 7 %). What does not depend on the tile stays outside; the first tile of
// a block always exists, as a launch has no more blocks than tiles. With the scheduler `grid` there is no loop.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/TileLoops.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/IR/Remarks.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTAPERSISTTILESPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

namespace {
/// The numbering of tiles: what is computed once in a kernel, and the coordinates of a tile. In i32, whose divisions
/// are several times as fast as those of index; a launch has less than 2^31 tiles.
class TileNumbers {
public:
  TileNumbers(ImplicitLocOpBuilder &b, ValueRange tileExtents, ScheduleAttr schedule)
      : descending(schedule.getOrder() == TileOrder::Descending) {
    for (Value extent : tileExtents)
      extents.push_back(arith::IndexCastOp::create(b, b.getI32Type(), extent));
    Value one = getConstant(b, 1);
    rows = extents.back();
    heads = one;
    for (Value extent : ArrayRef<Value>(extents).drop_back())
      heads = heads == one ? extent : arith::MulIOp::create(b, heads, extent);
    total = heads == one ? rows : arith::MulIOp::create(b, heads, rows);
    if (descending)
      lastRow = arith::SubIOp::create(b, rows, one);
    if (schedule.getSectionTiles() == 0 || heads == one)
      return;
    Value wanted = divideRounded(b, getConstant(b, schedule.getSectionTiles()), rows);
    Value sections = divideRounded(b, heads, arith::MaxUIOp::create(b, wanted, one));
    sectionHeads = arith::CeilDivUIOp::create(b, heads, arith::MaxUIOp::create(b, sections, one));
    sectionTiles = arith::MulIOp::create(b, sectionHeads, rows);
  }

  Value getTotal() const { return total; }

  SmallVector<Value> getCoordinates(ImplicitLocOpBuilder &b, Value tile) const {
    Value head, row;
    if (sectionHeads) {
      Value section = arith::DivUIOp::create(b, tile, sectionTiles);
      Value within = arith::RemUIOp::create(b, tile, sectionTiles);
      Value firstHead = arith::MulIOp::create(b, section, sectionHeads);
      Value left = arith::SubIOp::create(b, heads, firstHead); // the last section may be smaller
      Value count = arith::MinUIOp::create(b, left, sectionHeads);
      row = arith::DivUIOp::create(b, within, count);
      head = arith::AddIOp::create(b, firstHead, arith::RemUIOp::create(b, within, count));
    } else if (extents.size() == 1) {
      row = tile;
    } else if (descending) {
      row = arith::DivUIOp::create(b, tile, heads);
      head = arith::RemUIOp::create(b, tile, heads);
    } else {
      row = arith::RemUIOp::create(b, tile, rows);
      head = arith::DivUIOp::create(b, tile, rows);
    }
    if (descending)
      row = arith::SubIOp::create(b, lastRow, row);
    SmallVector<Value> coordinates(extents.size());
    coordinates.back() = row;
    for (size_t i = extents.size() - 1; i > 1; --i) {
      coordinates[i - 1] = arith::RemUIOp::create(b, head, extents[i - 1]);
      head = arith::DivUIOp::create(b, head, extents[i - 1]);
    }
    if (extents.size() > 1)
      coordinates.front() = head;
    for (Value &coordinate : coordinates)
      coordinate = arith::IndexCastOp::create(b, b.getIndexType(), coordinate);
    return coordinates;
  }

private:
  static Value divideRounded(ImplicitLocOpBuilder &b, Value n, Value d) {
    Value half = arith::ShRUIOp::create(b, d, getConstant(b, 1));
    return arith::DivUIOp::create(b, arith::AddIOp::create(b, n, half), d);
  }
  static Value getConstant(ImplicitLocOpBuilder &b, int64_t value) {
    return arith::ConstantIntOp::create(b, value, 32);
  }

  bool descending;
  SmallVector<Value> extents;
  Value rows, heads, total, lastRow;
  Value sectionHeads, sectionTiles; // null without sections
};
} // namespace

/// The ops after `index` that depend on the tile, or that must be executed for each.
static SmallVector<Operation *> getTileBody(TileIndexOp index) {
  DenseSet<Operation *> dependent{index};
  SmallVector<Operation *> body;
  Block *block = index->getBlock();
  for (Operation &op : block->without_terminator()) {
    if (&op == index)
      continue;
    bool depends = !isMemoryEffectFree(&op);
    op.walk([&](Operation *inner) {
      for (Value operand : inner->getOperands())
        if (Operation *def = operand.getDefiningOp())
          if (Operation *ancestor = block->findAncestorOpInBlock(*def))
            depends |= ancestor != &op && dependent.contains(ancestor);
    });
    if (!depends)
      continue;
    dependent.insert(&op);
    body.push_back(&op);
  }
  return body;
}

SmallVector<scf::ForOp> cta::getKeyLoops(Block *block) {
  SmallVector<scf::ForOp> loops;
  for (auto loop : block->getOps<scf::ForOp>())
    if (loop.walk([](Operation *op) {
              return isa<DotOp, DotAsyncOp>(op) ? WalkResult::interrupt() : WalkResult::advance();
            })
            .wasInterrupted())
      loops.push_back(loop);
  return loops;
}

scf::WhileOp cta::getTileLoop(gpu::GPUFuncOp kernel) {
  for (auto loop : kernel.getBody().front().getOps<scf::WhileOp>())
    return loop;
  return nullptr;
}

/// Where the next tile is claimed: after the last key loop; in a body without one, after its last load.
static void setClaimPoint(OpBuilder &b, Block *body) {
  if (SmallVector<scf::ForOp> loops = getKeyLoops(body); !loops.empty())
    return b.setInsertionPointAfter(loops.back());
  b.setInsertionPointToEnd(body);
  for (Operation &op : *body)
    if (isa<LoadOp>(op))
      b.setInsertionPointAfter(&op);
}

LogicalResult cta::persistTiles(RewriterBase &rewriter, gpu::GPUFuncOp kernel) {
  SmallVector<TileIndexOp> indices;
  kernel.walk([&](TileIndexOp op) { indices.push_back(op); });
  if (indices.empty())
    return success();
  TileIndexOp index = indices.front();
  if (indices.size() > 1)
    return indices[1].emitOpError("is the kernel's second; it has one tile at a time");
  if (index->getBlock() != &kernel.getBody().front())
    return index.emitOpError("shall be at the top of the kernel");
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule)
    return kernel.emitOpError("has no cta.schedule");
  for (Value extent : index.getExtents())
    if (Operation *def = extent.getDefiningOp(); def && !isMemoryEffectFree(def))
      return index.emitOpError("has an extent that is not computed from the kernel's arguments alone");

  Location loc = index.getLoc();
  SmallVector<Operation *> body = getTileBody(index);
  Operation *end = kernel.getBody().front().getTerminator();
  ImplicitLocOpBuilder b(loc, rewriter);
  b.setInsertionPoint(index);
  TileNumbers numbers(b, index.getExtents(), schedule);
  Value first = FirstTileOp::create(b, b.getI32Type());
  remark::passed(kernel.getLoc(), remark::RemarkOpts::name("PersistTiles").category("cta-persist-tiles"))
      << remark::metric("scheduler", stringifyScheduler(schedule.getScheduler()))
      << remark::metric("order", stringifyTileOrder(schedule.getOrder()))
      << remark::metric("persistent", schedule.getScheduler() == Scheduler::Grid ? "no" : "yes");
  if (schedule.getScheduler() == Scheduler::Grid) {
    rewriter.replaceOp(index, numbers.getCoordinates(b, first));
    return success();
  }

  Value counter;
  if (schedule.getScheduler() == Scheduler::Dynamic) {
    auto workspace = WorkspaceAttr::get(kernel.getContext(), /*bytes=*/8, /*zero=*/true);
    auto name = b.getStringAttr(CtaDialect::getWorkspaceAttrName());
    unsigned position = kernel.getNumArguments();
    if (failed(kernel.insertArgument(position, MemRefType::get({2}, b.getI32Type()),
                                     b.getDictionaryAttr(b.getNamedAttr(name, workspace)), loc)))
      return kernel.emitOpError("cannot take the counter of tiles as an argument");
    counter = kernel.getArgument(position);
  }

  b.setInsertionPoint(end);
  auto loop = scf::WhileOp::create(b, TypeRange(b.getI32Type()), ValueRange(first));
  Block *before = b.createBlock(&loop.getBefore(), {}, b.getI32Type(), loc);
  Value more = arith::CmpIOp::create(b, arith::CmpIPredicate::slt, before->getArgument(0), numbers.getTotal());
  scf::ConditionOp::create(b, more, before->getArguments());
  Block *after = b.createBlock(&loop.getAfter(), {}, b.getI32Type(), loc);
  Value tile = after->getArgument(0);
  SmallVector<Value> coordinates = numbers.getCoordinates(b, tile);
  for (Operation *op : body)
    rewriter.moveOpBefore(op, after, after->end());
  rewriter.replaceOp(index, coordinates);
  setClaimPoint(b, after);
  Value next = NextTileOp::create(b, b.getI32Type(), tile, counter);
  b.setInsertionPointToEnd(after);
  scf::YieldOp::create(b, next);
  if (counter) {
    b.setInsertionPointAfter(loop);
    ResetCounterOp::create(b, counter);
  }
  return success();
}

namespace {
struct CtaPersistTilesPass final : cta::impl::CtaPersistTilesPassBase<CtaPersistTilesPass> {
  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    if (failed(persistTiles(rewriter, getOperation())))
      signalPassFailure();
  }
};
} // namespace
