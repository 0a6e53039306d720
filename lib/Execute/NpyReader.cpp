//===- NpyReader.cpp - Reads NumPy's .npy files ---------------------------===//
//
// The size of the data is checked against the header before any memory is
// asked for, so that a damaged header costs nothing.
//
//===----------------------------------------------------------------------===//

#include "NpyHeader.h"
#include "fovea/Execute/Npy.h"

#include "llvm/Support/MathExtras.h"
#include "llvm/Support/MemoryBuffer.h"

#include <cstring>

using namespace fovea;
using llvm::Error;
using llvm::Expected;
using llvm::StringRef;

/// Prefixes the reason of `error` with the file's name.
static Error atPath(StringRef path, Error error) {
  return llvm::createStringError("cannot read '" + path + "': " + toString(std::move(error)));
}

static Error checkDataSize(const NpyHeader &header, StringRef data) {
  int64_t bytes = getByteSize(header.elementType);
  bool overflow = false;
  for (int64_t size : header.shape)
    overflow |= llvm::MulOverflow(bytes, size, bytes);
  if (overflow && !llvm::is_contained(header.shape, 0))
    return llvm::createStringError("the size overflows 64 bits");
  int64_t present = data.size();
  if (llvm::is_contained(header.shape, 0))
    bytes = 0;
  if (present == bytes)
    return Error::success();
  return llvm::createStringError(llvm::Twine(present < bytes ? "truncated" : "size mismatch") +
                                 ": the header announces " + llvm::Twine(bytes) + " bytes of data, got " +
                                 llvm::Twine(present));
}

static Expected<HostTensor> readTensor(StringRef path) {
  auto buffer = llvm::MemoryBuffer::getFile(path, /*IsText=*/false,
                                            /*RequiresNullTerminator=*/false);
  if (!buffer)
    return llvm::errorCodeToError(buffer.getError());
  StringRef data;
  Expected<NpyHeader> header = parseNpyHeader((*buffer)->getBuffer(), data);
  if (!header)
    return header.takeError();
  if (Error error = checkDataSize(*header, data))
    return std::move(error);

  llvm::SmallVector<int64_t> strides;
  if (header->fortranOrder) {
    llvm::SmallVector<int64_t> reversed(llvm::reverse(header->shape));
    strides = getContiguousStrides(reversed);
    std::reverse(strides.begin(), strides.end());
  } else {
    strides = getContiguousStrides(header->shape);
  }
  Expected<HostTensor> tensor = HostTensor::strided(header->elementType, header->shape, strides);
  if (tensor)
    std::memcpy(tensor->getStorage(), data.data(), data.size());
  return tensor;
}

Expected<HostTensor> fovea::readNpy(StringRef path) {
  Expected<HostTensor> tensor = readTensor(path);
  if (!tensor)
    return atPath(path, tensor.takeError());
  return tensor;
}

Expected<HostTensor> fovea::readNpy(StringRef path, ElementType wanted) {
  Expected<HostTensor> tensor = readNpy(path);
  if (!tensor)
    return tensor;
  if (wanted == ElementType::BF16 && tensor->getElementType() == ElementType::UI16)
    tensor->reinterpret(ElementType::BF16);
  Expected<HostTensor> converted = tensor->convert(wanted);
  if (!converted)
    return atPath(path, converted.takeError());
  return converted;
}
