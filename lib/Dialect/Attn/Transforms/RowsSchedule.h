//===- RowsSchedule.h - few query rows on a CPU -----------------*- C++ -*-===//

#ifndef FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_ROWSSCHEDULE_H
#define FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_ROWSSCHEDULE_H

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/IR/Attn.h"

namespace mlir::attn {

/// The schedule of an attention with so few queries that a vector of queries would be half empty (decoding), or null
/// where there are more, or where shapes that it depends on are dynamic. `extents` are those of the domain; the number
/// of keys, and what is neither heads nor head dims, may be dynamic.
///
/// Such an attention reads K and V once for the rows of a whole group of heads and splits its keys into as many parts
/// as machines have threads to read them with. How many that is does not depend on the machine that compiles or runs,
/// so that the result does not, either (S16).
ConfigAttr scheduleFewRows(AttentionOp op, const AttentionDims &dims, ArrayRef<int64_t> extents, int64_t vectorBytes);

} // namespace mlir::attn

#endif // FOVEA_LIB_DIALECT_ATTN_TRANSFORMS_ROWSSCHEDULE_H
