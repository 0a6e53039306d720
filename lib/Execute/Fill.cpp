//===- Fill.cpp - Generated contents of host tensors ----------------------===//
//
// All fills walk the elements in row-major order and store one value each.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Fill.h"
#include "fovea/Execute/Philox.h"

using namespace fovea;

/// The row-major index of the element that the cursor is at, taken as the first
/// along every dimension that repeats one element.
static uint64_t getStoredIndex(const HostTensor &tensor, const ElementCursor &cursor) {
  uint64_t index = 0;
  for (auto [i, size, stride] : llvm::zip_equal(cursor.getIndices(), tensor.getShape(), tensor.getStrides()))
    index = index * size + (stride == 0 ? 0 : i);
  return index;
}

void fovea::fillRandom(HostTensor &tensor, const RandomOptions &options) {
  RandomStream random(options.seed, options.stream);
  ElementType type = tensor.getElementType();
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance()) {
    uint64_t index = getStoredIndex(tensor, cursor);
    Scalar value = isFloat(type)             ? Scalar::ofFloat(random.getNormal(index))
                   : type == ElementType::I1 ? Scalar::ofUnsigned(random.getBool(index))
                                             : Scalar::ofUnsigned(random.getBelow(options.integerLimit, index));
    tensor.storeAt(cursor.getPosition(), value);
  }
}

void fovea::fillZeros(HostTensor &tensor) {
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance())
    tensor.storeAt(cursor.getPosition(), Scalar::ofUnsigned(0));
}

llvm::Error fovea::fillNumber(HostTensor &tensor, Scalar value) {
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance())
    if (!tensor.storeAt(cursor.getPosition(), value))
      return llvm::createStringError("the number is out of the range of " + tensor.getTypeString());
  return llvm::Error::success();
}

llvm::Error fovea::fillIota(HostTensor &tensor) {
  bool isBool = tensor.getElementType() == ElementType::I1;
  for (ElementCursor cursor(tensor); !cursor.atEnd(); cursor.advance()) {
    uint64_t index = getStoredIndex(tensor, cursor);
    if (!tensor.storeAt(cursor.getPosition(), Scalar::ofUnsigned(isBool ? index % 2 : index)))
      return llvm::createStringError("iota does not fit " + tensor.getTypeString() + ": the index " +
                                     llvm::Twine(index) + " is out of the element type's range");
  }
  return llvm::Error::success();
}
