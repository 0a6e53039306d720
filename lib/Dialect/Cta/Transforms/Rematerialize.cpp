//===- Rematerialize.cpp - register tiles made anew in a layout -----------===//

#include "Rematerialize.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace mlir::cta;

bool mlir::cta::isRematerializable(Operation *op) {
  if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType()))
    return false;
  ElementsAttr elements;
  return isa<SplatOp, IotaOp>(op) || (matchPattern(op, m_Constant(&elements)) && isa<DenseElementsAttr>(elements));
}

/// Whether two ops differ in nothing but the layout of their result.
static bool makeTheSame(Operation *a, Operation *b) {
  if (a->getName() != b->getName() || !llvm::equal(a->getOperands(), b->getOperands()))
    return false;
  DenseElementsAttr ofA, ofB;
  if (matchPattern(a, m_Constant(&ofA)))
    return matchPattern(b, m_Constant(&ofB)) && ofA.reshape(cast<ShapedType>(ofB.getType())) == ofB;
  return a->getAttrDictionary() == b->getAttrDictionary();
}

Value mlir::cta::rematerialize(OpBuilder &builder, Operation *op, Attribute layout) {
  auto old = cast<RankedTensorType>(op->getResult(0).getType());
  auto type = RankedTensorType::get(old.getShape(), old.getElementType(), layout);
  if (type == old)
    return op->getResult(0);
  for (Operation *next = op->getNextNode(); next && isRematerializable(next); next = next->getNextNode())
    if (next->getResult(0).getType() == type && makeTheSame(op, next))
      return next->getResult(0);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(op);
  DenseElementsAttr elements;
  if (matchPattern(op, m_Constant(&elements))) {
    Operation *made = op->getDialect()->materializeConstant(builder, elements.reshape(type), type, op->getLoc());
    return made->getResult(0);
  }
  Operation *made = builder.clone(*op);
  made->getResult(0).setType(type);
  return made->getResult(0);
}
