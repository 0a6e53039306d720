//===- HostTensor.cpp - A strided tensor in host memory -------------------===//
//
// Sizes come from users, so every product of them is checked before memory is
// asked for.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/HostTensor.h"

#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <unistd.h>

using namespace fovea;
using llvm::ArrayRef;

llvm::SmallVector<int64_t> fovea::getContiguousStrides(ArrayRef<int64_t> shape) {
  llvm::SmallVector<int64_t> strides(shape.size());
  int64_t stride = 1;
  for (size_t dim = shape.size(); dim-- > 0;) {
    strides[dim] = stride;
    // Overflow is found when the extent is computed; a size of 0 is no reason
    // for equal strides.
    if (llvm::MulOverflow(stride, std::max<int64_t>(shape[dim], 1), stride))
      stride = std::numeric_limits<int64_t>::max();
  }
  return strides;
}

std::string fovea::formatIndices(ArrayRef<int64_t> indices) {
  return "[" + llvm::join(llvm::map_range(indices, [](int64_t i) { return std::to_string(i); }), ", ") + "]";
}

static std::string formatType(ElementType type, ArrayRef<int64_t> shape) {
  std::string text;
  for (int64_t size : shape)
    text += std::to_string(size) + "x";
  return text + getName(type).str();
}

/// Bytes of physical memory; asking for more would end in a kill, not in a
/// null pointer.
static int64_t getMemoryBytes() {
  int64_t bytes;
  if (llvm::MulOverflow<int64_t>(sysconf(_SC_PHYS_PAGES), sysconf(_SC_PAGESIZE), bytes) || bytes <= 0)
    return std::numeric_limits<int64_t>::max();
  return bytes;
}

llvm::Expected<HostTensor> HostTensor::contiguous(ElementType type, ArrayRef<int64_t> shape) {
  return strided(type, shape, getContiguousStrides(shape));
}

llvm::Expected<HostTensor> HostTensor::strided(ElementType type, ArrayRef<int64_t> shape, ArrayRef<int64_t> strides,
                                               int64_t offset) {
  auto fail = [&](const llvm::Twine &reason) {
    return llvm::createStringError("tensor " + formatType(type, shape) + ": " + reason);
  };
  if (shape.size() != strides.size())
    return fail("got " + llvm::Twine(strides.size()) + " strides, expected one per dimension, " +
                llvm::Twine(shape.size()));
  for (int64_t size : shape)
    if (size < 0)
      return fail("the size " + llvm::Twine(size) + " is negative");

  // The first and last position any element takes.
  int64_t low = offset, high = offset, bytes = 0;
  bool empty = llvm::is_contained(shape, 0), overflow = false;
  for (auto [size, stride] : llvm::zip_equal(shape, strides)) {
    int64_t reach = 0, &end = stride < 0 ? low : high;
    overflow |= !empty && (llvm::MulOverflow(size - 1, stride, reach) || llvm::AddOverflow(end, reach, end));
  }
  if (low < 0 && !overflow)
    return fail("strides " + formatIndices(strides) + " from offset " + llvm::Twine(offset) + " reach " +
                llvm::Twine(-low) + " elements before the storage");
  // Room up to the offset, even if no element lies there.
  int64_t count = empty ? offset : 0;
  overflow = overflow || (!empty && llvm::AddOverflow<int64_t>(high, 1, count)) ||
             llvm::MulOverflow<int64_t>(count, getByteSize(type), bytes) ||
             llvm::AddOverflow<int64_t>(bytes, alignment, bytes);
  // The element count of a broadcast is not bounded by its storage.
  int64_t numElements = 1;
  for (int64_t size : shape)
    overflow |= !empty && llvm::MulOverflow(numElements, size, numElements);
  if (overflow)
    return fail("the size overflows 64 bits");
  // Always a little more than the elements need: a read past them is of poison.
  bytes = bytes / alignment * alignment;
  if (bytes > getMemoryBytes())
    return fail(llvm::Twine(bytes) + " bytes are more than this machine's " + llvm::Twine(getMemoryBytes()));

  HostTensor tensor;
  tensor.storage.reset(static_cast<char *>(std::aligned_alloc(alignment, bytes)));
  if (!tensor.storage)
    return fail("cannot allocate " + llvm::Twine(bytes) + " bytes");
  tensor.elementType = type;
  tensor.shape.assign(shape.begin(), shape.end());
  tensor.strides.assign(strides.begin(), strides.end());
  tensor.offset = offset;
  tensor.storageBytes = bytes;
  tensor.poison();
  return std::move(tensor);
}

