//===- PlaceLoop.cpp - a place for every op of a key loop -----------------===//
//
// A product is late if its A operand comes from another product of the same iteration (P V, not Q K^T). With overlap,
// late products and what depends on them form stage 1, one iteration behind:
//
//   order  0       1      2       3               4      5                           6
//   stage  0       1      0       0               1      0                           0
//          early   late   wait    everything      wait   what defines the            what touches
//          product        early   else            late   A operand of late products  accumulators
//
// An accumulator is a carried value that comes from a late product; what defines an A operand stays behind the wait of
// the product that runs (rule 2), what touches an accumulator behind its own (rule 3). That comes last because it may
// be a branch (conditional rescale), over which an assembler moves nothing: the operand is packed while exponentials
// are still under way. Without overlap there is one stage, and the orders of ops that depend on n products in a row
// begin at 7 (n - 1): product 7 n, its wait 7 n + 2.
//
// Loads and what is cheap (scalars, constants, splats, broadcasts) have no place of their own. They are cloned to each
// place that reads them, so that none is carried from one iteration to the next.
//
//===----------------------------------------------------------------------===//

#include "PlaceLoop.h"
#include "ScheduleModel.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/MapVector.h"

using namespace mlir;
using namespace mlir::cta;

namespace {

/// Orders of the steady state, in both modes.
enum Order : int64_t {
  issueEarly = 0,
  issueLate = 1,
  waitEarly = 2,
  others = 3,
  waitLate = 4,
  defineOperands = 5,
  touchAccumulators = 6,
  ordersPerProduct = 7
};

struct Place {
  int64_t stage = 0, order = others;
  bool operator<(const Place &other) const { return std::tie(stage, order) < std::tie(other.stage, other.order); }
  bool operator==(const Place &other) const { return stage == other.stage && order == other.order; }
};

/// What an op of the body depends on within the iteration.
struct Dependences {
  int64_t products = 0;      ///< The longest chain of products that were waited for.
  bool late = false;         ///< A late product among them.
  bool accumulators = false; ///< A carried value that comes from a late product.
};

class LoopPlacement {
public:
  LoopPlacement(scf::ForOp loop, ScheduleAttr schedule)
      : loop(loop), body(loop.getBody()), overlap(schedule.getOverlap()),
        sections(schedule.getPingPong() && schedule.getWarpgroups() > 1) {}

  LogicalResult run();

private:
  void findLateProducts();
  void findDependences();
  LogicalResult checkOverlap();
  void findAccumulators();
  Place placeByDependences(Operation *op) const;
  void pullForward();
  LogicalResult pushBack();
  void cloneToReaders();
  void addSections();
  void annotate();

  /// The ops of the body that `op` or its regions read from, and the carried values.
  void forEachSource(Operation *op, function_ref<void(Operation *)> visit) const;
  bool isLate(DotAsyncOp product) const { return lateProducts.contains(product); }

