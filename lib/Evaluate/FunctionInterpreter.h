//===- FunctionInterpreter.h - Runs the ops of a function -------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_FUNCTIONINTERPRETER_H
#define FOVEA_LIB_EVALUATE_FUNCTIONINTERPRETER_H

#include "Frame.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"

#include <functional>

namespace fovea::evaluator {

/// Evaluates an op of a dialect that the evaluator does not build on; nothing if it is not one of those.
using OtherOps = std::function<llvm::Expected<std::optional<Data>>(mlir::Operation *, const Frame &)>;

class FunctionInterpreter {
public:
  /// `depth` counts the calls around this one, `counter` the accesses.
  explicit FunctionInterpreter(Precision precision, OtherOps otherOps = {}, unsigned depth = 0,
                               AccessCounter *counter = nullptr)
      : frame(precision, counter), otherOps(std::move(otherOps)), depth(depth) {}

  AccessCounter *getCounter() const { return frame.getCounter(); }

  /// The results of `function`.
  llvm::Expected<Data> call(mlir::func::FuncOp function, llvm::ArrayRef<Datum> arguments);

private:
  /// Runs the ops of `block` with these arguments; what its terminator names.
  llvm::Expected<Data> runBlock(mlir::Block &block, llvm::ArrayRef<Datum> arguments);
  llvm::Error runOps(mlir::Block &block, llvm::ArrayRef<Datum> arguments);
  /// Ends the life of what the body of a loop has made, so that it is not counted as held.
  void forgetValues(mlir::Block &block);
  /// The results of one op.
  llvm::Expected<Data> evaluate(mlir::Operation *op);

  llvm::Expected<Data> evaluateCall(mlir::func::CallOp op);
  llvm::Expected<Data> evaluateIf(mlir::scf::IfOp op);
  llvm::Expected<Data> evaluateFor(mlir::scf::ForOp op);
  llvm::Expected<Data> evaluateForall(mlir::scf::ForallOp op);
  llvm::Expected<Data> evaluateOther(mlir::Operation *op);

  Frame frame;
  OtherOps otherOps;
  unsigned depth;
};

/// Evaluates `entry` by `interpreter`; `evaluate` says how arguments and results are converted.
llvm::Expected<llvm::SmallVector<EvaluateResult>> evaluateBy(FunctionInterpreter &interpreter, Precision precision,
                                                             mlir::func::FuncOp entry,
                                                             llvm::ArrayRef<EvaluateArgument> arguments);

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_FUNCTIONINTERPRETER_H
