//===- FunctionInterpreter.cpp - Runs the ops of a function ---------------===//
//
// Walks blocks in order; loops and branches run their regions, everything else
// is handed to the evaluator of its dialect.
//
//===----------------------------------------------------------------------===//

#include "FunctionInterpreter.h"
#include "AccessCounter.h"
#include "AffineEvaluators.h"
#include "AttnEvaluators.h"
#include "IndexedAccess.h"
#include "ScalarOps.h"
#include "TensorEvaluators.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

/// A recursion without end must not take the stack with it.
static constexpr unsigned maxCallDepth = 200;

llvm::Expected<Data> FunctionInterpreter::call(func::FuncOp function, ArrayRef<Datum> arguments) {
  if (function.isExternal())
    return makeError(function, "'" + function.getSymName() + "' has no body");
  if (!function.getBody().hasOneBlock())
    return makeError(function, "'" + function.getSymName() +
                                   "' has branches between blocks; the "
                                   "evaluator takes structured control flow");
  return runBlock(function.getBody().front(), arguments);
}

llvm::Error FunctionInterpreter::runOps(Block &block, ArrayRef<Datum> arguments) {
  for (auto [argument, datum] : llvm::zip_equal(block.getArguments(), arguments))
    frame.set(argument, datum);
  for (Operation &op : block.without_terminator()) {
    llvm::Expected<Data> results = evaluate(&op);
    if (!results)
      return results.takeError();
    if (AccessCounter *counter = getCounter())
      counter->record(&op, frame, *results);
    for (auto [result, datum] : llvm::zip_equal(op.getResults(), *results))
      frame.set(result, std::move(datum));
  }
  return llvm::Error::success();
}

void FunctionInterpreter::forgetValues(Block &block) {
  if (!getCounter())
    return;
  for (BlockArgument argument : block.getArguments())
    frame.forget(argument);
  block.walk([&](Operation *op) {
    for (Value result : op->getResults())
      frame.forget(result);
  });
}

llvm::Expected<Data> FunctionInterpreter::runBlock(Block &block, ArrayRef<Datum> arguments) {
  if (llvm::Error error = runOps(block, arguments))
    return error;
  Data results;
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(frame.get(value));
  return results;
}

llvm::Expected<Data> FunctionInterpreter::evaluate(Operation *op) {
  using Result = llvm::Expected<Data>;
  if (auto constant = dyn_cast<arith::ConstantOp>(op))
    return evaluateConstant(op, constant.getValue());
  if (isa_and_nonnull<tensor::TensorDialect>(op->getDialect())) {
    llvm::Expected<std::optional<Data>> results = evaluateTensorOp(op, frame);
    if (!results)
      return results.takeError();
    if (*results)
      return std::move(**results);
  }
  if (findScalarFunction(op) || isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op))
    return evaluateScalarOp(op, frame);
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case<attn::AttentionOp, attn::OnlineAttentionOp, attn::FinalizeOp, attn::MergeOp, attn::PackOp, attn::SoftmaxOp,
            attn::OnlineSoftmaxOp, attn::NormalizeOp, attn::CrossEntropyOp>(
          [&](auto attnOp) { return evaluateOp(attnOp, frame); })
      .Case<affine::AffineDelinearizeIndexOp, affine::AffineLinearizeIndexOp>(
          [&](auto indexOp) { return evaluateIndexOp(indexOp, frame); })
      .Case([&](func::CallOp call) { return evaluateCall(call); })
      .Case([&](scf::IfOp branch) { return evaluateIf(branch); })
      .Case([&](scf::ForOp loop) { return evaluateFor(loop); })
      .Case([&](scf::ForallOp loop) { return evaluateForall(loop); })
      .Case([&](linalg::LinalgOp linalgOp) { return evaluateLinalgOp(linalgOp, frame); })
      .Default([&](Operation *) { return evaluateOther(op); });
}

llvm::Expected<Data> FunctionInterpreter::evaluateOther(Operation *op) {
  if (otherOps) {
    llvm::Expected<std::optional<Data>> results = otherOps(op, frame);
    if (!results)
      return results.takeError();
    if (*results)
      return std::move(**results);
  }
  return makeError(op, "is not an op that the evaluator knows");
}

