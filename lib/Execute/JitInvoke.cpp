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

int64_t toWord(const void *pointer) {
  return static_cast<int64_t>(reinterpret_cast<uintptr_t>(pointer));
}

template <typename T> T *toPointer(int64_t word) {
  return reinterpret_cast<T *>(static_cast<uintptr_t>(word));
}

std::vector<int64_t> getDescriptor(HostTensor &tensor) {
  int64_t storage = toWord(tensor.getStorage());
  std::vector<int64_t> words{storage, storage, tensor.getOffset()};
  words.insert(words.end(), tensor.getShape().begin(), tensor.getShape().end());
  words.insert(words.end(), tensor.getStrides().begin(),
               tensor.getStrides().end());
  return words;
}

/// A row-major tensor with the elements of a descriptor.
llvm::Expected<HostTensor> copyTensor(ElementType type,
                                      llvm::ArrayRef<int64_t> descriptor) {
  size_t rank = (descriptor.size() - Sizes) / 2;
  llvm::ArrayRef<int64_t> shape = descriptor.slice(Sizes, rank);
  llvm::ArrayRef<int64_t> strides = descriptor.slice(Sizes + rank, rank);
  llvm::Expected<HostTensor> tensor = HostTensor::contiguous(type, shape);
  if (!tensor)
    return tensor;
  unsigned bytes = getByteSize(type);
  const char *start = toPointer<const char>(descriptor[Aligned]);
  char *next = static_cast<char *>(tensor->getStorage());
  for (ElementCursor cursor(*tensor); !cursor.atEnd(); cursor.advance()) {
    int64_t position = descriptor[Offset];
    for (auto [index, stride] : llvm::zip_equal(cursor.getIndices(), strides))
      position += index * stride;
    std::memcpy(next, start + position * bytes, bytes);
    next += bytes;
  }
  return tensor;
}

} // namespace

llvm::Expected<Invocation>
Invocation::create(const CompiledFunction &function,
                   llvm::ArrayRef<HostTensor *> arguments) {
  const Signature &signature = function.getSignature();
  if (arguments.size() != signature.arguments.size())
    return llvm::createStringError(
        "@%s takes %zu arguments, got %zu", signature.name.c_str(),
        signature.arguments.size(), arguments.size());
  Invocation call(function);
  call.arguments.assign(arguments.begin(), arguments.end());
  call.descriptors.reserve(arguments.size());
  for (auto [number, tensor] : llvm::enumerate(arguments)) {
    const ValueType &expected = signature.arguments[number];
    if (!expected.accepts(*tensor))
      return llvm::createStringError("argument %zu of @%s: expected %s, got %s",
                                     number, signature.name.c_str(),
                                     expected.str().c_str(),
                                     tensor->getTypeString().c_str());
    call.descriptors.push_back(getDescriptor(*tensor));
    call.slots.push_back(expected.isScalar ? tensor->getStorage()
                                           : call.descriptors.back().data());
  }
  call.resultBlock.assign((function.resultBytes + 7) / 8, 0);
  return call;
}

void Invocation::run() {
  freeResults();
  function->entryPoint(slots.data(), resultBlock.data());
}

llvm::Expected<llvm::SmallVector<HostTensor>> Invocation::takeResults() {
  llvm::SmallVector<HostTensor> results;
  const char *block = reinterpret_cast<const char *>(resultBlock.data());
  for (auto [type, place] :
       llvm::zip_equal(function->signature.results, function->resultPlaces)) {
    std::vector<int64_t> descriptor(Sizes + 2 * type.shape.size());
    if (place.argument >= 0)
      descriptor = descriptors[place.argument];
    else if (type.isScalar)
      descriptor = {0, toWord(block + place.offset), 0};
    else
      std::memcpy(descriptor.data(), block + place.offset,
                  descriptor.size() * sizeof(int64_t));
    llvm::Expected<HostTensor> tensor =
        copyTensor(type.elementType, descriptor);
    if (!tensor)
      return tensor.takeError();
    results.push_back(std::move(*tensor));
  }
  return results;
}

void Invocation::freeResults() {
  // Two results may share a buffer, and one may lie in an argument's.
  llvm::SmallPtrSet<void *, 8> kept{nullptr};
  for (HostTensor *argument : arguments)
    kept.insert(argument->getStorage());
  char *block = reinterpret_cast<char *>(resultBlock.data());
  for (auto [type, place] :
       llvm::zip_equal(function->signature.results, function->resultPlaces)) {
    if (resultBlock.empty() || place.argument >= 0 || type.isScalar)
      continue;
    void *allocated;
    std::memcpy(&allocated, block + place.offset, sizeof(allocated));
    if (kept.insert(allocated).second)
      std::free(allocated);
  }
  llvm::fill(resultBlock, 0);
}
