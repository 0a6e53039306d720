//===- TensorEvaluator.cpp - the tensor dialect and constants -------------===//

#include "IndexedAccess.h"
#include "RegionProgram.h"
#include "TensorEvaluators.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace fovea;
using namespace fovea::evaluator;

//===----------------------------------------------------------------------===//
// Slices
//===----------------------------------------------------------------------===//

void SliceBounds::forEachElement(ArrayRef<int64_t> shape, llvm::function_ref<void(int64_t, int64_t)> visit) const {
  SmallVector<int64_t> tensorStrides = getContiguousStrides(shape);
  SmallVector<int64_t> indices(sizes.size(), 0);
  SmallVector<unsigned> dims = llvm::to_vector(llvm::seq<unsigned>(0, sizes.size()));
  int64_t next = 0;
  forEachIndex(dims, sizes, indices, [&] {
    int64_t position = 0;
    for (unsigned d : dims)
      position += (offsets[d] + indices[d] * strides[d]) * tensorStrides[d];
    visit(position, next++);
  });
}

llvm::Error SliceBounds::check(Operation *op, ArrayRef<int64_t> shape) const {
  if (llvm::any_of(sizes, [](int64_t size) { return size < 0; }))
    return makeError(op, "has a negative size among " + formatIndices(sizes));
  if (llvm::is_contained(sizes, 0))
    return llvm::Error::success();
  for (auto [offset, size, stride, extent] : llvm::zip_equal(offsets, sizes, strides, shape)) {
    int64_t last = offset + (size - 1) * stride;
    if (offset < 0 || offset >= extent || last < 0 || last >= extent)
      return makeError(op, "takes sizes " + formatIndices(sizes) + " at offsets " + formatIndices(offsets) +
                               " of a tensor of shape " + formatIndices(shape));
  }
  return llvm::Error::success();
}

llvm::Error evaluator::insertSlice(Operation *op, const DenseTensor &source, const SliceBounds &bounds,
                                   DenseTensor &destination) {
  if (llvm::Error error = bounds.check(op, destination.getShape()))
    return error;
  int64_t count = 1;
  for (int64_t size : bounds.sizes)
    count *= size;
  if (count != source.getNumElements())
    return makeError(op, "inserts a tensor of shape " + formatIndices(source.getShape()) + " into a slice of sizes " +
                             formatIndices(bounds.sizes));
  Number *data = destination.getMutableData();
  bounds.forEachElement(destination.getShape(),
                        [&](int64_t inTensor, int64_t inSlice) { data[inTensor] = source.getData()[inSlice]; });
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Single ops
//===----------------------------------------------------------------------===//

namespace {

using Result = llvm::Expected<std::optional<Data>>;

/// A tensor of `type` whose dynamic extents are `dynamic`.
llvm::Expected<DenseTensor> createTensor(Operation *op, Type type, ArrayRef<int64_t> dynamic) {
  auto shaped = cast<RankedTensorType>(type);
  SmallVector<int64_t> shape(shaped.getShape());
  for (int64_t &size : shape)
    if (ShapedType::isDynamic(size)) {
      size = dynamic.front();
      dynamic = dynamic.drop_front();
    }
  std::optional<ElementType> element = getElementType(shaped);
  if (!element)
    return makeError(op, "has an element type that the evaluator does not know");
  llvm::Expected<DenseTensor> tensor = DenseTensor::create(*element, shape);
  if (!tensor)
    return makeError(op, toString(tensor.takeError()));
  return tensor;
}

class TensorEvaluator {
public:
  TensorEvaluator(Operation *op, const Frame &frame) : op(op), frame(frame) {}

  Result run();

private:
  SmallVector<int64_t> getIndices(ValueRange values) {
    return llvm::map_to_vector(values, [&](Value value) { return frame.getIndex(value); });
  }
  /// Row-major position of one element.
  llvm::Expected<int64_t> getPosition(const DenseTensor &tensor, ValueRange indices);
  Result extract(tensor::ExtractOp op);
  Result insert(tensor::InsertOp op);
  Result extractSlice(tensor::ExtractSliceOp op);
  Result insertSlice(tensor::InsertSliceOp op);
  Result reshape(Value source, ArrayRef<int64_t> shape);
  Result collapse(tensor::CollapseShapeOp op);
  Result pad(tensor::PadOp op);
  Result generate(tensor::GenerateOp op);
  Result fromElements(tensor::FromElementsOp op);
  Result splat(tensor::SplatOp op);
  /// Runs `body` for every element of `tensor`, indices as arguments.
  llvm::Error fill(Region &body, DenseTensor &tensor);

  Operation *op;
  const Frame &frame;
};

Result TensorEvaluator::run() {
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](tensor::EmptyOp empty) -> Result {
        llvm::Expected<DenseTensor> tensor = createTensor(op, empty.getType(), getIndices(empty.getDynamicSizes()));
        if (!tensor)
          return tensor.takeError();
        return Data{*tensor};
      })
      .Case([&](tensor::DimOp dim) -> Result {
        ArrayRef<int64_t> shape = frame.getTensor(dim.getSource()).getShape();
        int64_t index = frame.getIndex(dim.getIndex());
        if (index < 0 || index >= int64_t(shape.size()))
          return makeError(op, "asks for dimension " + Twine(index) + " of " + Twine(shape.size()));
        return Data{Number::of(shape[index])};
      })
      .Case(
          [&](tensor::RankOp rank) -> Result { return Data{Number::of(frame.getTensor(rank.getTensor()).getRank())}; })
      .Case([&](tensor::CastOp cast) -> Result { return Data{frame.get(cast.getSource())}; })
      .Case([&](tensor::ExpandShapeOp expand) -> Result {
        return reshape(expand.getSrc(), frame.getIndices(expand.getMixedOutputShape()));
      })
      .Case([&](tensor::CollapseShapeOp collapseOp) { return collapse(collapseOp); })
      .Case([&](tensor::ExtractOp extractOp) { return extract(extractOp); })
      .Case([&](tensor::InsertOp insertOp) { return insert(insertOp); })
      .Case([&](tensor::ExtractSliceOp slice) { return extractSlice(slice); })
      .Case([&](tensor::InsertSliceOp slice) { return insertSlice(slice); })
      .Case([&](tensor::PadOp padOp) { return pad(padOp); })
      .Case([&](tensor::GenerateOp generateOp) { return generate(generateOp); })
      .Case([&](tensor::FromElementsOp elements) { return fromElements(elements); })
      .Case([&](tensor::SplatOp splatOp) { return splat(splatOp); })
      .Default([](Operation *) -> Result { return std::nullopt; });
}