  scf::ForOp loop;
  Block *body;
  bool overlap, sections;
  DenseSet<Operation *> lateProducts, operandDefinitions;
  DenseSet<Value> accumulators;
  DenseMap<Operation *, Dependences> dependences;
  DenseMap<Operation *, Place> places;
};

bool isScalar(Type type) { return type.isIntOrIndexOrFloat(); }

/// Ops that are cloned to where they are read.
bool isClonedToReaders(Operation *op) {
  if (isa<LoadOp, SplatOp, IotaOp, BroadcastOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
    return true;
  return op->getNumRegions() == 0 && isMemoryEffectFree(op) && !isa<AnyOp>(op) &&
         llvm::all_of(op->getResultTypes(), isScalar);
}

std::optional<Role> roleOf(Operation *op) {
  if (isa<LoadOp>(op))
    return Role::Producer;
  bool onlyScalars = true;
  op->walk([&](Operation *nested) {
    auto takes = [](Type type) { return isScalar(type) || isa<MemRefType>(type); };
    onlyScalars &= llvm::all_of(nested->getOperandTypes(), takes) && llvm::all_of(nested->getResultTypes(), takes) &&
                   !isa<SectionEnterOp, SectionLeaveOp>(nested);
  });
  return onlyScalars ? std::nullopt : std::optional(Role::Consumer);
}

void setPlace(Operation *op, Place place) {
  op->setAttr(CtaDialect::getAtAttrName(), AtAttr::get(op->getContext(), place.stage, place.order, roleOf(op)));
}

} // namespace

LogicalResult LoopPlacement::run() {
  findLateProducts();
  findDependences();
  findAccumulators();
  findDependences(); // now with the accumulators
  if (overlap && lateProducts.empty()) {
    remark::missed(loop.getLoc(), remark::RemarkOpts::name("Overlap").category("cta-schedule"))
        << remark::reason("no product of the loop takes the result of another as its A operand");
    overlap = false;
  }
  if (failed(checkOverlap()))
    return failure();
  for (Operation &op : body->without_terminator())
    places[&op] = placeByDependences(&op);
  pullForward();
  if (failed(pushBack()))
    return failure();
  cloneToReaders();
  if (sections)
    addSections();
  annotate();
  return success();
}

//===----------------------------------------------------------------------===//
// What depends on what
//===----------------------------------------------------------------------===//

void LoopPlacement::forEachSource(Operation *op, function_ref<void(Operation *)> visit) const {
  forEachReadValue(op, [&](Value value) {
    Operation *source = value.getDefiningOp();
    if (source && source->getBlock() == body)
      visit(source);
  });
}

void LoopPlacement::findLateProducts() {
  DenseSet<Operation *> afterProduct; // ops that depend on the result of one
  for (Operation &op : body->without_terminator()) {
    if (isa<DotWaitOp>(op)) {
      afterProduct.insert(&op);
      continue;
    }
    bool after = false;
    forEachSource(&op, [&](Operation *source) { after |= afterProduct.contains(source); });
    if (auto product = dyn_cast<DotAsyncOp>(op)) {
      Operation *a = product.getA().getDefiningOp();
      if (a && afterProduct.contains(a)) {
        lateProducts.insert(product);
        for (Operation *definition : findDefinitions(product.getA()))
          if (definition->getBlock() == body)
            operandDefinitions.insert(definition);
      }
    } else if (after) {
      afterProduct.insert(&op);
    }
  }
}

void LoopPlacement::findDependences() {
  dependences.clear();
  for (Operation &op : body->without_terminator()) {
    Dependences sum;
    forEachSource(&op, [&](Operation *source) {
      const Dependences &of = dependences[source];
      sum.products = std::max(sum.products, of.products);
      sum.late |= of.late;
      sum.accumulators |= of.accumulators;
    });
    forEachReadValue(&op, [&](Value value) { sum.accumulators |= accumulators.contains(value); });
    if (auto wait = dyn_cast<DotWaitOp>(op)) {
      sum.products += 1;
      sum.late |= isLate(wait.getInflight().getDefiningOp<DotAsyncOp>());
    }
    bool nested = false; // products in a branch are issued and waited for there
    for (Region &region : op.getRegions())
      region.walk([&](DotAsyncOp) { nested = true; });
    sum.products += nested;
    dependences[&op] = sum;
  }
}

void LoopPlacement::findAccumulators() {
  for (auto [arg, yielded] : llvm::zip_equal(loop.getRegionIterArgs(), loop.getYieldedValues())) {
    Operation *source = yielded.getDefiningOp();
    if (source && source->getBlock() == body && dependences[source].late)
      accumulators.insert(arg);
  }
}

/// Two stages hold one product after another, not three, and an early one cannot begin with what a late one leaves.
LogicalResult LoopPlacement::checkOverlap() {
  if (!overlap)
    return success();
  for (Operation &op : body->without_terminator()) {
    auto product = dyn_cast<DotAsyncOp>(op);
    const Dependences &of = dependences[&op];
    if (!product) {
      for (Region &region : op.getRegions())
        if (region.walk([](DotAsyncOp) { return WalkResult::interrupt(); }).wasInterrupted())
          return op.emitOpError("issues a product in a branch, which cannot overlap with another: set overlap = false");
    } else if (isLate(product) && of.late) {
      return product.emitOpError("depends on a product that depends on another of the same iteration; two stages hold "
                                 "two products in a row: set overlap = false");
    } else if (!isLate(product) && (of.products > 0 || of.accumulators)) {
      return product.emitOpError("cannot be issued before the product that it adds to, or that the iteration before "
                                 "leaves running, is complete: set overlap = false");
    }
  }
  return success();
}

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

Place LoopPlacement::placeByDependences(Operation *op) const {
  const Dependences &of = dependences.at(op);
  auto product = dyn_cast<DotAsyncOp>(op);
  auto wait = dyn_cast<DotWaitOp>(op);
  if (wait)
    product = wait.getInflight().getDefiningOp<DotAsyncOp>();
  if (overlap) {
    if (product && isLate(product))
      return {1, wait ? waitLate : issueLate};
    if (of.late)
      return {1, waitLate};
  }
  if (product) {
    // Of a wait, the product itself is one of those that it depends on.
    int64_t before = overlap ? 0 : of.products - (wait ? 1 : 0);
    return {0, ordersPerProduct * before + (wait ? waitEarly : issueEarly)};
  }
  int64_t begin = overlap ? 0 : ordersPerProduct * std::max<int64_t>(of.products - 1, 0);
  if (operandDefinitions.contains(op))
    return {0, begin + defineOperands};
  if (of.accumulators)
    return {0, begin + touchAccumulators};
  return {0, begin + others};
}

/// What depends on no product goes where the first op that reads it does.
void LoopPlacement::pullForward() {
  for (Operation &op : llvm::reverse(body->without_terminator())) {
    const Dependences &of = dependences[&op];
    if (isa<DotAsyncOp, DotWaitOp>(op) || of.products > 0 || of.late || (overlap && of.accumulators))
      continue;
    std::optional<Place> first;
    for (Operation *user : op.getUsers()) {
      Operation *reader = ancestorIn(body, user);
      Place place = reader == body->getTerminator() ? Place{0, others} : places[reader];
      if (!first || place < *first)
        first = place;
    }
    Place &own = places[&op];
    if (first && (first->stage > own.stage || first->order < own.order))
      own = *first;
  }
}

/// Nothing goes before what it reads. (Products do not move: what they read was pulled forward.)
LogicalResult LoopPlacement::pushBack() {
  for (Operation &op : body->without_terminator()) {
    Place &own = places[&op];
    int64_t latest = own.order;
    forEachSource(&op, [&](Operation *source) {
      if (places[source].stage == own.stage)
        latest = std::max(latest, places[source].order);
    });
    if (latest > own.order && isa<DotAsyncOp>(op))
      return op.emitOpError() << "cannot be issued at order " << own.order << ": what it reads is ready at order "
                              << latest;
    own.order = latest;
  }
  return success();
}

void LoopPlacement::cloneToReaders() {
  SmallVector<Operation *> cheap;
  for (Operation &op : llvm::reverse(body->without_terminator()))
    if (isClonedToReaders(&op))
      cheap.push_back(&op);
  for (Operation *op : cheap) { // readers before what they read
    std::map<Place, SmallVector<OpOperand *>> readers;
    for (OpOperand &use : op->getUses()) {
      Operation *reader = ancestorIn(body, use.getOwner());
      // A scalar that is carried is ready for whoever reads it first in the next iteration.
      Place place = reader == body->getTerminator() ? places[op] : places[reader];
      readers[place].push_back(&use);
    }
    if (readers.empty() && isMemoryEffectFree(op)) {
      places.erase(op);
      op->erase();
      continue;
    }
    if (isa<LoadOp>(op) && readers.size() > 1)
      remark::missed(op->getLoc(), remark::RemarkOpts::name("LoadOnce").category("cta-schedule"))
          << remark::reason("a tile is read in two stages, and loaded for each")
          << remark::metric("times", static_cast<int64_t>(readers.size()));
    bool isFirst = true;
    for (auto &[place, uses] : readers) {
      Operation *own = op;
      if (!isFirst) {
        OpBuilder builder(op);
        own = builder.clone(*op);
        for (OpOperand *use : uses)
          use->set(own->getResult(cast<OpResult>(use->get()).getResultNumber()));
      }
      places[own] = place;
      isFirst = false;
    }
  }
}

/// Around all products that are issued together: with overlap those of both stages, else those of one order.
void LoopPlacement::addSections() {
  std::map<int64_t, SmallVector<DotAsyncOp>> groups;
  for (DotAsyncOp product : findProducts(loop))
    groups[overlap ? 0 : places[product].order].push_back(product);
  for (auto &[order, group] : groups) {
    // Of equal orders the text decides.
    DotAsyncOp first = group.front(), last = first;
    for (DotAsyncOp product : group) {
      if (places[product].order < places[first].order)
        first = product;
      if (places[product].order >= places[last].order)
        last = product;
    }
    Place begin = places[first], end = places[last]; // not references: the map grows
    OpBuilder builder(first);
    places[SectionEnterOp::create(builder, loop.getLoc())] = begin;
    builder.setInsertionPointAfter(last);
    places[SectionLeaveOp::create(builder, loop.getLoc())] = end;
  }
}

void LoopPlacement::annotate() {
  for (Operation &op : body->without_terminator())
    setPlace(&op, places[&op]);
}

LogicalResult mlir::cta::placeLoop(scf::ForOp loop, ScheduleAttr schedule) {
  return LoopPlacement(loop, schedule).run();
}
