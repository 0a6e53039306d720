//===- IdentityState.h - the state that no key has entered ------*- C++ -*-===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_IDENTITYSTATE_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_IDENTITYSTATE_H

#include "mlir/IR/ValueRange.h"

namespace mlir::attn {

/// Whether `state`, (acc, m, l) or (m, l), is known to be the identity (0,
/// -inf, 0) (S15), which is the same in every base.
bool isIdentityState(ValueRange state);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_IDENTITYSTATE_H