llvm::Expected<int64_t> TensorEvaluator::getPosition(const DenseTensor &tensor, ValueRange indices) {
  int64_t position = 0;
  SmallVector<int64_t> at = getIndices(indices);
  for (auto [index, size] : llvm::zip_equal(at, tensor.getShape())) {
    if (index < 0 || index >= size)
      return makeError(op, "is out of bounds: " + formatIndices(at) + " of a tensor of shape " +
                               formatIndices(tensor.getShape()));
    position = position * size + index;
  }
  return position;
}

Result TensorEvaluator::extract(tensor::ExtractOp op) {
  const DenseTensor &tensor = frame.getTensor(op.getTensor());
  llvm::Expected<int64_t> position = getPosition(tensor, op.getIndices());
  if (!position)
    return position.takeError();
  return Data{tensor.getData()[*position]};
}

Result TensorEvaluator::insert(tensor::InsertOp op) {
  DenseTensor tensor = frame.getTensor(op.getDest());
  llvm::Expected<int64_t> position = getPosition(tensor, op.getIndices());
  if (!position)
    return position.takeError();
  tensor.getMutableData()[*position] = frame.getNumber(op.getScalar());
  return Data{tensor};
}

Result TensorEvaluator::extractSlice(tensor::ExtractSliceOp op) {
  const DenseTensor &source = frame.getTensor(op.getSource());
  SliceBounds bounds = getSliceBounds(op, frame);
  if (llvm::Error error = bounds.check(op, source.getShape()))
    return error;
  llvm::Expected<DenseTensor> slice = DenseTensor::create(source.getElementType(), bounds.sizes);
  if (!slice)
    return makeError(op, toString(slice.takeError()));
  Number *data = slice->getMutableData();
  bounds.forEachElement(source.getShape(),
                        [&](int64_t inTensor, int64_t inSlice) { data[inSlice] = source.getData()[inTensor]; });
  llvm::SmallBitVector dropped = op.getDroppedDims();
  SmallVector<int64_t> shape;
  for (auto [d, size] : llvm::enumerate(bounds.sizes))
    if (!dropped.test(d))
      shape.push_back(size);
  return Data{slice->reshape(shape)};
}

Result TensorEvaluator::insertSlice(tensor::InsertSliceOp op) {
  DenseTensor tensor = frame.getTensor(op.getDest());
  if (llvm::Error error =
          evaluator::insertSlice(op, frame.getTensor(op.getSource()), getSliceBounds(op, frame), tensor))
    return error;
  return Data{tensor};
}

Result TensorEvaluator::reshape(Value source, ArrayRef<int64_t> shape) {
  const DenseTensor &tensor = frame.getTensor(source);
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  if (count != tensor.getNumElements())
    return makeError(op, "gives " + formatIndices(tensor.getShape()) + " the shape " + formatIndices(shape));
  return Data{tensor.reshape(shape)};
}

