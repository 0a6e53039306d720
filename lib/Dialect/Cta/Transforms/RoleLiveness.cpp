//===- RoleLiveness.cpp - what a role needs of a program ------------------===//
//
//   %r:2 = scf.for ... iter_args(%a = %x, %b = %y) {        scf.for ... {
//     cta.acquire %K                                          cta.acquire %K
//     %c = math.exp2 %b                               ->    }
//     scf.yield %a, %c
//   }
//
// Backward from the roots. A carried value is one unit: its initial value, its argument in the body, what the body
// yields for it and the result are needed together, so a value that is carried only to compute itself is not needed.
//
//===----------------------------------------------------------------------===//

#include "ScfRebuild.h"
#include "fovea/Dialect/Cta/Transforms/Roles.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/BitVector.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::cta;

namespace {

class RoleLiveness {
public:
  RoleLiveness(Region &program, function_ref<bool(Operation *)> isRoot) : program(program) {
    program.walk([&](Operation *op) {
      if (isRoot(op))
        need(op);
    });
    while (!worklist.empty())
      visit(worklist.pop_back_val());
  }

  void sweep() { sweep(program.front()); }

private:
  /// An op is executed: what it reads (of an scf op: what decides which of its regions run), and the ops around it.
  void need(Operation *op) {
    if (!program.isAncestor(op->getParentRegion()) || !ops.insert(op).second)
      return;
    if (auto loop = dyn_cast<scf::ForOp>(op))
      need(ValueRange{loop.getLowerBound(), loop.getUpperBound(), loop.getStep()});
    else if (auto branch = dyn_cast<scf::IfOp>(op))
      need(branch.getCondition());
    else if (auto loop = dyn_cast<scf::WhileOp>(op))
      need(loop.getConditionOp().getCondition());
    else
      need(ValueRange(op->getOperands()));
    need(op->getParentOp());
  }
  void need(Value value) {
    if (values.insert(value).second)
      worklist.push_back(value);
  }
  void need(ValueRange values) {
    for (Value value : values)
      need(value);
  }

  void visit(Value value) {
    auto argument = dyn_cast<BlockArgument>(value);
    Operation *op = argument ? argument.getOwner()->getParentOp() : value.getDefiningOp();
    if (!program.isAncestor(op->getParentRegion()))
      return;
    need(op);
    unsigned number = argument ? argument.getArgNumber() : cast<OpResult>(value).getResultNumber();
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      if (argument && number == 0)
        return;
      unsigned i = argument ? number - 1 : number;
      need(ValueRange{loop.getInitArgs()[i], loop.getRegionIterArg(i), loop.getYieldedValues()[i], loop.getResult(i)});
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      need(ValueRange{branch.thenYield().getOperand(number), branch.elseYield().getOperand(number)});
    } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
      if (argument && argument.getOwner() == loop.getBeforeBody())
        need(ValueRange{loop.getInits()[number], loop.getYieldedValues()[number]});
      else
        need(ValueRange{loop.getConditionOp().getArgs()[number], loop.getAfterArguments()[number],
                        loop.getResult(number)});
    }
  }

  bool isNeeded(Value value) const { return values.contains(value); }
  llvm::BitVector neededOf(ValueRange range) const {
    llvm::BitVector mask(range.size());
    for (auto [i, value] : llvm::enumerate(range))
      mask[i] = isNeeded(value);
    return mask;
  }

  void sweep(Block &block) {
    SmallVector<Operation *> dead;
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      if (!ops.contains(&op)) {
        dead.push_back(&op);
        continue;
      }
      for (Region &region : op.getRegions())
        for (Block &nested : region)
          sweep(nested);
      drop(&op);
    }
    for (Operation *op : llvm::reverse(dead)) {
      op->dropAllUses();
      op->erase();
    }
  }

  static SmallVector<Value> pick(ValueRange range, const llvm::BitVector &mask, unsigned leading = 0) {
    SmallVector<Value> picked(range.take_front(leading));
    for (unsigned i : mask.set_bits())
      picked.push_back(range[leading + i]);
    return picked;
  }
  static void keepArguments(Block &block, const llvm::BitVector &mask, unsigned leading = 0) {
    for (unsigned i = mask.size(); i-- > 0;)
      if (!mask[i]) {
        block.getArgument(leading + i).dropAllUses();
        block.eraseArgument(leading + i);
      }
  }
  static void keepOperands(Operation *terminator, const llvm::BitVector &mask, unsigned leading = 0) {
    terminator->setOperands(pick(terminator->getOperands(), mask, leading));
  }

  /// Rebuilds a needed scf op without the values that are not.
  void drop(Operation *op) {
    if (!isa<scf::ForOp, scf::IfOp, scf::WhileOp>(op))
      return;
    llvm::BitVector results = neededOf(op->getResults()), inits;
    unsigned leading = isa<scf::ForOp>(op) ? 3 : 0;
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      inits = results;
      keepOperands(loop.getBody()->getTerminator(), results);
      keepArguments(*loop.getBody(), results, /*leading=*/1);
    } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
      inits.resize(1, true);
      for (Region &region : branch->getRegions())
        for (Block &block : region)
          keepOperands(block.getTerminator(), results);
      if (branch.elseBlock() && results.none() && branch.elseBlock()->without_terminator().empty())
        branch.elseBlock()->erase();
    } else {
      auto whileLoop = cast<scf::WhileOp>(op);
      inits = neededOf(whileLoop.getBeforeArguments());
      keepOperands(whileLoop.getConditionOp(), results, /*leading=*/1);
      keepOperands(whileLoop.getYieldOp(), inits);
      keepArguments(*whileLoop.getBeforeBody(), inits);
      keepArguments(*whileLoop.getAfterBody(), results);
    }
    if (results.all() && inits.all())
      return;
    SmallVector<Type> types;
    for (unsigned i : results.set_bits())
      types.push_back(op->getResult(i).getType());
    Operation *rebuilt = rebuildWithRegions(op, pick(op->getOperands(), inits, leading), types);
    for (auto [i, number] : llvm::enumerate(results.set_bits()))
      op->getResult(number).replaceAllUsesWith(rebuilt->getResult(i));
    op->dropAllUses();
    op->erase();
  }

  Region &program;
  llvm::DenseSet<Operation *> ops;
  llvm::DenseSet<Value> values;
  SmallVector<Value> worklist;
};

} // namespace

void mlir::cta::keepOnly(Region &program, function_ref<bool(Operation *)> isRoot) {
  RoleLiveness(program, isRoot).sweep();
}
