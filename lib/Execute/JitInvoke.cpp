//===- JitInvoke.cpp - Calling compiled code ------------------------------===//
//
// Tensors go in as strided memref descriptors of MLIR's C interface and come
// out as such; a descriptor is a row of 64-bit words.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Jit.h"

#include "llvm/ADT/SmallPtrSet.h"

#include <cstring>

using namespace fovea;

namespace {

/// The words of a descriptor of rank n: 3 and twice n.
enum DescriptorWord { Allocated = 0, Aligned = 1, Offset = 2, Sizes = 3 };

int64_t toWord(const void *pointer) { return static_cast<int64_t>(reinterpret_cast<uintptr_t>(pointer)); }

template <typename T> T *toPointer(int64_t word) { return reinterpret_cast<T *>(static_cast<uintptr_t>(word)); }

std::vector<int64_t> getDescriptor(const TensorView &tensor) {
  int64_t start = toWord(tensor.data);
  std::vector<int64_t> words{start, start, /*offset=*/0};
  words.insert(words.end(), tensor.shape.begin(), tensor.shape.end());
  words.insert(words.end(), tensor.strides.begin(), tensor.strides.end());
  return words;
}

TensorView getView(ElementType type, llvm::ArrayRef<int64_t> descriptor) {
  size_t rank = (descriptor.size() - Sizes) / 2;
  char *start = toPointer<char>(descriptor[Aligned]) + descriptor[Offset] * int64_t(getByteSize(type));
  return {type, start, llvm::SmallVector<int64_t>(descriptor.slice(Sizes, rank)),
          llvm::SmallVector<int64_t>(descriptor.slice(Sizes + rank, rank))};
}

/// A row-major tensor with the elements of `view`.
llvm::Expected<HostTensor> copyTensor(const TensorView &view) {
  llvm::Expected<HostTensor> tensor = HostTensor::contiguous(view.elementType, view.shape);
  if (!tensor)
    return tensor;
  int64_t bytes = getByteSize(view.elementType);
  const char *start = static_cast<const char *>(view.data);
  char *next = static_cast<char *>(tensor->getStorage());
  for (ElementCursor cursor(*tensor); !cursor.atEnd(); cursor.advance()) {
    int64_t position = 0;
    for (auto [index, stride] : llvm::zip_equal(cursor.getIndices(), view.strides))
      position += index * stride;
    std::memcpy(next, start + position * bytes, bytes);
    next += bytes;
  }
  return tensor;
}

} // namespace

llvm::Expected<Invocation> Invocation::create(const CompiledFunction &function,
                                              llvm::ArrayRef<HostTensor *> arguments) {
  llvm::SmallVector<TensorView> views;
  for (HostTensor *tensor : arguments)
    views.push_back(TensorView::of(*tensor));
  return create(function, views);
}

llvm::Expected<Invocation> Invocation::create(const CompiledFunction &function, llvm::ArrayRef<TensorView> arguments) {
  const Signature &signature = function.getSignature();
  if (arguments.size() != signature.arguments.size())
    return llvm::createStringError("@%s takes %zu arguments, got %zu", signature.name.c_str(),
                                   signature.arguments.size(), arguments.size());
  Invocation call(function);
  call.arguments.assign(arguments.begin(), arguments.end());
  call.descriptors.reserve(arguments.size());
  for (auto [number, tensor] : llvm::enumerate(arguments)) {
    const ValueType &expected = signature.arguments[number];
    if (!expected.accepts(tensor))
      return llvm::createStringError("argument %zu of @%s: expected %s, got %s", number, signature.name.c_str(),
                                     expected.str().c_str(), tensor.getTypeString().c_str());
    call.descriptors.push_back(getDescriptor(tensor));
    call.slots.push_back(expected.isScalar ? tensor.data : call.descriptors.back().data());
  }
  call.resultBlock.assign((function.resultBytes + 7) / 8, 0);
  return call;
}

void Invocation::run() {
  freeResults();
  function->entryPoint(slots.data(), resultBlock.data());
}

llvm::SmallVector<TensorView> Invocation::getResults() const {
  llvm::SmallVector<TensorView> results;
  const char *block = reinterpret_cast<const char *>(resultBlock.data());
  for (auto [type, place] : llvm::zip_equal(function->signature.results, function->resultPlaces)) {
    std::vector<int64_t> descriptor(Sizes + 2 * type.shape.size());
    if (place.argument >= 0)
      descriptor = descriptors[place.argument];
    else if (type.isScalar)
      descriptor = {0, toWord(block + place.offset), 0};
    else
      std::memcpy(descriptor.data(), block + place.offset, descriptor.size() * sizeof(int64_t));
    results.push_back(getView(type.elementType, descriptor));
  }
  return results;
}

llvm::Expected<llvm::SmallVector<HostTensor>> Invocation::takeResults() {
  llvm::SmallVector<HostTensor> results;
  for (const TensorView &view : getResults()) {
    llvm::Expected<HostTensor> tensor = copyTensor(view);
    if (!tensor)
      return tensor.takeError();
    results.push_back(std::move(*tensor));
  }
  return results;
}

void Invocation::freeResults() {
  // Two results may share a buffer, and one may lie in an argument's.
  llvm::SmallPtrSet<void *, 8> kept{nullptr};
  for (const TensorView &argument : arguments)
    kept.insert(argument.data);
  char *block = reinterpret_cast<char *>(resultBlock.data());
  for (auto [type, place] : llvm::zip_equal(function->signature.results, function->resultPlaces)) {
    if (resultBlock.empty() || place.argument >= 0 || type.isScalar)
      continue;
    void *allocated;
    std::memcpy(&allocated, block + place.offset, sizeof(allocated));
    if (kept.insert(allocated).second)
      std::free(allocated);
  }
  llvm::fill(resultBlock, 0);
}
