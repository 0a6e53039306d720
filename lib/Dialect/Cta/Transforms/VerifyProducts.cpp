//===- VerifyProducts.cpp - rules 0 to 4 and 9 ----------------------------===//

#include "ScheduleModel.h"
#include "VerifySchedule.h"

using namespace mlir;
using namespace mlir::cta;

//===----------------------------------------------------------------------===//
// Places
//===----------------------------------------------------------------------===//

/// Reports that `reader` runs too early for what `source` makes (`distance` iterations before).
static LogicalResult reportTooEarly(Operation *reader, Operation *source, int64_t distance) {
  StringRef rule = "rule 0: ";
  bool ofProduct = isa<DotWaitOp>(source) || placeOf(source).getStage() > 0;
  if (distance == 0 && (isa<DotWaitOp>(source) || isa<DotWaitOp>(reader)))
    rule = "rule 1: ";
  else if (distance > 0 && ofProduct)
    rule = "rule 3: ";
  auto diagnostic = reader->emitOpError()
                    << rule << "at stage " << placeOf(reader).getStage() << ", order " << placeOf(reader).getOrder()
                    << " reads what " << (distance == 0 ? "the same" : "the previous")
                    << " iteration makes later, at stage " << placeOf(source).getStage() << ", order "
                    << placeOf(source).getOrder();
  diagnostic.attachNote(source->getLoc()) << "made here";
  return diagnostic;
}

LogicalResult mlir::cta::verifyPlaces(scf::ForOp loop) {
  Block *body = loop.getBody();
  for (Operation &op : body->without_terminator())
    if (!placeOf(&op))
      return op.emitOpError() << "rule 0: has no place ('" << CtaDialect::getAtAttrName() << "') in a scheduled loop";

  ExecutionOrder order(*body);
  bool legal = true;
  auto check = [&](Operation *reader, Value value, Operation *source, int64_t distance) {
    // When, relative to the iteration that makes it, and where within the steady state.
    int64_t made = placeOf(source).getStage(), read = placeOf(reader).getStage() + distance;
    if (read < made || (read == made && *order.position(reader) < *order.position(source)))
      legal &= succeeded(reportTooEarly(reader, source, distance));
    else if (distance == 0 && read > made && isa<InflightType>(value.getType()))
      legal &= succeeded(LogicalResult(reader->emitOpError()
                                       << "rule 9: at stage " << read << " waits for a product that stage " << made
                                       << " issues, which runs over the end of the iteration"));
    else if (distance == 0 && read > made && isa<TileType>(value.getType()))
      legal &= succeeded(LogicalResult(reader->emitOpError()
                                       << "rule 5: at stage " << read << " reads a shared tile that stage " << made
                                       << " loads, whose slot is reused in between"));
  };
  for (Operation &op : body->without_terminator())
    forEachReadValue(&op, [&](Value value) {
      if (Operation *source = value.getDefiningOp()) {
        if (source->getBlock() == body)
          check(&op, value, source, 0);
        return;
      }
      auto argument = cast<BlockArgument>(value);
      if (argument.getOwner() != body || argument.getArgNumber() == 0)
        return;
      Value yielded = loop.getYieldedValues()[argument.getArgNumber() - 1];
      if (Operation *source = yielded.getDefiningOp(); source && source->getBlock() == body)
        check(&op, value, source, 1);
    });
  return success(legal);
}

//===----------------------------------------------------------------------===//
// Products
//===----------------------------------------------------------------------===//

/// Rules 1 and 9: what becomes of the result of a product in flight.
static LogicalResult verifyInflight(Value inflight) {
  Operation *definition = inflight.getDefiningOp();
  if (!isa_and_nonnull<DotAsyncOp>(definition))
    return emitError(inflight.getLoc()) << "rule 9: a product in flight, of type " << inflight.getType()
                                        << ", is carried by control flow: it runs over the end of an iteration";
  unsigned waits = 0;
  for (Operation *user : inflight.getUsers()) {
    if (auto wait = dyn_cast<DotWaitOp>(user)) {
      if (wait->getBlock() != definition->getBlock())
        return wait.emitOpError("rule 4: waits in another block than the one that issues the product");
      ++waits;
    } else if (user->hasTrait<OpTrait::IsTerminator>() || user->getNumRegions() > 0) {
      return definition->emitOpError("rule 9: runs over the end of an iteration: control flow carries it");
    } else {
      return user->emitOpError("rule 1: touches the result of a product in flight; only cta.dot_wait may");
    }
  }
  if (waits != 1)
    return definition->emitOpError() << "rule 1: is waited for " << waits << " times, expected 1";
  return success();
}

