//===- InlinePtx.cpp - one llvm.inline_asm --------------------------------===//

#include "InlinePtx.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/BuiltinTypes.h"
#include <cassert>

using namespace mlir;
using namespace fovea;

/// The class of registers that holds a type.
static char registerClass(Type type) {
  if (type.isF32())
    return 'f';
  if (type.isF64())
    return 'd';
  if (type.isInteger(1))
    return 'b';
  if (type.isInteger(16))
    return 'h';
  if (type.isInteger(32))
    return 'r';
  return 'l';
}

std::string InlinePtx::output(Type type) {
  assert(inputs.empty() && "outputs come first");
  outputs.push_back(type);
  return "$" + std::to_string(outputs.size() - 1);
}

std::string InlinePtx::tied(Value value) {
  std::string name = output(value.getType());
  ties.push_back({outputs.size() - 1, value});
  return name;
}

std::string InlinePtx::input(Value value) {
  inputs.push_back(value);
  return "$" + std::to_string(outputs.size() + inputs.size() - 1);
}

SmallVector<Value> InlinePtx::emit(StringRef text, Effect effect) {
  SmallVector<std::string> constraints;
  for (Type type : outputs)
    constraints.push_back(std::string("=") + registerClass(type));
  SmallVector<Value> operands(inputs);
  for (Value value : inputs)
    constraints.push_back(std::string(1, registerClass(value.getType())));
  for (auto [number, value] : ties) {
    operands.push_back(value);
    constraints.push_back(std::to_string(number));
  }
  if (effect == Effect::Memory)
    constraints.push_back("~{memory}");

  MLIRContext *context = builder.getContext();
  Type result;
  if (outputs.size() == 1)
    result = outputs[0];
  else if (outputs.size() > 1)
    result = LLVM::LLVMStructType::getLiteral(context, outputs);
  auto op = LLVM::InlineAsmOp::create(builder, loc, result, operands, text, llvm::join(constraints, ","),
                                      /*has_side_effects=*/effect != Effect::None, /*is_align_stack=*/false,
                                      LLVM::TailCallKind::None,
                                      LLVM::AsmDialectAttr::get(context, LLVM::AsmDialect::AD_ATT), ArrayAttr());
  if (outputs.size() == 1)
    return {op.getRes()};
  SmallVector<Value> results;
  for (unsigned i = 0, e = outputs.size(); i != e; ++i)
    results.push_back(LLVM::ExtractValueOp::create(builder, loc, op.getRes(), i));
  return results;
}
