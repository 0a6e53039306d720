//===- SinkScalars.cpp - scalars while products run ------------------------===//
//
//   %row = arith.divui ...; %f = cta.dot_async ...; %s = cta.dot_wait %f; <mask of %s by %row>
//     =>  %f = cta.dot_async ...; %row = arith.divui ...; %s = cta.dot_wait %f; <mask of %s by %row>
//
// Where a tile begins, its coordinates are computed (divisions, of some dozens of instructions) from a number that has
// just arrived, but what is issued first needs none of them. The assembler does not move them over the products itself.
//
//===----------------------------------------------------------------------===//

#include "SinkScalars.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"

using namespace mlir;
using namespace mlir::cta;

static bool isScalarArithmetic(Operation &op) {
  return op.getNumRegions() == 0 && op.getNumResults() > 0 && isMemoryEffectFree(&op) &&
         llvm::all_of(op.getResultTypes(), [](Type type) { return type.isIntOrIndexOrFloat(); });
}

static void sinkScalarsIn(Block &block) {
  SmallVector<DotWaitOp> waits(block.getOps<DotWaitOp>());
  if (waits.empty())
    return;
  llvm::DenseSet<Operation *> sunk;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    if (!isScalarArithmetic(op) || op.use_empty())
      continue;
    Operation *first = nullptr;
    for (Operation *user : op.getUsers()) {
      Operation *reader = block.findAncestorOpInBlock(*user);
      if (!reader) {
        first = nullptr;
        break;
      }
      if (!first || reader->isBeforeInBlock(first))
        first = reader;
    }
    if (!first)
      continue;
    if (sunk.contains(first)) { // what a scalar is computed from goes with it
      op.moveBefore(first);
      sunk.insert(&op);
      continue;
    }
    // The last wait before it is read, if it comes after the op: all products that run then have been issued.
    DotWaitOp target;
    for (DotWaitOp wait : waits)
      if (op.isBeforeInBlock(wait) && (wait->isBeforeInBlock(first) || wait == first)) {
        target = wait;
        break;
      }
    if (target) {
      op.moveBefore(target);
      sunk.insert(&op);
    }
  }
}

void mlir::cta::sinkScalars(Region &program) {
  for (Block &block : program)
    sinkScalarsIn(block);
  program.walk([](Operation *op) {
    for (Region &region : op->getRegions())
      for (Block &block : region)
        sinkScalarsIn(block);
  });
}
