//===- RegionCompiler.cpp - A scalar region, compiled ---------------------===//
//
// One pass over the ops: each result gets a slot, each op an instruction.
// `scf.if` becomes jumps around its branches, affine maps become arith.
//
//===----------------------------------------------------------------------===//

#include "RegionProgram.h"

#include "fovea/Dialect/Attn/IR/Arithmetic.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

namespace fovea::evaluator {

class RegionCompiler {
public:
  RegionCompiler(RegionProgram &program, Precision precision, RegionProgram::Binding binding)
      : program(program), precision(precision), binding(binding) {}

  llvm::Error compileBlock(Block &block);
  llvm::Error compileOp(Operation *op);

  unsigned addSlot(Number value = Number::of(int64_t(0))) {
    program.slots.push_back(value);
    return program.slots.size() - 1;
  }
  void define(Value value, unsigned slot) { slotOf[value] = slot; }
  llvm::Expected<unsigned> use(Operation *user, Value value);

private:
  using Kind = RegionProgram::Kind;
  using Instruction = RegionProgram::Instruction;

  /// `slots` are the operands' slots.
  Instruction &emit(Kind kind, Operation *origin, unsigned result, ArrayRef<unsigned> slots);
  llvm::Error compileScalar(Operation *op, ScalarFunction function);
  llvm::Error compileConstant(arith::ConstantOp op);
  llvm::Error compileIndex(Operation *op, unsigned dim);
  llvm::Error compileExtract(tensor::ExtractOp op);
  llvm::Error compileIf(scf::IfOp op);
  llvm::Error compileAffine(Operation *op, AffineMap map, ScalarFunction combine);
  unsigned compileExpr(Operation *op, AffineExpr expr, unsigned numDims, ArrayRef<unsigned> operands);
  llvm::Expected<SmallVector<unsigned>> useAll(Operation *op, ValueRange values);

  RegionProgram &program;
  Precision precision;
  RegionProgram::Binding binding;
  llvm::DenseMap<Value, unsigned> slotOf;
  llvm::DenseMap<Value, unsigned> tensorOf;
};

} // namespace fovea::evaluator

llvm::Expected<unsigned> RegionCompiler::use(Operation *user, Value value) {
  auto known = slotOf.find(value);
  if (known != slotOf.end())
    return known->second;
  std::optional<Datum> datum = binding(value);
  if (!datum || !std::holds_alternative<Number>(*datum))
    return makeError(user, "uses a value that is not a number here");
  return slotOf[value] = addSlot(std::get<Number>(*datum));
}

llvm::Expected<SmallVector<unsigned>> RegionCompiler::useAll(Operation *op, ValueRange values) {
  SmallVector<unsigned> slots;
  for (Value value : values) {
    llvm::Expected<unsigned> slot = use(op, value);
    if (!slot)
      return slot.takeError();
    slots.push_back(*slot);
  }
  return slots;
}

RegionProgram::Instruction &RegionCompiler::emit(Kind kind, Operation *origin, unsigned result,
                                                 ArrayRef<unsigned> slots) {
  Instruction instruction;
  instruction.kind = kind;
  instruction.origin = origin;
  instruction.result = result;
  instruction.firstOperand = program.operandSlots.size();
  instruction.numOperands = slots.size();
  llvm::append_range(program.operandSlots, slots);
  program.instructions.push_back(instruction);
  return program.instructions.back();
}

llvm::Error RegionCompiler::compileBlock(Block &block) {
  for (Operation &op : block.without_terminator())
    if (llvm::Error error = compileOp(&op))
      return error;
  return llvm::Error::success();
}

llvm::Error RegionCompiler::compileOp(Operation *op) {
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return compileConstant(constant);
  if (auto index = dyn_cast<attn::IndexOp>(op))
    return compileIndex(op, index.getDim());
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return compileIndex(op, index.getDim());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return compileExtract(extract);
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return compileIf(branch);
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return compileAffine(op, apply.getAffineMap(), nullptr);
  auto combine = [](bool max) -> ScalarFunction {
    return max ? +[](const Number *x, const ScalarContext &,
                     bool &) { return Number::of(std::max(x[0].integer, x[1].integer)); }
               : +[](const Number *x, const ScalarContext &, bool &) {
                   return Number::of(std::min(x[0].integer, x[1].integer));
                 };
  };
  if (auto max = dyn_cast<affine::AffineMaxOp>(op))
    return compileAffine(op, max.getAffineMap(), combine(true));
  if (auto min = dyn_cast<affine::AffineMinOp>(op))
    return compileAffine(op, min.getAffineMap(), combine(false));
  if (ScalarFunction function = findScalarFunction(op))
    return compileScalar(op, function);
  return makeError(op, "is not an op that the evaluator knows");
}

