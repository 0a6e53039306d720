//===- CudaCeilings.cpp - what a GPU can do at most -----------------------===//

#include "CudaCeilings.h"
#include "CudaCeilingKernels.h"
#include "fovea/runtime.h"

#include "llvm/Support/MathExtras.h"

using namespace fovea;

static llvm::Error check(int status) {
  return status == 0 ? llvm::Error::success() : llvm::createStringError(llvm::Twine(foveaGetLastError()));
}

CudaCeilings::~CudaCeilings() {
  for (FoveaCudaEvent event : {start, end})
    if (event)
      foveaCudaDestroyEvent(event);
  if (buffer)
    foveaCudaFree(buffer);
  if (module)
    foveaCudaReleaseModule(module);
}

llvm::Expected<std::unique_ptr<CudaCeilings>> CudaCeilings::create() {
  std::unique_ptr<CudaCeilings> made(new CudaCeilings);
  FoveaCudaDevice device;
  std::string text = writeCudaCeilingKernels();
  if (llvm::Error error = check(foveaCudaGetDevice(&device)))
    return error;
  made->multiprocessors = device.smCount;
  if (llvm::Error error = check(foveaCudaLoadModule(text.c_str(), text.size() + 1, &made->module)))
    return error;
  for (auto [name, kernel] :
       {std::pair("products_bf16", &made->productsBF16), std::pair("products_f16", &made->productsF16),
        std::pair("read", &made->read), std::pair("copy", &made->copy)})
    if (llvm::Error error = check(foveaCudaGetKernel(made->module, name, kernel)))
      return error;
  for (FoveaCudaEvent *event : {&made->start, &made->end})
    if (llvm::Error error = check(foveaCudaCreateEvent(event)))
      return error;
  return made;
}

std::string CudaCeilings::getUnit(ElementType type) const {
  return type == ElementType::BF16 ? "bf16 tensor cores" : type == ElementType::F16 ? "f16 tensor cores" : "";
}

llvm::Error CudaCeilings::reserve(int64_t bytes) {
  if (bufferBytes >= bytes)
    return llvm::Error::success();
  if (buffer)
    foveaCudaFree(buffer);
  buffer = nullptr;
  bufferBytes = 0;
  if (llvm::Error error = check(foveaCudaAllocate(bytes, &buffer)))
    return error;
  bufferBytes = bytes;
  return llvm::Error::success();
}

/// Seconds of the fastest of a few launches, of which the first warms up.
llvm::Expected<double> CudaCeilings::timeBest(FoveaCudaKernel *kernel, int64_t blocks, int64_t threads,
                                              llvm::ArrayRef<void *> arguments) {
  constexpr int launches = 6;
  FoveaCudaLaunchShape shape = {{blocks, 1, 1}, {threads, 1, 1}, {1, 1, 1}, 0};
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i != launches; ++i) {
    double seconds = 0;
    if (llvm::Error error = check(foveaCudaRecordEvent(start, nullptr)))
      return error;
    if (llvm::Error error =
            check(foveaCudaLaunchKernel(kernel, &shape, const_cast<void **>(arguments.data()), nullptr)))
      return error;
    if (llvm::Error error = check(foveaCudaRecordEvent(end, nullptr)))
      return error;
    if (llvm::Error error = check(foveaCudaElapsedSeconds(start, end, &seconds)))
      return error;
    if (i > 0)
      best = std::min(best, seconds);
  }
  return best;
}

llvm::Expected<Ceiling> CudaCeilings::measure(ElementType type, int64_t bytes, bool writes) {
  Ceiling ceiling;
  // Both halves of a copy are in the caches that the problem is in.
  int64_t vectors = llvm::divideCeil(std::max<int64_t>(bytes, 1), 16), half = llvm::divideCeil(vectors, 2);
  if (llvm::Error error = reserve(std::max<int64_t>(32 * half, 4 * cudaProductThreads)))
    return error;
  if (FoveaCudaKernel *products = type == ElementType::BF16  ? productsBF16
                                  : type == ElementType::F16 ? productsF16
                                                             : nullptr) {
    uint32_t iterations = 500; // about a millisecond
    auto seconds = timeBest(products, multiprocessors, cudaProductThreads, {&iterations, &buffer});
    if (!seconds)
      return seconds.takeError();
    ceiling.peakFlops = double(iterations) * multiprocessors * cudaFlopsPerIteration / *seconds;
  }
  auto seconds =
      timeBest(read, llvm::divideCeil(vectors, vectorsPerBlock), cudaMemoryThreads, {&buffer, &vectors, &buffer});
  if (!seconds)
    return seconds.takeError();
  ceiling.readBandwidth = 16.0 * vectors / *seconds;
  if (!writes)
    return ceiling;
  void *to = static_cast<char *>(buffer) + 16 * half;
  seconds = timeBest(copy, llvm::divideCeil(half, vectorsPerBlock), cudaMemoryThreads, {&buffer, &to, &half});
  if (!seconds)
    return seconds.takeError();
  ceiling.copyBandwidth = 32.0 * half / *seconds;
  return ceiling;
}
