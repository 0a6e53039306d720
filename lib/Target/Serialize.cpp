//===- Serialize.cpp - a function to images and launch descriptor ---------===//

#include "fovea/Target/Kernel.h"
#include "fovea/cuda.h"

#include "mlir/IR/Remarks.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"

#include <chrono>

using namespace mlir;
using namespace fovea;

/// Adds the seconds of its life to a sum.
namespace {
class AddSeconds {
public:
  explicit AddSeconds(double &sum) : sum(sum) {}
  ~AddSeconds() { sum += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count(); }

private:
  double &sum;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
};
} // namespace

/// What a cubin depends on: the text, the chip and the assembler, known by its
/// file, for to ask it for its version takes as long as to read a cubin.
static std::string getCacheKey(StringRef ptx, StringRef chip, StringRef ptxas) {
  llvm::SmallString<128> path;
  llvm::sys::fs::file_status status;
  if (llvm::sys::fs::real_path(ptxas, path) || llvm::sys::fs::status(path, status))
    return "";
  return ("ptxas " + path + ", " + Twine(status.getSize()) + " bytes of " +
          Twine(status.getLastModificationTime().time_since_epoch().count()) + ", for " + chip + "\n" + ptx)
      .str();
}

/// An entry: the length of the messages in 8 hexadecimal digits, these, the cubin.
static std::optional<Cubin> findCubin(const std::string &key) {
  const void *data = nullptr;
  int64_t size = 0;
  if (key.empty() || !foveaCacheFind(key.data(), key.size(), &data, &size))
    return std::nullopt;
  StringRef entry(static_cast<const char *>(data), size);
  size_t length;
  if (entry.take_front(8).getAsInteger(16, length) || length > entry.size() - 8)
    return std::nullopt;
  Cubin cubin;
  cubin.messages = entry.substr(8, length).str();
  cubin.bytes = entry.substr(8 + length).str();
  cubin.report = parsePtxasReport(cubin.messages);
  return cubin;
}

static llvm::Expected<Cubin> assemble(StringRef ptx, StringRef ptxas, const SerializeOptions &options) {
  std::string key = options.useCache ? getCacheKey(ptx, options.code.chip, ptxas) : "";
  if (std::optional<Cubin> found = findCubin(key))
    return std::move(*found);
  llvm::Expected<Cubin> cubin = assemblePtx(ptx, options.code.chip, ptxas);
  if (cubin && !key.empty()) {
    // A cache that cannot be written to only costs time.
    std::string entry =
        llvm::utohexstr(cubin->messages.size(), /*LowerCase=*/true, /*Width=*/8) + cubin->messages + cubin->bytes;
    foveaCacheStore(key.data(), key.size(), entry.data(), entry.size());
  }
  return cubin;
}

/// Which ptxas to use; nothing where none is to be used.
static FailureOr<std::optional<std::string>> choosePtxas(func::FuncOp function, const SerializeOptions &options) {
  if (options.assemble == Assemble::Never)
    return std::optional<std::string>();
  std::optional<std::string> ptxas = options.ptxas.empty() ? findPtxas() : options.ptxas;
  if (!ptxas && options.assemble == Assemble::Always)
    return function.emitError() << "cannot be assembled: ptxas is found neither in PATH nor in CUDA_HOME/bin nor in "
                                   "/usr/local/cuda/bin";
  return ptxas;
}

FailureOr<SerializedFunction> fovea::serialize(func::FuncOp function, const SerializeOptions &options) {
  FailureOr<std::optional<std::string>> ptxas = choosePtxas(function, options);
  if (failed(ptxas))
    return failure();
  FailureOr<HostLaunches> launches = describeLaunches(function);
  if (failed(launches))
    return failure();
  SerializedFunction serialized;
  serialized.program.descriptor = std::move(launches->descriptor);
  serialized.assembled = ptxas->has_value();
  for (gpu::GPUModuleOp module : launches->images) {
    llvm::Expected<std::string> ptx = [&] {
      AddSeconds timer(serialized.codegenSeconds);
      return translateToPtx(module, options.code);
    }();
    if (!ptx)
      return module.emitError() << llvm::toString(ptx.takeError());
    if (!serialized.assembled) {
      serialized.program.images.push_back(std::move(*ptx));
      continue;
    }
    llvm::Expected<Cubin> cubin = [&] {
      AddSeconds timer(serialized.assemblySeconds);
      return assemble(*ptx, **ptxas, options);
    }();
    if (!cubin)
      return module.emitError() << llvm::toString(cubin.takeError());
    auto category = remark::RemarkOpts::name("ptxas").category("fovea-serialize");
    if (std::optional<std::string> reason = whyNotClean(cubin->report))
      remark::missed(module.getLoc(), category) << remark::reason("{0}", *reason);
    else
      for (const PtxasKernel &kernel : cubin->report.kernels)
        remark::analysis(module.getLoc(), category)
            << remark::add("{0}", kernel.name) << remark::metric("registers", kernel.registers)
            << remark::metric("static_shared_bytes", kernel.staticSharedBytes);
    serialized.program.images.push_back(std::move(cubin->bytes));
    serialized.reports.push_back(std::move(cubin->report));
  }
  return serialized;
}
