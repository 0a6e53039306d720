//===- RewriteCrossEntropy.cpp - cross-entropy by the online state --------===//
//
//   attn.cross_entropy ins(%x, %t) outs(%loss)
//
// becomes
//
//   %m, %l = attn.online_softmax dimension(...) ins(%x) outs(-inf, 0)
//   linalg.generic: lse = m + log l
//   linalg.generic: loss = lse - x[t], x[t] read where t is a class
//
// so that the probabilities never exist in memory.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/IR/DomainLinalg.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <limits>

using namespace mlir;
using namespace mlir::attn;

namespace {

class CrossEntropyRewriting {
public:
  CrossEntropyRewriting(RewriterBase &rewriter, CrossEntropyOp op)
      : op(op), domain(rewriter, cast<TilingInterface>(op.getOperation())), builder(domain.getBuilder()),
        classDim(domain.numDims() - 1), rows(llvm::to_vector(llvm::seq<unsigned>(0, classDim))) {
    auto element = cast<ShapedType>(op.getLogits().getType()).getElementType();
    compute = element.isF64() ? element : builder.getF32Type();
    SmallVector<AffineMap> maps = op.getMappedOperandMaps();
    logits = {op.getLogits(), maps[0]};
    target = {op.getTarget(), maps[1]};
    loss = {op.getOutputs()[0], maps[2]};
    lse = op.getReturnLse() ? DomainTensor{op.getOutputs()[1], maps[3]} : domain.empty(rows, compute);
  }

  /// The values that replace the op's results.
  SmallVector<Value> run();

private:
  void computeLse();
  DomainTensor sumOverClasses();
  DomainTensor lossOfRows(DomainTensor output);
  DomainTensor reduceRows(DomainTensor rowLosses);
  Value countRows();

  Value isIgnored(ImplicitLocOpBuilder &b, Value targetIndex);
  Value targetLogit(ImplicitLocOpBuilder &b, Value targetIndex, Value classes);
  double smoothing() {
    auto given = op.getLabelSmoothing();
    return given ? given->convertToDouble() : 0;
  }
  double zLoss() { return op.getZLoss() ? op.getZLoss()->convertToDouble() : 0; }

  CrossEntropyOp op;
  DomainLinalg domain;
  ImplicitLocOpBuilder &builder;
  unsigned classDim;
  SmallVector<unsigned> rows;
  Type compute;
  DomainTensor logits, target, loss, lse;
};

} // namespace

/// The target as a signed index, whatever its type.
static Value toIndex(ImplicitLocOpBuilder &b, Value value) {
  if (value.getType().isIndex())
    return value;
  return arith::IndexCastOp::create(b, b.getIndexType(), value);
}

void CrossEntropyRewriting::computeLse() {
  Value lowest = floatConstant(builder, compute, -std::numeric_limits<double>::infinity());
  Value zero = floatConstant(builder, compute, 0);
  DomainTensor max = domain.filled(rows, lowest);
  DomainTensor sum = domain.filled(rows, zero);
  auto online =
      OnlineSoftmaxOp::create(builder, TypeRange{max.tensor.getType(), sum.tensor.getType()}, op.getLogits(),
                              /*captures=*/ValueRange(), /*offsets=*/ValueRange(), ValueRange{max.tensor, sum.tensor},
                              /*maps=*/ArrayAttr(), classDim, ExpBase::E, /*static_offsets=*/DenseI64ArrayAttr());
  online->setDiscardableAttrs(op->getDiscardableAttrDictionary());
  max.tensor = online.getResult(0);
  sum.tensor = online.getResult(1);
  lse = domain.generic({max, sum}, lse, [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    Value log = math::LogOp::create(b, in[1]);
    return arith::AddFOp::create(b, in[0], log);
  });
}

DomainTensor CrossEntropyRewriting::sumOverClasses() {
  DomainTensor zero = domain.filled(rows, floatConstant(builder, compute, 0));
  return domain.generic({logits}, zero, [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    Value x = convertFloat(b, in[0], compute);
    return arith::AddFOp::create(b, in[1], x);
  });
}

Value CrossEntropyRewriting::isIgnored(ImplicitLocOpBuilder &b, Value targetIndex) {
  Value ignored = arith::ConstantIndexOp::create(b, *op.getIgnoreIndex());
  return arith::CmpIOp::create(b, arith::CmpIPredicate::eq, targetIndex, ignored);
}

