//===- DropReturnedArguments.cpp - results that are arguments go ----------===//
//
//   func @f(%x: memref<..>, %out: memref<..>) -> memref<..> {
//     ...
//     return %out
//   }
//     ->
//   func @f(%x: memref<..>, %out: memref<..>)
//       attributes {fovea.returned_arguments = array<i64: 1>} { ... return }
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/SymbolTable.h"

namespace fovea {
#define GEN_PASS_DEF_DROPRETURNEDARGUMENTSPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {

/// For each result of a function, the argument that it is or -1.
using ReturnedArguments = SmallVector<int64_t>;

} // namespace

/// The argument of `function` that `value` is a cast of, or -1.
static int64_t getArgumentNumber(func::FuncOp function, Value value) {
  while (auto cast = value.getDefiningOp<memref::CastOp>())
    value = cast.getSource();
  auto argument = dyn_cast<BlockArgument>(value);
  if (!argument || !isa<MemRefType>(argument.getType()) || argument.getOwner() != &function.getBody().front())
    return -1;
  return argument.getArgNumber();
}

static func::ReturnOp getOnlyReturn(func::FuncOp function) {
  auto returns = llvm::to_vector(function.getOps<func::ReturnOp>());
  return returns.size() == 1 ? returns.front() : nullptr;
}

/// Uses the argument of each call instead of the result.
static void updateCall(func::CallOp call, ArrayRef<int64_t> arguments) {
  OpBuilder builder(call);
  SmallVector<Value> replacements;
  SmallVector<Type> remaining;
  for (auto [result, argument] : llvm::zip_equal(call.getResults(), arguments)) {
    if (argument < 0) {
      remaining.push_back(result.getType());
      replacements.push_back(nullptr);
      continue;
    }
    Value operand = call.getOperand(argument);
    if (operand.getType() != result.getType())
      operand = memref::CastOp::create(builder, call.getLoc(), result.getType(), operand);
    replacements.push_back(operand);
  }
  auto updated = func::CallOp::create(builder, call.getLoc(), call.getCalleeAttr(), remaining, call.getOperands());
  auto results = updated.getResults().begin();
  for (Value &replacement : replacements)
    if (!replacement)
      replacement = *results++;
  call.replaceAllUsesWith(replacements);
  call.erase();
}

/// The map from the results that `function` had in the beginning, when those
/// that it has now are `arguments`.
static ReturnedArguments compose(func::FuncOp function, StringRef name, ArrayRef<int64_t> arguments) {
  auto before = function->getAttrOfType<DenseI64ArrayAttr>(name);
  if (!before)
    return ReturnedArguments(arguments);
  ReturnedArguments composed(before.asArrayRef());
  for (int64_t &argument : composed)
    if (argument < 0) {
      argument = arguments.front();
      arguments = arguments.drop_front();
    }
  return composed;
}

/// Drops what can be dropped; returns whether there was something.
static bool dropReturnedArguments(func::FuncOp function, ModuleOp module) {
  constexpr llvm::StringLiteral name = "fovea.returned_arguments";
  func::ReturnOp returnOp = getOnlyReturn(function);
  if (!returnOp)
    return false;
  ReturnedArguments arguments;
  BitVector dropped(function.getNumResults());
  for (auto [number, value] : llvm::enumerate(returnOp.getOperands())) {
    arguments.push_back(getArgumentNumber(function, value));
    dropped[number] = arguments.back() >= 0;
  }
  if (dropped.none())
    return false;
  std::optional<SymbolTable::UseRange> uses = function.getSymbolUses(module);
  if (!uses || !llvm::all_of(*uses, [](const SymbolTable::SymbolUse &use) { return isa<func::CallOp>(use.getUser()); }))
    return false; // Somebody holds its address and knows its type.

  ReturnedArguments composed = compose(function, name, arguments);
  for (const SymbolTable::SymbolUse &use : *uses)
    updateCall(cast<func::CallOp>(use.getUser()), arguments);
  returnOp->eraseOperands(dropped);
  (void)function.eraseResults(dropped);
  function->setAttr(name, DenseI64ArrayAttr::get(module.getContext(), composed));
  return true;
}

namespace {

struct DropReturnedArgumentsPass final : fovea::impl::DropReturnedArgumentsPassBase<DropReturnedArgumentsPass> {
  using Base::Base;

  void runOnOperation() override {
    ModuleOp module = getOperation();
    // What a callee no longer returns may be what its caller returns.
    for (bool changed = true; changed;) {
      changed = false;
      for (auto function : module.getOps<func::FuncOp>())
        if (!function.isExternal())
          changed |= dropReturnedArguments(function, module);
    }
  }
};

} // namespace
