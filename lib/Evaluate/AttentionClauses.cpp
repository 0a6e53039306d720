//===- AttentionClauses.cpp - causal, window, softcap, ... ----------------===//

#include "AttentionClauses.h"

#include <cmath>

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

static int64_t getDiagonalOffset(attn::AttentionOp op, const Frame &frame, int64_t numQueries, int64_t numKeys) {
  switch (op.getAlignment().value_or(attn::Alignment::TopLeft)) {
  case attn::Alignment::TopLeft:
    return 0;
  case attn::Alignment::BottomRight:
    return numKeys - numQueries;
  case attn::Alignment::Offset:
    return frame.getIndex(op.getAlignmentOffset());
  }
  llvm_unreachable("all alignments are handled");
}

llvm::Expected<AttentionClauses> AttentionClauses::create(attn::AttentionOp op, const Frame &frame,
                                                          ArrayRef<int64_t> extents) {
  AttentionClauses clauses;
  if (!op.hasSugar())
    return clauses;
  // Clauses exist in the layout without maps only: (batch..., query, key, qk
  // dim, value dim).
  unsigned numBatch = extents.size() - 4;
  clauses.queryDim = numBatch;
  clauses.keyDim = numBatch + 1;
  clauses.rounding = getRounding(*getElementType(op.getComputeType()), frame.getPrecision());
  clauses.offset = getDiagonalOffset(op, frame, extents[clauses.queryDim], extents[clauses.keyDim]);
  clauses.causal = op.getCausal();
  if (auto bound = op.getWindowLeft())
    clauses.left = *bound;
  if (auto bound = op.getWindowRight())
    clauses.right = *bound;
  if (auto cap = op.getSoftcap())
    clauses.softcap = cap->convertToDouble();

  auto bind = [&](std::optional<Operand> &operand, Value value, StringRef name, unsigned numDims) -> llvm::Error {
    if (!value)
      return llvm::Error::success();
    const DenseTensor &tensor = frame.getTensor(value);
    llvm::Expected<IndexedAccess> access = IndexedAccess::createBroadcast(tensor.getShape(), numDims, extents);
    if (!access)
      return makeError(op, name + ": " + toString(access.takeError()));
    operand = Operand{*access, tensor};
    return llvm::Error::success();
  };
  if (llvm::Error error = bind(clauses.slopes, op.getAlibi(), "alibi", numBatch))
    return error;
  if (llvm::Error error = bind(clauses.bias, op.getBias(), "bias", numBatch + 2))
    return error;
  if (llvm::Error error = bind(clauses.keepMask, op.getKeep(), "keep", numBatch + 2))
    return error;
  return clauses;
}

void AttentionClauses::setRow(ArrayRef<int64_t> indices) {
  diagonal = indices[queryDim] + offset;
  for (std::optional<Operand> *operand : {&slopes, &bias, &keepMask})
    if (*operand)
      (*operand)->rowPosition = (*operand)->access.at(indices) - (*operand)->access.along(keyDim, indices[keyDim]);
}

double AttentionClauses::score(int64_t key, double logit) const {
  if (softcap)
    logit = round(*softcap * round(std::tanh(round(logit / *softcap))));
  if (slopes) {
    double slope = slopes->tensor.getData()[slopes->rowPosition].floating;
    logit = round(logit - round(slope * std::abs(double(diagonal - key))));
  }
  if (bias)
    logit = round(logit + bias->tensor.getData()[bias->rowPosition + bias->access.along(keyDim, key)].floating);
  return logit;
}

bool AttentionClauses::keep(int64_t key) const {
  if (causal && key > diagonal)
    return false;
  if (left && key < diagonal - *left)
    return false;
  if (right && key > diagonal + *right)
    return false;
  if (keepMask)
    return keepMask->tensor.getData()[keepMask->rowPosition + keepMask->access.along(keyDim, key)].integer != 0;
  return true;
}