llvm::Error RegionCompiler::compileScalar(Operation *op, ScalarFunction function) {
  std::optional<ElementType> source = getElementType(op->getOperand(op->getNumOperands() - 1).getType());
  // `fpowi` has its exponent last and `select` its condition first.
  if (op->getNumOperands() == 2)
    source = getElementType(op->getOperand(0).getType());
  std::optional<ElementType> result = getElementType(op->getResult(0).getType());
  if (!source || !result)
    return makeError(op, "has a type that the evaluator does not know");
  llvm::Expected<SmallVector<unsigned>> operands = useAll(op, op->getOperands());
  if (!operands)
    return operands.takeError();
  unsigned slot = addSlot();
  Instruction &instruction = emit(Kind::Call, op, slot, *operands);
  instruction.function = function;
  instruction.flops = attn::countFlops(op);
  instruction.context = {*source, *result, 0};
  if (auto compare = dyn_cast<arith::CmpFOp>(op))
    instruction.context.predicate = uint8_t(compare.getPredicate());
  if (auto compare = dyn_cast<arith::CmpIOp>(op))
    instruction.context.predicate = uint8_t(compare.getPredicate());
  instruction.rounding = getRounding(*result, precision);
  instruction.wraps = !isFloat(*result) && getBitWidth(*result) < 64;
  define(op->getResult(0), slot);
  return llvm::Error::success();
}

llvm::Error RegionCompiler::compileConstant(arith::ConstantOp op) {
  if (auto real = dyn_cast<FloatAttr>(op.getValue()))
    define(op, addSlot(Number::of(real.getValueAsDouble())));
  else if (auto integer = dyn_cast<IntegerAttr>(op.getValue()))
    define(op, addSlot(Number::of(integer.getType().isInteger(1) ? int64_t(integer.getValue().isOne())
                                                                 : integer.getValue().getSExtValue())));
  else
    return makeError(op, "is not a number");
  return llvm::Error::success();
}

llvm::Error RegionCompiler::compileIndex(Operation *op, unsigned dim) {
  if (dim >= program.indexIsRead.size())
    return makeError(op, "has no dimension " + Twine(dim) + " here");
  program.indexIsRead[dim] = true;
  define(op->getResult(0), dim);
  return llvm::Error::success();
}

llvm::Error RegionCompiler::compileExtract(tensor::ExtractOp op) {
  auto known = tensorOf.find(op.getTensor());
  if (known == tensorOf.end()) {
    std::optional<Datum> datum = binding(op.getTensor());
    if (!datum || !std::holds_alternative<DenseTensor>(*datum))
      return makeError(op, "reads a tensor that is not known here");
    known = tensorOf.try_emplace(op.getTensor(), program.tensors.size()).first;
    program.tensors.push_back(std::get<DenseTensor>(*datum));
  }
  llvm::Expected<SmallVector<unsigned>> indices = useAll(op, op.getIndices());
  if (!indices)
    return indices.takeError();
  unsigned slot = addSlot();
  emit(Kind::Extract, op, slot, *indices).target = known->second;
  define(op, slot);
  return llvm::Error::success();
}

llvm::Error RegionCompiler::compileIf(scf::IfOp op) {
  llvm::Expected<unsigned> condition = use(op, op.getCondition());
  if (!condition)
    return condition.takeError();
  SmallVector<unsigned> results;
  for (Value result : op.getResults()) {
    results.push_back(addSlot());
    define(result, results.back());
  }
  auto compileBranch = [&](Block *block) -> llvm::Error {
    if (!block)
      return llvm::Error::success();
    if (llvm::Error error = compileBlock(*block))
      return error;
    llvm::Expected<SmallVector<unsigned>> yielded = useAll(op, block->getTerminator()->getOperands());
    if (!yielded)
      return yielded.takeError();
    for (auto [slot, result] : llvm::zip_equal(*yielded, results))
      emit(Kind::Move, op, result, slot);
    return llvm::Error::success();
  };
  size_t toElse = program.instructions.size();
  emit(Kind::JumpUnless, op, 0, *condition);
  if (llvm::Error error = compileBranch(op.thenBlock()))
    return error;
  size_t toEnd = program.instructions.size();
  emit(Kind::Jump, op, 0, {});
  program.instructions[toElse].target = program.instructions.size();
  if (llvm::Error error = compileBranch(op.elseBlock()))
    return error;
  program.instructions[toEnd].target = program.instructions.size();
  return llvm::Error::success();
}

