//===- RegionProgram.cpp - A scalar region, run ---------------------------===//

#include "RegionProgram.h"

using namespace fovea;
using namespace fovea::evaluator;

void RegionProgram::call(const Instruction &instruction) {
  // No scalar op has more operands.
  Number operands[3];
  for (unsigned i = 0; i != instruction.numOperands; ++i)
    operands[i] = slots[operandSlots[instruction.firstOperand + i]];
  flops += instruction.flops;
  bool fault = false;
  Number result = instruction.function(operands, instruction.context, fault);
  if (fault && !faulty)
    faulty = instruction.origin;
  if (instruction.rounding != Rounding::None)
    result = Number::of(roundTo(result.floating, instruction.rounding));
  else if (instruction.wraps)
    result = Number::of(wrap(result.integer, instruction.context.result));
  slots[instruction.result] = result;
}

void RegionProgram::extract(const Instruction &instruction) {
  const DenseTensor &tensor = tensors[instruction.target];
  int64_t position = 0;
  for (auto [i, size] : llvm::enumerate(tensor.getShape())) {
    int64_t index = slots[operandSlots[instruction.firstOperand + i]].integer;
    if (index < 0 || index >= size) {
      if (!faulty)
        faulty = instruction.origin;
      slots[instruction.result] = Number::of(int64_t(0));
      return;
    }
    position = position * size + index;
  }
  slots[instruction.result] = tensor.getData()[position];
}

void RegionProgram::run() {
  for (size_t i = 0, e = instructions.size(); i < e; ++i) {
    const Instruction &instruction = instructions[i];
    switch (instruction.kind) {
    case Kind::Call:
      call(instruction);
      break;
    case Kind::Extract:
      extract(instruction);
      break;
    case Kind::Move:
      slots[instruction.result] = slots[operandSlots[instruction.firstOperand]];
      break;
    case Kind::JumpUnless:
      if (slots[operandSlots[instruction.firstOperand]].integer)
        break;
      [[fallthrough]];
    case Kind::Jump:
      i = instruction.target - 1;
      break;
    }
  }
}

llvm::Error RegionProgram::takeError() {
  if (!faulty)
    return llvm::Error::success();
  mlir::Operation *op = std::exchange(faulty, nullptr);
  return makeError(op, "is undefined for its operands (index out of bounds, "
                       "division by zero or a number out of range)");
}
