//===- LinalgEvaluator.cpp - linalg and elementwise ops -------------------===//
//
// The body of a linalg op, or a scalar op that is applied to tensors, is
// compiled once and run for every point of the iteration domain.
//
//===----------------------------------------------------------------------===//

#include "AccessCounter.h"
#include "IndexedAccess.h"
#include "RegionProgram.h"
#include "TensorEvaluators.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

namespace {

/// Where an operand of a linalg op is read: strides along the loops for the
/// results of its map that are linear, the rest evaluated point by point.
class LinalgAccess {
public:
  LinalgAccess(AffineMap map, ArrayRef<int64_t> shape) : strides(map.getNumDims(), 0) {
    SmallVector<int64_t> dimStrides = getContiguousStrides(shape);
    for (auto [expr, size, stride] : llvm::zip_equal(map.getResults(), shape, dimStrides)) {
      if (auto dim = dyn_cast<AffineDimExpr>(expr))
        strides[dim.getPosition()] += stride;
      else
        computed.push_back({expr, size, stride});
    }
  }

  /// The position for `indices`, or nothing where it is out of bounds.
  std::optional<int64_t> at(ArrayRef<int64_t> indices) const {
    int64_t position = 0;
    for (auto [index, stride] : llvm::zip_equal(indices, strides))
      position += index * stride;
    for (const Computed &result : computed) {
      int64_t index = evaluate(result.expr, indices);
      if (index < 0 || index >= result.size)
        return std::nullopt;
      position += index * result.stride;
    }
    return position;
  }

private:
  struct Computed {
    AffineExpr expr;
    int64_t size, stride;
  };

  static int64_t evaluate(AffineExpr expr, ArrayRef<int64_t> indices) {
    if (auto constant = dyn_cast<AffineConstantExpr>(expr))
      return constant.getValue();
    if (auto dim = dyn_cast<AffineDimExpr>(expr))
      return indices[dim.getPosition()];
    auto binary = cast<AffineBinaryOpExpr>(expr);
    int64_t lhs = evaluate(binary.getLHS(), indices);
    int64_t rhs = evaluate(binary.getRHS(), indices);
    switch (expr.getKind()) {
    case AffineExprKind::Add:
      return lhs + rhs;
    case AffineExprKind::Mul:
      return lhs * rhs;
    default:
      break;
    }
    // Affine semantics need a positive divisor; nothing is at index -1.
    if (rhs <= 0)
      return -1;
    int64_t remainder = (lhs % rhs + rhs) % rhs;
    if (expr.getKind() == AffineExprKind::Mod)
      return remainder;
    return (lhs - remainder) / rhs + (expr.getKind() == AffineExprKind::CeilDiv && remainder != 0);
  }

  SmallVector<int64_t> strides;
  SmallVector<Computed, 2> computed;
};

/// One operand of a linalg op.
struct LinalgOperand {
  DenseTensor tensor;
  LinalgAccess access;
  unsigned argument;
};

/// Extents of the loops, from the shapes of the operands.
llvm::Expected<SmallVector<int64_t>> getLoopExtents(linalg::LinalgOp op, const Frame &frame) {
  SmallVector<int64_t> shapes;
  for (OpOperand &operand : op->getOpOperands())
    if (isa<RankedTensorType>(operand.get().getType()))
      llvm::append_range(shapes, frame.getTensor(operand.get()).getShape());
  AffineMap map = op.getShapesToLoopsMap();
  if (!map)
    return makeError(op, "has loops whose extents no operand gives");
  return map.compose(shapes);
}

void countFlops(const Frame &frame, const RegionProgram &program) {
  if (AccessCounter *counter = frame.getCounter())
    counter->addFlops(program.getFlops());
}

} // namespace