llvm::Expected<Data> FunctionInterpreter::evaluateCall(func::CallOp op) {
  auto callee = SymbolTable::lookupNearestSymbolFrom<func::FuncOp>(op, op.getCalleeAttr());
  if (!callee)
    return makeError(op, "calls '" + op.getCallee() + "', which is unknown");
  if (depth == maxCallDepth)
    return makeError(op, "is the " + Twine(maxCallDepth) + "th nested call");
  Data arguments;
  for (Value operand : op.getOperands())
    arguments.push_back(frame.get(operand));
  return FunctionInterpreter(frame.getPrecision(), otherOps, depth + 1, getCounter()).call(callee, arguments);
}

llvm::Expected<Data> FunctionInterpreter::evaluateIf(scf::IfOp op) {
  Block *block = frame.getIndex(op.getCondition()) ? op.thenBlock() : op.elseBlock();
  return block ? runBlock(*block, {}) : Data();
}

llvm::Expected<Data> FunctionInterpreter::evaluateFor(scf::ForOp op) {
  int64_t lower = frame.getIndex(op.getLowerBound());
  int64_t upper = frame.getIndex(op.getUpperBound());
  int64_t step = frame.getIndex(op.getStep());
  if (step <= 0)
    return makeError(op, "has the step " + Twine(step) + ", which is not positive");
  Data carried;
  for (Value init : op.getInits())
    carried.push_back(frame.get(init));
  if (AccessCounter *counter = getCounter())
    counter->separate(carried);
  for (int64_t i = lower; i < upper; i += step) {
    Data arguments = {Number::of(i)};
    llvm::append_range(arguments, carried);
    llvm::Expected<Data> yielded = runBlock(*op.getBody(), arguments);
    if (!yielded)
      return yielded.takeError();
    carried = std::move(*yielded);
    forgetValues(*op.getBody());
  }
  return carried;
}

llvm::Expected<Data> FunctionInterpreter::evaluateForall(scf::ForallOp op) {
  SmallVector<int64_t> lower = frame.getIndices(op.getMixedLowerBound());
  SmallVector<int64_t> upper = frame.getIndices(op.getMixedUpperBound());
  SmallVector<int64_t> step = frame.getIndices(op.getMixedStep());
  SmallVector<int64_t> trips, at(lower.size(), 0);
  for (auto [begin, end, by] : llvm::zip_equal(lower, upper, step)) {
    if (by <= 0)
      return makeError(op, "has the step " + Twine(by) + ", which is not positive");
    trips.push_back(end > begin ? (end - begin + by - 1) / by : 0);
  }

  // Every iteration reads the outputs as they were before the loop.
  Data outputs, results;
  for (Value output : op.getOutputs())
    outputs.push_back(frame.get(output));
  AccessCounter *counter = getCounter();
  if (counter)
    counter->separate(outputs);
  results = outputs;
  llvm::Error failure = llvm::Error::success();
  SmallVector<unsigned> dims = llvm::to_vector(llvm::seq<unsigned>(0, lower.size()));
  forEachIndex(dims, trips, at, [&] {
    if (failure)
      return;
    Data arguments;
    for (auto [begin, by, index] : llvm::zip_equal(lower, step, at))
      arguments.push_back(Number::of(begin + by * index));
    llvm::append_range(arguments, outputs);
    if (counter)
      counter->enterIteration();
    failure = runOps(*op.getBody(), arguments);
    for (Operation &nested : op.getTerminator().getYieldingOps()) {
      auto insert = dyn_cast<tensor::ParallelInsertSliceOp>(nested);
      if (failure)
        return;
      if (!insert) {
        failure = makeError(&nested, "is not an op that the evaluator knows");
        return;
      }
      unsigned number = cast<BlockArgument>(insert.getDest()).getArgNumber() - lower.size();
      failure = insertSlice(insert, frame.getTensor(insert.getSource()), getSliceBounds(insert, frame),
                            std::get<DenseTensor>(results[number]));
      if (counter)
        counter->recordInsert(frame.getTensor(insert.getSource()), std::get<DenseTensor>(results[number]));
    }
    forgetValues(*op.getBody());
    if (counter)
      counter->leaveIteration();
  });
  if (failure)
    return std::move(failure);
  return results;
}