/// Rule 1: nothing else reads the registers that a product accumulates into once it is issued.
static LogicalResult verifyAccumulator(DotAsyncOp product, const ExecutionOrder &order) {
  Value acc = product.getAcc();
  if (!acc || (acc.getDefiningOp() && acc.getDefiningOp()->hasTrait<OpTrait::ConstantLike>()))
    return success();
  auto stageOf = [&](Operation *op) { return order.isScheduled() && placeOf(op) ? placeOf(op).getStage() : 0; };
  unsigned issued = *order.position(product);
  for (Operation *user : acc.getUsers()) {
    std::optional<unsigned> read = order.position(user);
    if (user == product || !read)
      continue;
    int64_t ahead = stageOf(order.ops()[*read]) - stageOf(product);
    if (ahead > 0 || (ahead == 0 && *read > issued))
      return user->emitOpError("rule 1: reads the accumulator of a product after that is issued");
  }
  return success();
}

/// Rules 2 and 3: `definitions` of operands `what` happen while nothing runs.
static LogicalResult verifyQuiet(ArrayRef<ExecutionOrder> orders, const SetVector<Operation *> &definitions,
                                 StringRef what) {
  bool legal = true;
  for (const ExecutionOrder &order : orders)
    for (RunningProduct running : findRunningProducts(order))
      for (Operation *definition : definitions) {
        std::optional<unsigned> position = order.position(definition);
        if (!position || !running.runsAt(*position))
          continue;
        legal = false;
        auto diagnostic = definition->emitOpError() << what << " while a product runs";
        if (AtAttr at = placeOf(order.ops()[*position]))
          if (placeOf(running.product) && placeOf(running.wait))
            diagnostic << " (at order " << at.getOrder() << ", the product from " << placeOf(running.product).getOrder()
                       << " to " << placeOf(running.wait).getOrder() << ")";
        diagnostic.attachNote(running.product.getLoc()) << "issued here";
      }
  return success(legal);
}

//===----------------------------------------------------------------------===//
// Uniform control
//===----------------------------------------------------------------------===//

/// Whether warps of a warpgroup may disagree on a scalar: whether it comes from a `cta.any`.
static bool variesByWarp(Value value, DenseSet<Value> &visited) {
  if (isa<RankedTensorType>(value.getType()) || !visited.insert(value).second)
    return false;
  auto varies = [&](Value source) { return variesByWarp(source, visited); };
  Operation *op = value.getDefiningOp();
  if (!op)
    return llvm::any_of(sourcesThroughControlFlow(value), varies);
  if (isa<AnyOp>(op))
    return true;
  if (auto branch = dyn_cast<scf::IfOp>(op); branch && varies(branch.getCondition()))
    return true;
  if (op->getNumRegions() > 0)
    return llvm::any_of(sourcesThroughControlFlow(value), varies);
  return llvm::any_of(op->getOperands(), varies);
}

/// Rule 4, for everything that the warps of a warpgroup must do together.
static LogicalResult verifyUniform(Operation *op) {
  if (!isa<DotAsyncOp, DotWaitOp, WaitOp, SectionEnterOp, SectionLeaveOp, NamedBarrierOp>(op))
    return success();
  for (Operation *parent = op->getParentOp(); parent; parent = parent->getParentOp()) {
    SmallVector<Value> conditions;
    if (auto branch = dyn_cast<scf::IfOp>(parent))
      conditions.push_back(branch.getCondition());
    else if (auto loop = dyn_cast<scf::WhileOp>(parent))
      conditions.push_back(loop.getConditionOp().getCondition());
    else if (auto loop = dyn_cast<scf::ForOp>(parent))
      conditions = {loop.getLowerBound(), loop.getUpperBound(), loop.getStep()};
    DenseSet<Value> visited;
    if (llvm::any_of(conditions, [&](Value condition) { return variesByWarp(condition, visited); })) {
      auto diagnostic = op->emitOpError("rule 4: is executed under a condition that varies by warp (cta.any)");
      diagnostic.attachNote(parent->getLoc()) << "the condition is that of this op";
      return diagnostic;
    }
  }
  return success();
}

LogicalResult mlir::cta::verifyProducts(gpu::GPUFuncOp kernel, ArrayRef<ExecutionOrder> orders) {
  bool legal = true;
  SetVector<Operation *> operands, accumulators;
  kernel.walk([&](Operation *op) {
    legal &= succeeded(verifyUniform(op));
    for (Value result : op->getResults())
      if (isa<InflightType>(result.getType()))
        legal &= succeeded(verifyInflight(result));
    if (isa<DotOp>(op))
      legal &= succeeded(
          LogicalResult(op->emitOpError("rule 1: is not split into its issue and its wait; run cta-schedule")));
    auto product = dyn_cast<DotAsyncOp>(op);
    if (!product)
      return;
    if (isa<RankedTensorType>(product.getA().getType()))
      operands.insert_range(findDefinitions(product.getA()));
    if (product.getAcc())
      accumulators.insert_range(findDefinitions(product.getAcc()));
  });
  for (const ExecutionOrder &order : orders)
    for (Operation *op : order.ops())
      if (auto product = dyn_cast<DotAsyncOp>(op))
        legal &= succeeded(verifyAccumulator(product, order));
  legal &= succeeded(verifyQuiet(orders, operands, "rule 2: defines registers of an A operand"));
  legal &= succeeded(verifyQuiet(orders, accumulators, "rule 3: defines an accumulator"));
  return success(legal);
}
