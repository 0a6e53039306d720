//===- ExecutionOrder.h - in which order a block's ops run ------*- C++ -*-===//
//
// Before `cta-expand-pipeline` the text of a key loop is in the order of its data, and `cta.at` says in which order the
// steady state runs; afterwards the text is the order. Rules about what happens while something else runs are checked
// on one sequence in both cases.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_EXECUTIONORDER_H
#define FOVEA_DIALECT_CTA_TRANSFORMS_EXECUTIONORDER_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

namespace mlir::cta {

/// The place that `cta.at` gives `op`; null where it has none.
inline AtAttr placeOf(Operation *op) { return op->getAttrOfType<AtAttr>(CtaDialect::getAtAttrName()); }

/// Whether the text of the loop is not yet the order in which its ops run: places disagree with it, or an op reads, in
/// the same iteration, what an earlier stage makes.
bool awaitsExpansion(scf::ForOp loop);

/// The ops of a block, without the terminator, in the order in which they run (in the steady state of a loop that
/// awaits expansion).
class ExecutionOrder {
public:
  explicit ExecutionOrder(Block &block);

  Block &block() const { return *owner; }
  ArrayRef<Operation *> ops() const { return sequence; }
  /// Whether places, not the text, give the order.
  bool isScheduled() const { return scheduled; }
  /// The position of the op of the block that `op` is or lies in; nothing for the terminator and what lies outside.
  std::optional<unsigned> position(Operation *op) const;

private:
  Block *owner;
  bool scheduled = false;
  SmallVector<Operation *> sequence;
  DenseMap<Operation *, unsigned> positions;
};

/// A product and the positions between which it runs.
struct RunningProduct {
  DotAsyncOp product;
  DotWaitOp wait;
  unsigned issued, waited;

  bool runsAt(unsigned position) const { return issued < position && position < waited; }
};

/// The products that are issued and waited for in one block.
SmallVector<RunningProduct> findRunningProducts(const ExecutionOrder &order);

/// Whether one is issued while another runs.
bool productsOverlap(ArrayRef<RunningProduct> products);

} // namespace mlir::cta

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_EXECUTIONORDER_H