llvm::Expected<Data> evaluator::evaluateLinalgOp(linalg::LinalgOp op, const Frame &frame) {
  llvm::Expected<SmallVector<int64_t>> extents = getLoopExtents(op, frame);
  if (!extents)
    return extents.takeError();
  llvm::Expected<RegionProgram> program = RegionProgram::compile(
      *op.getBlock(), op.getNumLoops(), frame.getPrecision(), [&](Value value) -> std::optional<Datum> {
        if (value.getParentBlock() != op.getBlock())
          return frame.get(value);
        Value operand = op->getOperand(cast<BlockArgument>(value).getArgNumber());
        if (isa<RankedTensorType>(operand.getType()))
          return std::nullopt;
        return frame.get(operand);
      });
  if (!program)
    return program.takeError();

  SmallVector<LinalgOperand> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<RankedTensorType>(operand.get().getType()))
      continue;
    const DenseTensor &tensor = frame.getTensor(operand.get());
    AffineMap map = op.getMatchingIndexingMap(&operand);
    for (auto [i, expr] : llvm::enumerate(map.getResults()))
      if (auto dim = dyn_cast<AffineDimExpr>(expr); dim && (*extents)[dim.getPosition()] != tensor.getShape()[i])
        return makeError(op, "operand " + Twine(operand.getOperandNumber()) + " has extent " +
                                 Twine(tensor.getShape()[i]) + " along dimension " + Twine(i) + ", expected " +
                                 Twine((*extents)[dim.getPosition()]));
    operands.push_back({tensor, LinalgAccess(map, tensor.getShape()), operand.getOperandNumber()});
  }
  MutableArrayRef<LinalgOperand> outputs = MutableArrayRef<LinalgOperand>(operands).take_back(op.getNumDpsInits());
  SmallVector<Number *> data;
  for (LinalgOperand &operand : operands)
    data.push_back(operand.argument < unsigned(op.getNumDpsInputs()) ? const_cast<Number *>(operand.tensor.getData())
                                                                     : operand.tensor.getMutableData());

  bool outOfBounds = false;
  SmallVector<int64_t> indices(extents->size(), 0), positions(operands.size());
  SmallVector<unsigned> dims = llvm::to_vector(llvm::seq<unsigned>(0, extents->size()));
  forEachIndex(dims, *extents, indices, [&] {
    for (auto [i, operand] : llvm::enumerate(operands)) {
      std::optional<int64_t> position = operand.access.at(indices);
      if (!position) {
        outOfBounds = true;
        return;
      }
      positions[i] = *position;
      program->setArgument(operand.argument, data[i][*position]);
    }
    for (unsigned d : dims)
      program->setIndex(d, indices[d]);
    program->run();
    size_t first = operands.size() - outputs.size();
    for (size_t i = 0; i != outputs.size(); ++i)
      data[first + i][positions[first + i]] = program->getResult(i);
  });
  if (outOfBounds)
    return makeError(op, "reads an operand out of bounds");
  countFlops(frame, *program);
  if (llvm::Error error = program->takeError())
    return error;
  Data results;
  for (LinalgOperand &output : outputs)
    results.push_back(std::move(output.tensor));
  return results;
}

llvm::Expected<Data> evaluator::evaluateScalarOp(Operation *op, const Frame &frame) {
  llvm::Expected<RegionProgram> program = RegionProgram::compile(op, frame.getPrecision());
  if (!program)
    return program.takeError();
  const DenseTensor *shaped = nullptr;
  SmallVector<const Number *, 3> elements(op->getNumOperands(), nullptr);
  for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
    const Datum &datum = frame.get(operand);
    if (auto *number = std::get_if<Number>(&datum)) {
      program->setArgument(i, *number);
      continue;
    }
    const DenseTensor &tensor = std::get<DenseTensor>(datum);
    if (shaped && shaped->getShape() != tensor.getShape())
      return makeError(op, "has operands of shapes " + formatIndices(shaped->getShape()) + " and " +
                               formatIndices(tensor.getShape()));
    shaped = &tensor;
    elements[i] = tensor.getData();
  }
  if (!shaped) {
    program->run();
    countFlops(frame, *program);
    if (llvm::Error error = program->takeError())
      return error;
    return Data{program->getResult()};
  }
  llvm::Expected<DenseTensor> result =
      DenseTensor::create(*getElementType(op->getResult(0).getType()), shaped->getShape());
  if (!result)
    return makeError(op, toString(result.takeError()));
  Number *data = result->getMutableData();
  for (int64_t e = 0, count = result->getNumElements(); e != count; ++e) {
    for (auto [i, operand] : llvm::enumerate(elements))
      if (operand)
        program->setArgument(i, operand[e]);
    program->run();
    data[e] = program->getResult();
  }
  countFlops(frame, *program);
  if (llvm::Error error = program->takeError())
    return error;
  return Data{*result};
}
