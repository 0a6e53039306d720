//===- AttnEvaluators.h - The ops of attn, evaluated ------------*- C++ -*-===//
//
// One function per op: the values of its operands in, those of its results out.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_ATTNEVALUATORS_H
#define FOVEA_LIB_EVALUATE_ATTNEVALUATORS_H

#include "Frame.h"

#include "fovea/Dialect/Attn/IR/Attn.h"

namespace fovea::evaluator {

llvm::Expected<Data> evaluateOp(mlir::attn::AttentionOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::OnlineAttentionOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::FinalizeOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::MergeOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::PackOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::SoftmaxOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::OnlineSoftmaxOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::NormalizeOp op, const Frame &frame);
llvm::Expected<Data> evaluateOp(mlir::attn::CrossEntropyOp op, const Frame &frame);

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_ATTNEVALUATORS_H