unsigned RegionCompiler::compileExpr(Operation *op, AffineExpr expr, unsigned numDims, ArrayRef<unsigned> operands) {
  if (auto constant = dyn_cast<AffineConstantExpr>(expr))
    return addSlot(Number::of(constant.getValue()));
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return operands[dim.getPosition()];
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return operands[numDims + symbol.getPosition()];
  auto binary = cast<AffineBinaryOpExpr>(expr);
  unsigned lhs = compileExpr(op, binary.getLHS(), numDims, operands);
  unsigned rhs = compileExpr(op, binary.getRHS(), numDims, operands);
  unsigned slot = addSlot();
  Instruction &instruction = emit(Kind::Call, op, slot, {lhs, rhs});
  instruction.context = {ElementType::Index, ElementType::Index, 0};
  switch (expr.getKind()) {
  case AffineExprKind::Add:
    instruction.function = [](const Number *x, const ScalarContext &, bool &) {
      return Number::of(x[0].integer + x[1].integer);
    };
    break;
  case AffineExprKind::Mul:
    instruction.function = [](const Number *x, const ScalarContext &, bool &) {
      return Number::of(x[0].integer * x[1].integer);
    };
    break;
  case AffineExprKind::Mod:
    instruction.function = [](const Number *x, const ScalarContext &, bool &fault) {
      int64_t a = x[0].integer, b = x[1].integer;
      fault |= b <= 0;
      return Number::of(fault ? int64_t(0) : (a % b + b) % b);
    };
    break;
  case AffineExprKind::FloorDiv:
    instruction.function = [](const Number *x, const ScalarContext &, bool &fault) {
      int64_t a = x[0].integer, b = x[1].integer;
      fault |= b <= 0;
      return Number::of(fault ? int64_t(0) : a / b - (a % b < 0));
    };
    break;
  case AffineExprKind::CeilDiv:
    instruction.function = [](const Number *x, const ScalarContext &, bool &fault) {
      int64_t a = x[0].integer, b = x[1].integer;
      fault |= b <= 0;
      return Number::of(fault ? int64_t(0) : a / b + (a % b > 0));
    };
    break;
  default:
    llvm_unreachable("leaves are handled above");
  }
  return slot;
}

llvm::Error RegionCompiler::compileAffine(Operation *op, AffineMap map, ScalarFunction combine) {
  llvm::Expected<SmallVector<unsigned>> operands = useAll(op, op->getOperands());
  if (!operands)
    return operands.takeError();
  std::optional<unsigned> slot;
  for (AffineExpr expr : map.getResults()) {
    unsigned next = compileExpr(op, expr, map.getNumDims(), *operands);
    if (slot) {
      unsigned combined = addSlot();
      emit(Kind::Call, op, combined, {*slot, next}).function = combine;
      next = combined;
    }
    slot = next;
  }
  define(op->getResult(0), *slot);
  return llvm::Error::success();
}

llvm::Expected<RegionProgram> RegionProgram::compile(Block &block, unsigned numIndices, Precision precision,
                                                     Binding binding) {
  RegionProgram program;
  program.slots.assign(numIndices, Number::of(int64_t(0)));
  program.indexIsRead.assign(numIndices, false);
  RegionCompiler compiler(program, precision, binding);
  for (BlockArgument argument : block.getArguments()) {
    std::optional<Datum> datum = binding(argument);
    Number number = Number::of(int64_t(0));
    if (datum && std::holds_alternative<Number>(*datum))
      number = std::get<Number>(*datum);
    unsigned slot = compiler.addSlot(number);
    program.argumentSlots.push_back(slot);
    if (!isa<ShapedType>(argument.getType()))
      compiler.define(argument, slot);
  }
  if (llvm::Error error = compiler.compileBlock(block))
    return error;
  for (Value value : block.getTerminator()->getOperands()) {
    llvm::Expected<unsigned> slot = compiler.use(block.getTerminator(), value);
    if (!slot)
      return slot.takeError();
    program.resultSlots.push_back(*slot);
  }
  return program;
}

llvm::Expected<RegionProgram> RegionProgram::compile(Operation *op, Precision precision) {
  RegionProgram program;
  RegionCompiler compiler(program, precision, [](Value) { return std::nullopt; });
  for (Value operand : op->getOperands()) {
    // An operand that is given twice has two slots of one value.
    unsigned slot = compiler.addSlot();
    program.argumentSlots.push_back(slot);
    compiler.define(operand, slot);
  }
  if (llvm::Error error = compiler.compileOp(op))
    return error;
  for (Value result : op->getResults())
    program.resultSlots.push_back(llvm::cantFail(compiler.use(op, result)));
  return program;
}