Result TensorEvaluator::collapse(tensor::CollapseShapeOp op) {
  ArrayRef<int64_t> from = frame.getTensor(op.getSrc()).getShape();
  SmallVector<int64_t> shape;
  for (const ReassociationIndices &group : op.getReassociationIndices()) {
    shape.push_back(1);
    for (int64_t d : group)
      shape.back() *= from[d];
  }
  return reshape(op.getSrc(), shape);
}

llvm::Error TensorEvaluator::fill(Region &body, DenseTensor &tensor) {
  llvm::Expected<RegionProgram> program =
      RegionProgram::compile(body.front(), 0, frame.getPrecision(), [&](Value value) -> std::optional<Datum> {
        if (value.getParentRegion() == &body)
          return std::nullopt;
        return frame.get(value);
      });
  if (!program)
    return program.takeError();
  Number *data = tensor.getMutableData();
  SmallVector<int64_t> indices(tensor.getRank(), 0);
  SmallVector<unsigned> dims = llvm::to_vector(llvm::seq<unsigned>(0, tensor.getRank()));
  forEachIndex(dims, tensor.getShape(), indices, [&] {
    for (unsigned d : dims)
      program->setArgument(d, Number::of(indices[d]));
    program->run();
    *data++ = program->getResult();
  });
  return program->takeError();
}

Result TensorEvaluator::pad(tensor::PadOp op) {
  const DenseTensor &source = frame.getTensor(op.getSource());
  SliceBounds bounds;
  bounds.offsets = frame.getIndices(op.getMixedLowPad());
  SmallVector<int64_t> high = frame.getIndices(op.getMixedHighPad()), shape;
  for (auto [low, size, above] : llvm::zip_equal(bounds.offsets, source.getShape(), high)) {
    if (low < 0 || above < 0)
      return makeError(op, "pads by a negative size");
    shape.push_back(low + size + above);
    bounds.sizes.push_back(size);
    bounds.strides.push_back(1);
  }
  llvm::Expected<DenseTensor> padded = DenseTensor::create(source.getElementType(), shape);
  if (!padded)
    return makeError(op, toString(padded.takeError()));
  if (llvm::Error error = fill(op.getRegion(), *padded))
    return error;
  if (llvm::Error error = evaluator::insertSlice(op, source, bounds, *padded))
    return error;
  return Data{*padded};
}

Result TensorEvaluator::generate(tensor::GenerateOp op) {
  llvm::Expected<DenseTensor> tensor = createTensor(op, op.getType(), getIndices(op.getDynamicExtents()));
  if (!tensor)
    return tensor.takeError();
  if (llvm::Error error = fill(op.getBody(), *tensor))
    return error;
  return Data{*tensor};
}

Result TensorEvaluator::fromElements(tensor::FromElementsOp op) {
  llvm::Expected<DenseTensor> tensor = createTensor(op, op.getType(), {});
  if (!tensor)
    return tensor.takeError();
  Number *data = tensor->getMutableData();
  for (Value element : op.getElements())
    *data++ = frame.getNumber(element);
  return Data{*tensor};
}

Result TensorEvaluator::splat(tensor::SplatOp op) {
  llvm::Expected<DenseTensor> tensor = createTensor(op, op.getType(), getIndices(op.getDynamicSizes()));
  if (!tensor)
    return tensor.takeError();
  std::fill_n(tensor->getMutableData(), tensor->getNumElements(), frame.getNumber(op.getInput()));
  return Data{*tensor};
}

/// The number that an attribute of a scalar type holds.
std::optional<Number> getNumber(Attribute attribute) {
  if (auto real = dyn_cast<FloatAttr>(attribute))
    return Number::of(real.getValueAsDouble());
  if (auto integer = dyn_cast<IntegerAttr>(attribute)) {
    const APInt &value = integer.getValue();
    return Number::of(value.getBitWidth() == 1 ? int64_t(value.isOne()) : value.getSExtValue());
  }
  return std::nullopt;
}

} // namespace

Result evaluator::evaluateTensorOp(Operation *op, const Frame &frame) { return TensorEvaluator(op, frame).run(); }

llvm::Expected<Data> evaluator::evaluateConstant(Operation *op, Attribute value) {
  if (std::optional<Number> number = getNumber(value))
    return Data{*number};
  auto elements = dyn_cast<DenseElementsAttr>(value);
  if (!elements || !isa<RankedTensorType>(elements.getType()))
    return makeError(op, "is no number or dense tensor");
  llvm::Expected<DenseTensor> tensor = createTensor(op, elements.getType(), {});
  if (!tensor)
    return tensor.takeError();
  Number *data = tensor->getMutableData();
  for (Attribute element : elements.getValues<Attribute>())
    *data++ = *getNumber(element);
  return Data{*tensor};
}
