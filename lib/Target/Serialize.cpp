//===- Serialize.cpp - a function to images and launch descriptor ---------===//

#include "fovea/Target/Kernel.h"

#include "mlir/IR/Remarks.h"

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
      return assemblePtx(*ptx, options.code.chip, **ptxas);
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
