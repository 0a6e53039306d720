//===- fovea-opt.cpp - runs passes and pipelines by name ------------------===//

#include "RoundTrip.h"
#include "common/EnvironmentHelp.h"
#include "fovea/InitAll.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/Pass.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Support/FileUtilities.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/ToolOutputFile.h"

using namespace mlir;

#ifdef FOVEA_BUILD_TESTS
namespace fovea::test {
void registerMaskRangePass();
void registerMisbehavePass();
} // namespace fovea::test
#endif

/// MlirOptMain with a round trip in front of the pipeline that was asked for.
static LogicalResult runAfterRoundTrip(StringRef inputName, StringRef outputName, DialectRegistry &registry) {
  MlirOptMainConfig config = MlirOptMainConfig::createFromCLOptions();
  config.setPassPipelineSetupFn([requested = config](PassManager &pm) {
    pm.addPass(fovea::createRoundTripPass());
    return requested.setupPassPipeline(pm);
  });
  std::string error;
  std::unique_ptr<llvm::MemoryBuffer> input = openInputFile(inputName, &error);
  std::unique_ptr<llvm::ToolOutputFile> output;
  if (input)
    output = openOutputFile(outputName, &error);
  if (!output) {
    llvm::errs() << error << "\n";
    return failure();
  }
  if (failed(MlirOptMain(output->os(), std::move(input), registry, config)))
    return failure();
  output->keep();
  return success();
}

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  DialectRegistry registry;
  fovea::registerAllDialects(registry);
  fovea::registerAllPasses();
#ifdef FOVEA_BUILD_TESTS
  fovea::test::registerMaskRangePass();
  fovea::test::registerMisbehavePass();
#endif

  llvm::cl::opt<bool> roundTrip("round-trip", llvm::cl::desc("Write the input as pretty text, generic text and "
                                                             "bytecode and read it back before any pass runs"));
  fovea::EnvironmentHelp environmentHelp;
  auto [input, output] = registerAndParseCLIOptions(argc, argv, "Fovea optimizer\n", registry);
  if (roundTrip)
    return asMainReturnCode(runAfterRoundTrip(input, output, registry));
  return asMainReturnCode(MlirOptMain(argc, argv, input, output, registry));
}
