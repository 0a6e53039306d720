//===- RunnerTargets.cpp - A run on the CPU or a GPU ----------------------===//

#include "RunnerTargets.h"
#include "Stopwatch.h"
#include "fovea/Compile/CudaCompile.h"
#include "fovea/Compile/Lowering.h"
#include "fovea/Execute/CudaInvocation.h"
#include "fovea/Execute/Jit.h"
#include "fovea/cuda.h"
#include "fovea/runtime.h"

using namespace fovea;

static llvm::SmallVector<HostTensor *> getPointers(std::vector<HostTensor> &tensors) {
  llvm::SmallVector<HostTensor *> pointers;
  for (HostTensor &tensor : tensors)
    pointers.push_back(&tensor);
  return pointers;
}

//===----------------------------------------------------------------------===//
// CPU
//===----------------------------------------------------------------------===//

namespace {

class CpuCall final : public CompiledCall {
public:
  CpuCall(std::unique_ptr<CompiledFunction> function, Invocation invocation)
      : function(std::move(function)), invocation(std::move(invocation)) {}

  llvm::Error run() override {
    invocation.run();
    return llvm::Error::success();
  }
  llvm::Expected<llvm::SmallVector<HostTensor>> takeResults() override { return invocation.takeResults(); }
  llvm::Expected<std::vector<double>> measure(int64_t repeat) override {
    std::vector<double> seconds;
    for (int64_t i = 0; i < repeat; ++i) {
      Stopwatch stopwatch;
      invocation.run();
      seconds.push_back(stopwatch.getSeconds());
    }
    return seconds;
  }

private:
  std::unique_ptr<CompiledFunction> function;
  Invocation invocation;
};

} // namespace

llvm::Expected<std::unique_ptr<CompiledCall>> fovea::compileForCpu(const RunRequest &request, RunReport &report) {
  int threads = foveaGetThreadCount();
  report.place = "the CPU, " + std::to_string(threads) + (threads == 1 ? " thread" : " threads");
  JitOptions jitOptions;
  LoweringOptions loweringOptions;
  loweringOptions.cpu = jitOptions.target;
  loweringOptions.threads = threads;
  loweringOptions.pipelineOptions = request.options.pipelineOptions;
  loweringOptions.unfused = request.options.unfused;
  loweringOptions.reproducer = &request.reproducer;
  // Our own code is vector code already; the plain loops are LLVM's to vectorize, which it does from level 2 on.
  if (request.options.unfused)
    jitOptions.optimizationLevel = 2;
  Stopwatch lowering;
  if (llvm::Error error = lowerToLLVMDialect(*request.file.module, loweringOptions))
    return request.file.diagnostic->take(std::move(error));
  report.loweringSeconds = lowering.getSeconds();
  Stopwatch codegen;
  auto compiled = CompiledFunction::compile(*request.file.module, request.signature, jitOptions);
  if (!compiled)
    return compiled.takeError();
  report.codegenSeconds = codegen.getSeconds();
  auto call = Invocation::create(**compiled, getPointers(request.arguments));
  if (!call)
    return call.takeError();
  return std::make_unique<CpuCall>(std::move(*compiled), std::move(*call));
}

//===----------------------------------------------------------------------===//
// CUDA
//===----------------------------------------------------------------------===//

namespace {

class CudaCall final : public CompiledCall {
public:
  static llvm::Expected<std::unique_ptr<CudaCall>> create(CudaProgram program, std::vector<HostTensor> &arguments) {
    std::unique_ptr<CudaCall> call(new CudaCall(std::move(program)));
    auto invocation = CudaInvocation::create(call->program, getPointers(arguments));
    if (!invocation)
      return invocation.takeError();
    call->invocation.emplace(std::move(*invocation));
    return call;
  }

  llvm::Error run() override { return invocation->run(); }
  llvm::Expected<llvm::SmallVector<HostTensor>> takeResults() override { return invocation->takeResults(); }
  llvm::Expected<std::vector<double>> measure(int64_t repeat) override { return invocation->measure(repeat); }
  llvm::Expected<std::vector<FoveaCudaPlannedKernel>> getKernels() const { return invocation->getKernels(); }

private:
  explicit CudaCall(CudaProgram program) : program(std::move(program)) {}

  CudaProgram program;
  std::optional<CudaInvocation> invocation;
};

/// The chip of a device, and how to print it.
struct CudaDevice {
  const NvptxChip *chip = nullptr;
  std::string description;
};

} // namespace

