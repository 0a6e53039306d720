//===- AffineToArith.cpp - index arithmetic of a kernel -------------------===//
//
//   affine.min affine_map<()[s0, s1] -> (s0 ceildiv 128, s1)>()[%a, %b]
// ->
//   arith.minsi (arith.ceildivsi %a, %c128), %b
//
//===----------------------------------------------------------------------===//

#include "AffineToArith.h"
#include "TileBuilder.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/IR/AffineExprVisitor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fovea;

namespace {

/// The value of an expression, its operands being dimensions followed by symbols.
class Expander : public AffineExprVisitor<Expander, Value> {
public:
  Expander(TileBuilder &builder, unsigned numDims, ValueRange operands)
      : builder(builder), numDims(numDims), operands(operands) {}

  Value visitConstantExpr(AffineConstantExpr expr) { return builder.index(expr.getValue()); }
  Value visitDimExpr(AffineDimExpr expr) { return operands[expr.getPosition()]; }
  Value visitSymbolExpr(AffineSymbolExpr expr) { return operands[numDims + expr.getPosition()]; }
  Value visitAddExpr(AffineBinaryOpExpr expr) {
    // a + b * -1 and a + -1 are differences.
    if (auto product = dyn_cast<AffineBinaryOpExpr>(expr.getRHS());
        product && product.getKind() == AffineExprKind::Mul && product.getRHS() == -1)
      return builder.subIndex(visit(expr.getLHS()), visit(product.getLHS()));
    return binary<arith::AddIOp>(expr);
  }
  Value visitMulExpr(AffineBinaryOpExpr expr) { return binary<arith::MulIOp>(expr); }
  Value visitFloorDivExpr(AffineBinaryOpExpr expr) { return binary<arith::FloorDivSIOp>(expr); }
  Value visitCeilDivExpr(AffineBinaryOpExpr expr) { return binary<arith::CeilDivSIOp>(expr); }
  /// Never negative, unlike arith.remsi.
  Value visitModExpr(AffineBinaryOpExpr expr) {
    Value dividend = visit(expr.getLHS()), divisor = visit(expr.getRHS());
    Value quotient = builder.createOrFold<arith::FloorDivSIOp>(dividend, divisor);
    return builder.subIndex(dividend, builder.mulIndex(quotient, divisor));
  }

private:
  template <typename Op> Value binary(AffineBinaryOpExpr expr) {
    Value lhs = visit(expr.getLHS()), rhs = visit(expr.getRHS());
    return builder.createOrFold<Op>(lhs, rhs);
  }

  TileBuilder &builder;
  unsigned numDims;
  ValueRange operands;
};

} // namespace

void fovea::expandAffine(gpu::GPUFuncOp kernel) {
  kernel->walk([](Operation *op) {
    if (!isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op))
      return;
    AffineMap map =
        TypeSwitch<Operation *, AffineMap>(op).Case<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(
            [](auto affineOp) { return affineOp.getAffineMap(); });
    TileBuilder builder(op->getLoc(), op);
    Expander expander(builder, map.getNumDims(), op->getOperands());
    Value result;
    for (AffineExpr expr : map.getResults()) {
      Value value = expander.visit(expr);
      if (!result)
        result = value;
      else if (isa<affine::AffineMinOp>(op))
        result = builder.createOrFold<arith::MinSIOp>(result, value);
      else
        result = builder.createOrFold<arith::MaxSIOp>(result, value);
    }
    op->getResult(0).replaceAllUsesWith(result);
    op->erase();
  });
}
