//===- RegionProgram.h - A scalar region, compiled --------------*- C++ -*-===//
//
// Score and mask regions run once per pair of query and key, bodies of linalg
// ops once per element. So a region becomes a list of instructions on numbered
// slots, and running it looks nothing up.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_REGIONPROGRAM_H
#define FOVEA_LIB_EVALUATE_REGIONPROGRAM_H

#include "DenseTensor.h"
#include "ScalarOps.h"

#include "mlir/IR/Block.h"
#include "llvm/ADT/STLFunctionalExtras.h"

namespace fovea::evaluator {

class RegionProgram {
public:
  /// The value of a block argument or of a value from outside, if it is the
  /// same in every run.
  using Binding = llvm::function_ref<std::optional<Datum>(mlir::Value value)>;

  /// Compiles `block`, whose index ops have `numIndices` dimensions.
  static llvm::Expected<RegionProgram> compile(mlir::Block &block, unsigned numIndices, Precision precision,
                                               Binding binding);

  /// Compiles one op applied to numbers; its operands are the arguments.
  static llvm::Expected<RegionProgram> compile(mlir::Operation *op, Precision precision);

  void setIndex(unsigned dim, int64_t index) { slots[dim] = Number::of(index); }
  void setArgument(unsigned number, Number value) { slots[argumentSlots[number]] = value; }
  /// Whether the program reads the position along `dim`.
  bool readsIndex(unsigned dim) const { return indexIsRead[dim]; }

  void run();

  Number getResult(unsigned number = 0) const { return slots[resultSlots[number]]; }
  /// Floating-point operations of all runs so far (fovea/Dialect/Attn/IR/Arithmetic.h).
  int64_t getFlops() const { return flops; }
  /// The first undefined behaviour of all runs so far.
  llvm::Error takeError();

private:
  friend class RegionCompiler;

  enum class Kind : uint8_t { Call, Extract, Move, Jump, JumpUnless };
  struct Instruction {
    Kind kind;
    Rounding rounding = Rounding::None;
    uint8_t flops = 0;
    bool wraps = false; ///< The result is an integer narrower than 64 bits.
    ScalarContext context = {ElementType::F64, ElementType::F64, 0};
    unsigned result = 0;
    unsigned firstOperand = 0, numOperands = 0;
    /// Index of a tensor (Extract) or of an instruction (Jump, JumpUnless).
    unsigned target = 0;
    ScalarFunction function = nullptr;
    mlir::Operation *origin = nullptr;
  };

  void call(const Instruction &instruction);
  void extract(const Instruction &instruction);

  std::vector<Number> slots;
  std::vector<Instruction> instructions;
  std::vector<unsigned> operandSlots;
  std::vector<DenseTensor> tensors;
  llvm::SmallVector<unsigned> argumentSlots, resultSlots;
  llvm::SmallVector<bool> indexIsRead;
  mlir::Operation *faulty = nullptr;
  int64_t flops = 0;
};

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_REGIONPROGRAM_H