/// x[t], or NaN where t is no class; nothing is read there.
Value CrossEntropyRewriting::targetLogit(ImplicitLocOpBuilder &b, Value targetIndex, Value classes) {
  // One unsigned comparison: a negative target is a large number.
  Value isClass = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, targetIndex, classes);
  // linalg.index is legal directly in the body only.
  SmallVector<Value> position;
  for (unsigned d : rows)
    position.push_back(linalg::IndexOp::create(b, d));
  position.push_back(targetIndex);
  auto read = [&](OpBuilder &nested, Location loc) {
    ImplicitLocOpBuilder inner(loc, nested);
    Value x = tensor::ExtractOp::create(inner, op.getLogits(), position);
    scf::YieldOp::create(inner, convertFloat(inner, x, compute));
  };
  auto refuse = [&](OpBuilder &nested, Location loc) {
    ImplicitLocOpBuilder inner(loc, nested);
    Value nan = floatConstant(inner, compute, std::numeric_limits<double>::quiet_NaN());
    scf::YieldOp::create(inner, nan);
  };
  return scf::IfOp::create(b, isClass, read, refuse).getResult(0);
}

DomainTensor CrossEntropyRewriting::lossOfRows(DomainTensor output) {
  Value classes = getValueOrCreateConstantIndexOp(builder, op.getLoc(), domain.size(classDim));
  double eps = smoothing();
  SmallVector<DomainTensor> inputs = {target, lse};
  Value share; // eps / C
  if (eps > 0) {
    inputs.push_back(sumOverClasses());
    Value count = arith::IndexCastOp::create(builder, builder.getI64Type(), classes);
    count = arith::SIToFPOp::create(builder, compute, count);
    share = arith::DivFOp::create(builder, floatConstant(builder, compute, eps), count);
  }
  return domain.generic(inputs, output, [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    Value t = toIndex(b, in[0]), lse = in[1];
    Value x = targetLogit(b, t, classes);
    if (eps > 0)
      x = arith::MulFOp::create(b, x, floatConstant(b, compute, 1 - eps));
    Value result = arith::SubFOp::create(b, lse, x);
    if (eps > 0) {
      Value smooth = arith::MulFOp::create(b, in[2], share);
      result = arith::SubFOp::create(b, result, smooth);
    }
    if (zLoss() > 0) {
      Value square = arith::MulFOp::create(b, lse, lse);
      Value weight = floatConstant(b, compute, zLoss());
      Value penalty = arith::MulFOp::create(b, square, weight);
      result = arith::AddFOp::create(b, result, penalty);
    }
    if (!op.getIgnoreIndex())
      return result;
    Value ignored = isIgnored(b, t);
    return arith::SelectOp::create(b, ignored, floatConstant(b, compute, 0), result);
  });
}

/// How many rows take part in the mean, in the compute type.
Value CrossEntropyRewriting::countRows() {
  Value count;
  if (op.getIgnoreIndex()) {
    Value zero = arith::ConstantOp::create(builder, builder.getI64IntegerAttr(0));
    DomainTensor counted =
        domain.generic({target}, domain.filled({}, zero), [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
          Value ignored = isIgnored(b, toIndex(b, in[0]));
          Value next = arith::AddIOp::create(b, in[1], arith::ConstantOp::create(b, b.getI64IntegerAttr(1)));
          return arith::SelectOp::create(b, ignored, in[1], next);
        });
    count = tensor::ExtractOp::create(builder, counted.tensor, ValueRange());
  } else {
    count = arith::ConstantIndexOp::create(builder, 1);
    for (unsigned d : rows)
      count =
          arith::MulIOp::create(builder, count, getValueOrCreateConstantIndexOp(builder, op.getLoc(), domain.size(d)));
    count = arith::IndexCastOp::create(builder, builder.getI64Type(), count);
  }
  return arith::SIToFPOp::create(builder, compute, count);
}

DomainTensor CrossEntropyRewriting::reduceRows(DomainTensor rowLosses) {
  bool isMean = op.getReduction() == LossReduction::Mean;
  Value zero = floatConstant(builder, compute, 0);
  DomainTensor init = domain.filled({}, zero);
  DomainTensor total = domain.generic({rowLosses}, init, [](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    return arith::AddFOp::create(b, in[1], in[0]);
  });
  Value count = isMean ? countRows() : Value();
  return domain.generic({total}, loss, [&](ImplicitLocOpBuilder &b, ValueRange in) -> Value {
    return count ? arith::DivFOp::create(b, in[0], count).getResult() : in[0];
  });
}

SmallVector<Value> CrossEntropyRewriting::run() {
  computeLse();
  if (op.getReduction() == LossReduction::None)
    loss = lossOfRows(loss);
  else
    loss = reduceRows(lossOfRows(domain.empty(rows, compute)));
  SmallVector<Value> results = {loss.tensor};
  if (op.getReturnLse())
    results.push_back(lse.tensor);
  return results;
}

LogicalResult mlir::attn::rewriteOnlineSoftmax(RewriterBase &rewriter, CrossEntropyOp op) {
  if (!op.hasPureTensorSemantics())
    return op.emitOpError("can be rewritten on tensors only");
  OpBuilder::InsertionGuard guard(rewriter);
  rewriter.setInsertionPoint(op);
  rewriter.replaceOp(op, CrossEntropyRewriting(rewriter, op).run());
  return success();
}
