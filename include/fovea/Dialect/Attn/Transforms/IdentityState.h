//===- IdentityState.h - the state that no key has entered ------*- C++ -*-===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_IDENTITYSTATE_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_IDENTITYSTATE_H

#include "mlir/IR/ValueRange.h"

namespace mlir::attn {

/// Whether `state`, (acc, m, l) or (m, l), is known to be the identity (0,
/// -inf, 0) (S15), which is the same in every base.
bool isIdentityState(ValueRange state);

/// The number that every row's maximum is filled with in a `state` (acc, m, l) that is 0 otherwise; null where it is
/// not known to be of that form. No key has entered it, so it is the identity of ops with a fixed maximum.
Value getFixedMaximum(ValueRange state);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_IDENTITYSTATE_H
