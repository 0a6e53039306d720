//===- SinkLoads.cpp - loads of elements beside their uses ------------------===//
//
// An op that reads a tile becomes a load for each of a thread's elements, and what computes with the tile comes after
// all of them: 64 values and addresses would be alive at once. Elements are independent, so each load, with its
// address, its condition and what is made of the element alone (another type, a multiple), goes to the first op that
// uses it. The assembler moves loads up again as far as registers last.
//
//===----------------------------------------------------------------------===//

#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace fovea;

static bool isLoad(Operation &op) {
  auto ptx = dyn_cast<LLVM::InlineAsmOp>(op);
  return ptx && !ptx.getHasSideEffects() && ptx.getAsmString().contains("ld.global");
}

static bool isPureScalar(Operation &op) {
  return op.getNumRegions() == 0 && op.getNumResults() == 1 && !op.hasTrait<OpTrait::ConstantLike>() &&
         isMemoryEffectFree(&op);
}

/// Loads, and ops on one loaded element and constants.
static llvm::DenseSet<Operation *> findElements(Block &block) {
  llvm::DenseSet<Operation *> elements;
  for (Operation &op : block) {
    bool isElement = isLoad(op);
    if (!isElement && isPureScalar(op)) {
      auto isConstant = [](Value value) { return matchPattern(value, m_Constant()); };
      auto isFromElement = [&](Value value) { return elements.contains(value.getDefiningOp()); };
      isElement =
          llvm::count_if(op.getOperands(), isFromElement) == 1 &&
          llvm::all_of(op.getOperands(), [&](Value value) { return isFromElement(value) || isConstant(value); });
    }
    if (isElement)
      elements.insert(&op);
  }
  return elements;
}

static void sinkLoadsIn(Block &block) {
  llvm::DenseSet<Operation *> elements = findElements(block);
  if (elements.empty())
    return;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    bool isAddress = isPureScalar(op) && op.getResult(0).getType().isIntOrIndex();
    if (!isAddress && !elements.contains(&op))
      continue;
    Operation *first = nullptr;
    for (Operation *user : op.getUsers()) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      if (!first || reader->isBeforeInBlock(first))
        first = reader;
    }
    if (first)
      op.moveBefore(first);
  }
}

void fovea::sinkLoads(Operation *root) {
  root->walk([](Block *block) { sinkLoadsIn(*block); });
}
