//===- AttentionDims.cpp - the roles of an attention's dimensions ---------===//

#include "fovea/Dialect/Attn/IR/AttentionDims.h"

using namespace mlir;
using namespace mlir::attn;

FailureOr<AttentionDims> AttentionDims::infer(AffineMap query, AffineMap key, AffineMap value) {
  AttentionDims dims;
  unsigned keys = 0, qks = 0, values = 0;
  for (unsigned d = 0, e = query.getNumDims(); d != e; ++d) {
    bool inQuery = query.isFunctionOfDim(d), inKey = key.isFunctionOfDim(d), inValue = value.isFunctionOfDim(d);
    if (inQuery && inKey && inValue) {
      dims.batch.push_back(d);
    } else if (inQuery && !inKey && !inValue) {
      dims.rows.push_back(d);
    } else if (!inQuery && inKey && inValue) {
      dims.key = d, ++keys;
    } else if (inQuery && inKey) {
      dims.qk = d, ++qks;
    } else if (!inQuery && !inKey && inValue) {
      dims.value = d, ++values;
    } else {
      return failure();
    }
  }
  if (dims.rows.empty() || keys != 1 || qks != 1 || values != 1)
    return failure();
  return dims;
}
