//===- ExecutionOrder.cpp - in which order a block's ops run --------------===//

#include "ExecutionOrder.h"
#include "ScheduleModel.h"

using namespace mlir;
using namespace mlir::cta;

bool mlir::cta::awaitsExpansion(scf::ForOp loop) {
  int64_t last = 0;
  for (Operation &op : loop.getBody()->without_terminator()) {
    AtAttr at = placeOf(&op);
    if (!at)
      continue;
    if (at.getOrder() < last)
      return true;
    last = at.getOrder();
    bool crosses = false;
    forEachReadValue(&op, [&](Value value) {
      Operation *source = value.getDefiningOp();
      if (source && source->getBlock() == loop.getBody())
        if (AtAttr of = placeOf(source))
          crosses |= of.getStage() < at.getStage();
    });
    if (crosses)
      return true;
  }
  return false;
}

ExecutionOrder::ExecutionOrder(Block &block) : owner(&block) {
  for (Operation &op : block)
    if (!op.hasTrait<OpTrait::IsTerminator>())
      sequence.push_back(&op);
  auto loop = dyn_cast_or_null<scf::ForOp>(block.getParentOp());
  if (loop && awaitsExpansion(loop)) {
    scheduled = true;
    std::map<int64_t, SmallVector<Operation *>> byOrder; // within an order the text decides
    for (Operation *op : sequence)
      byOrder[placeOf(op) ? placeOf(op).getOrder() : 0].push_back(op);
    sequence.clear();
    for (auto &[order, ops] : byOrder)
      llvm::append_range(sequence, ops);
  }
  for (auto [i, op] : llvm::enumerate(sequence))
    positions[op] = i;
}

std::optional<unsigned> ExecutionOrder::position(Operation *op) const {
  Operation *own = ancestorIn(owner, op);
  auto it = own ? positions.find(own) : positions.end();
  return it == positions.end() ? std::nullopt : std::optional(it->second);
}

SmallVector<RunningProduct> mlir::cta::findRunningProducts(const ExecutionOrder &order) {
  SmallVector<RunningProduct> products;
  for (Operation *op : order.ops())
    if (auto product = dyn_cast<DotAsyncOp>(op))
      if (DotWaitOp wait = findWait(product))
        products.push_back({product, wait, *order.position(product), *order.position(wait)});
  return products;
}

bool mlir::cta::productsOverlap(ArrayRef<RunningProduct> products) {
  return llvm::any_of(products, [&](const RunningProduct &a) {
    return llvm::any_of(products, [&](const RunningProduct &b) { return a.runsAt(b.issued); });
  });
}
