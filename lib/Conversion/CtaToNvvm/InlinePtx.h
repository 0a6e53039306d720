//===- InlinePtx.h - one llvm.inline_asm, operand by operand ------*- C++ -*-===//
//
//   InlinePtx ptx(builder, loc);
//   std::string result = ptx.output(f32), x = ptx.input(a), y = ptx.input(b);
//   Value quotient = ptx.emit("div.full.f32 " + result + ", " + x + ", " + y + ";", InlinePtx::Effect::None)[0];
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_CONVERSION_CTATONVVM_INLINEPTX_H
#define FOVEA_LIB_CONVERSION_CTATONVVM_INLINEPTX_H

#include "mlir/IR/Builders.h"
#include "llvm/ADT/SmallVector.h"
#include <string>

namespace fovea {

/// Collects the operands of inline PTX; gives each its name in the text. Outputs, tied ones included, come first.
class InlinePtx {
public:
  enum class Effect {
    None,  ///< Computes its outputs from its inputs.
    Order, ///< Stays where it is among others with effects.
    Memory ///< And no access to memory moves across it.
  };

  InlinePtx(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  /// A result of type i1, i16, i32, i64, f32 or f64.
  std::string output(mlir::Type type);
  /// A result that begins as `value`, in the same register.
  std::string tied(mlir::Value value);
  /// A value of one of these types, or a pointer.
  std::string input(mlir::Value value);

  /// The op; its results in the order of the outputs.
  llvm::SmallVector<mlir::Value> emit(llvm::StringRef text, Effect effect);

private:
  mlir::OpBuilder &builder;
  mlir::Location loc;
  llvm::SmallVector<mlir::Type> outputs;
  llvm::SmallVector<std::pair<unsigned, mlir::Value>> ties; ///< Number of the output, first value.
  llvm::SmallVector<mlir::Value> inputs;
};

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_CTATONVVM_INLINEPTX_H
