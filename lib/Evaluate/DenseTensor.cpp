//===- DenseTensor.cpp - A tensor while it is computed with ---------------===//

#include "DenseTensor.h"

#include "llvm/Support/MathExtras.h"

#include <limits>
#include <unistd.h>

using namespace fovea;
using namespace fovea::evaluator;
using llvm::ArrayRef;

llvm::Expected<DenseTensor> DenseTensor::create(ElementType type, ArrayRef<int64_t> shape) {
  int64_t count = 1;
  bool overflow = false, empty = llvm::is_contained(shape, 0);
  for (int64_t size : shape) {
    if (size < 0)
      return llvm::createStringError("the size " + llvm::Twine(size) + " is negative");
    overflow |= !empty && llvm::MulOverflow(count, size, count);
  }
  if (empty)
    count = 0;
  int64_t limit = sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE);
  if (overflow || count > limit / int64_t(sizeof(Number)))
    return llvm::createStringError("a tensor of shape " + formatIndices(shape) + " does not fit into memory");
  Number poison = fovea::isFloat(type)
                      ? Number::of(std::numeric_limits<double>::quiet_NaN())
                      : Number::of(type == ElementType::I1 ? int64_t(0)
                                                           : llvm::SignExtend64(0x5a5a5a5a5a5a5a5a, getBitWidth(type)));
  DenseTensor tensor;
  tensor.type = type;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.data = std::make_shared<std::vector<Number>>(count, poison);
  return tensor;
}

llvm::Expected<DenseTensor> DenseTensor::fromHost(const HostTensor &source, ElementType type) {
  llvm::Expected<HostTensor> rounded = source.convert(type);
  if (!rounded)
    return rounded.takeError();
  llvm::Expected<DenseTensor> tensor = create(type, source.getShape());
  if (!tensor)
    return tensor.takeError();
  Number *element = tensor->getMutableData();
  for (int64_t i = 0, e = tensor->getNumElements(); i != e; ++i) {
    Scalar scalar = rounded->loadAt(i);
    *element++ = tensor->isFloat() ? Number::of(scalar.toDouble()) : Number::of(scalar.toInt());
  }
  return tensor;
}

llvm::Expected<HostTensor> DenseTensor::toHost(Precision precision) const {
  bool wide = isFloat() && precision == Precision::Reference;
  llvm::Expected<HostTensor> tensor = HostTensor::contiguous(wide ? ElementType::F64 : type, shape);
  if (!tensor)
    return tensor.takeError();
  for (int64_t i = 0, e = getNumElements(); i != e; ++i) {
    Number number = getData()[i];
    tensor->storeAt(i, isFloat() ? Scalar::ofFloat(number.floating) : Scalar::ofSigned(number.integer));
  }
  return tensor;
}

DenseTensor DenseTensor::reshape(ArrayRef<int64_t> newShape) const {
  DenseTensor result = *this;
  result.shape.assign(newShape.begin(), newShape.end());
  return result;
}

Number *DenseTensor::getMutableData() {
  if (data.use_count() > 1)
    data = std::make_shared<std::vector<Number>>(*data);
  return data->data();
}
