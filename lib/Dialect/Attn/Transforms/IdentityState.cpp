//===- IdentityState.cpp - the state that no key has entered --------------===//

#include "fovea/Dialect/Attn/Transforms/IdentityState.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

Value mlir::attn::getFixedMaximum(ValueRange state) {
  Value maximum;
  for (auto [i, part] : llvm::enumerate(state)) {
    auto fill = part.getDefiningOp<linalg::FillOp>();
    if (!fill)
      return Value();
    if (i == state.size() - 2)
      maximum = fill.value();
    else if (!matchPattern(fill.value(), m_AnyZeroFloat()))
      return Value();
  }
  return maximum;
}

bool mlir::attn::isIdentityState(ValueRange state) {
  Value maximum = getFixedMaximum(state);
  return maximum && matchPattern(maximum, m_NegInfFloat());
}