int64_t HostTensor::getNumElements() const {
  int64_t count = 1;
  for (int64_t size : shape)
    count *= size;
  return count;
}

std::string HostTensor::getTypeString() const { return formatType(elementType, shape); }

int64_t HostTensor::getPosition(ArrayRef<int64_t> indices) const {
  assert(indices.size() == shape.size() && "one index per dimension");
  int64_t position = offset;
  for (auto [index, size, stride] : llvm::zip_equal(indices, shape, strides)) {
    assert(index >= 0 && index < size && "index out of bounds");
    position += index * stride;
  }
  return position;
}

Scalar HostTensor::loadAt(int64_t position) const {
  return Scalar::load(elementType, storage.get() + position * getByteSize(elementType));
}

bool HostTensor::storeAt(int64_t position, Scalar value) {
  return value.store(elementType, storage.get() + position * getByteSize(elementType));
}

double HostTensor::getDouble(ArrayRef<int64_t> indices) const { return loadAt(getPosition(indices)).toDouble(); }

int64_t HostTensor::getInt(ArrayRef<int64_t> indices) const { return loadAt(getPosition(indices)).toInt(); }

void HostTensor::setDouble(ArrayRef<int64_t> indices, double value) {
  storeAt(getPosition(indices), Scalar::ofFloat(value));
}

void HostTensor::setInt(ArrayRef<int64_t> indices, int64_t value) {
  storeAt(getPosition(indices), Scalar::ofSigned(value));
}

void HostTensor::poison() {
  if (!isFloat(elementType)) {
    std::memset(storage.get(), elementType == ElementType::I1 ? 0 : 0x5a, storageBytes);
    return;
  }
  unsigned step = getByteSize(elementType);
  char pattern[sizeof(double)];
  Scalar::ofFloat(std::numeric_limits<double>::quiet_NaN()).store(elementType, pattern);
  for (int64_t byte = 0; byte < storageBytes; byte += step)
    std::memcpy(storage.get() + byte, pattern, step);
}

void HostTensor::reinterpret(ElementType type) {
  assert(getByteSize(type) == getByteSize(elementType) && "of the same size");
  elementType = type;
}

llvm::Error HostTensor::assign(const HostTensor &source) {
  if (source.getShape() != getShape())
    return llvm::createStringError("got " + source.getTypeString() + ", expected the shape of " + getTypeString());
  ElementCursor from(source), to(*this);
  for (; !to.atEnd(); to.advance(), from.advance()) {
    Scalar value = source.loadAt(from.getPosition());
    if (storeAt(to.getPosition(), value))
      continue;
    return llvm::createStringError("the value %g at %s is out of the range of %s", value.toDouble(),
                                   formatIndices(to.getIndices()).c_str(), getName(elementType).str().c_str());
  }
  return llvm::Error::success();
}

llvm::Expected<HostTensor> HostTensor::convert(ElementType type) const {
  llvm::Expected<HostTensor> result = contiguous(type, shape);
  if (!result)
    return result.takeError();
  if (llvm::Error error = result->assign(*this))
    return std::move(error);
  return result;
}

ElementCursor::ElementCursor(const HostTensor &tensor)
    : shape(tensor.getShape()), strides(tensor.getStrides()), indices(shape.size(), 0), position(tensor.getOffset()),
      done(llvm::is_contained(shape, 0)) {}

void ElementCursor::advance() {
  for (size_t dim = shape.size(); dim-- > 0;) {
    position += strides[dim];
    if (++indices[dim] < shape[dim])
      return;
    position -= shape[dim] * strides[dim];
    indices[dim] = 0;
  }
  done = true;
}
