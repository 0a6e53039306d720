//===- IdentityState.cpp - the state that no key has entered --------------===//

#include "fovea/Dialect/Attn/Transforms/IdentityState.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

bool mlir::attn::isIdentityState(ValueRange state) {
  size_t maximum = state.size() - 2;
  for (auto [i, part] : llvm::enumerate(state)) {
    auto fill = part.getDefiningOp<linalg::FillOp>();
    if (!fill ||
        !(i == maximum ? matchPattern(fill.value(), m_NegInfFloat()) : matchPattern(fill.value(), m_AnyZeroFloat())))
      return false;
  }
  return true;
}