/// Makes the first device current. Fails where there is none that kernels are
/// made for.
static llvm::Expected<CudaDevice> openCudaDevice() {
  FoveaCudaDevice device;
  if (!foveaCudaAvailable() || foveaCudaSetDevice(0) != 0 || foveaCudaGetDevice(&device) != 0)
    return llvm::createStringError(llvm::Twine(foveaGetLastError()));
  constexpr int hopper = 90; // the one whose kernels attn-to-nvvm makes
  std::string capability =
      std::to_string(device.computeCapability / 10) + "." + std::to_string(device.computeCapability % 10);
  if (device.computeCapability != hopper)
    return llvm::createStringError(llvm::Twine(device.name) + " has compute capability " + capability +
                                   ", expected 9.0");
  const auto *chip =
      llvm::find_if(getNvptxChips(), [&](const NvptxChip &one) { return one.computeCapability == hopper; });
  return CudaDevice{chip, (llvm::Twine(device.name) + ", compute capability " + capability + ", " +
                           llvm::Twine(device.smCount) + " SMs")
                              .str()};
}

/// `causal_0: grid 132x1x1, block 384, shared memory 230400 bytes, 168 registers`
static std::string describe(const FoveaCudaPlannedKernel &kernel) {
  std::string text;
  llvm::raw_string_ostream os(text);
  const FoveaCudaLaunchShape &shape = kernel.shape;
  os << "kernel " << kernel.name << ": grid " << shape.grid[0] << "x" << shape.grid[1] << "x" << shape.grid[2]
     << ", block " << shape.block[0] * shape.block[1] * shape.block[2] << ", shared memory "
     << shape.dynamicSharedBytes + kernel.attributes.staticSharedBytes << " bytes, " << kernel.attributes.registers
     << " registers";
  if (kernel.attributes.localBytes > 0)
    os << ", " << kernel.attributes.localBytes << " bytes of local memory";
  return text;
}

static llvm::Expected<std::unique_ptr<CompiledCall>> compileForDevice(const CudaDevice &device,
                                                                      const RunRequest &request, RunReport &report) {
  if (request.options.unfused)
    return llvm::createStringError("plain loops (unfused) are made for the CPU only");
  report.place = device.description;
  CudaCompileOptions options;
  options.pipelineOptions = request.options.pipelineOptions;
  options.serialize.code.chip = device.chip->name.str();
  options.reproducer = &request.reproducer;
  mlir::OwningOpRef<mlir::ModuleOp> module = request.file.module->clone();
  // Its own handler, for the file's keeps the first error of all, and this may be tried and given up.
  std::string message;
  mlir::ScopedDiagnosticHandler collect(module->getContext(), [&](mlir::Diagnostic &diagnostic) {
    if (diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error && message.empty())
      llvm::raw_string_ostream(message) << diagnostic.getLocation() << ": " << diagnostic;
  });
  auto compiled = compileForCuda(*module, request.signature.name, options);
  if (failed(compiled))
    return llvm::createStringError(message.empty() ? "compiling for CUDA failed without saying why" : message);
  report.loweringSeconds = compiled->loweringSeconds;
  report.codegenSeconds = compiled->function.codegenSeconds;
  report.assemblySeconds = compiled->function.assemblySeconds;
  for (const PtxasReport &assembled : compiled->function.reports)
    if (std::optional<std::string> reason = whyNotClean(assembled))
      report.remarks.push_back("ptxas: " + *reason);
  Stopwatch loading;
  auto call = CudaCall::create(std::move(compiled->function.program), request.arguments);
  if (!call)
    return call.takeError();
  if (!compiled->function.assembled) // the driver has done it
    report.assemblySeconds = loading.getSeconds();
  auto kernels = (*call)->getKernels();
  if (!kernels)
    return kernels.takeError();
  for (const FoveaCudaPlannedKernel &kernel : *kernels)
    report.remarks.push_back(describe(kernel));
  return std::move(*call);
}

llvm::Expected<std::unique_ptr<CompiledCall>> fovea::compileForCudaDevice(const RunRequest &request,
                                                                          RunReport &report) {
  llvm::Expected<CudaDevice> device = openCudaDevice();
  if (!device)
    return device.takeError();
  return compileForDevice(*device, request, report);
}

//===----------------------------------------------------------------------===//
// Either
//===----------------------------------------------------------------------===//

llvm::Expected<std::unique_ptr<CompiledCall>> fovea::compileForTarget(const RunRequest &request, RunReport &report) {
  if (request.options.target == "cuda")
    return compileForCudaDevice(request, report);
  if (request.options.target == "cpu")
    return compileForCpu(request, report);
  RunReport attempt = report;
  auto call = compileForCudaDevice(request, attempt);
  if (call) {
    report = std::move(attempt);
    report.remarks.insert(report.remarks.begin(), "auto: a GPU, for there is one and @" + report.entry + " runs on it");
    return call;
  }
  report.remarks.push_back("auto: the CPU, for " + llvm::toString(call.takeError()));
  return compileForCpu(request, report);
}
