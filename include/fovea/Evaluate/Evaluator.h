//===- Evaluator.h - What a function is defined to compute ------*- C++ -*-===//
//
// Interprets a function on tensors with scalar loops over the mathematical
// definition of its ops. It judges compiled code, so it shares nothing with the
// lowerings: every clause, region, map and state op of `attn` is evaluated as
// AttnOps.td defines it. Around them it takes what functions and the stages up
// to bufferization contain: func, arith, math, tensor, linalg, affine and scf.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EVALUATE_EVALUATOR_H
#define FOVEA_EVALUATE_EVALUATOR_H

#include "fovea/Execute/HostTensor.h"
#include "fovea/Execute/Scalar.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/Support/Error.h"

#include <variant>

namespace fovea {

enum class Precision {
  /// The reference: all floating-point arithmetic in f64, nothing is rounded
  /// in between, floating-point results are f64.
  Reference,
  /// The baseline of the tolerances: every op unfused in its own precision.
  /// Attention has scores and softmax in f32, P rounded to V's type, f32
  /// accumulation (f64 throughout for f64). Results have the function's types.
  Unfused,
};

struct EvaluateOptions {
  Precision precision = Precision::Reference;
};

/// What goes into a function: a tensor (of any strides; it must outlive the
/// call) or a scalar.
using EvaluateArgument = std::variant<const HostTensor *, Scalar>;

/// What comes out: a row-major tensor or a scalar.
using EvaluateResult = std::variant<HostTensor, Scalar>;

/// Evaluates `entry`, one result per result of the function. Arguments are
/// first rounded to the element types of the function. Fails, naming the op and
/// its location, on an op it does not know, on shapes that do not fit and on
/// undefined behaviour (an index out of bounds, an integer division by zero).
llvm::Expected<llvm::SmallVector<EvaluateResult>>
evaluate(mlir::func::FuncOp entry, llvm::ArrayRef<EvaluateArgument> arguments, const EvaluateOptions &options = {});

} // namespace fovea

#endif // FOVEA_EVALUATE_EVALUATOR_H
