//===- CpuCode.cpp - from the LLVM dialect to optimized LLVM IR -----------===//

#include "fovea/Target/CpuCode.h"
#include "fovea/Target/CpuModel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"

using namespace fovea;

llvm::orc::JITTargetMachineBuilder fovea::getTargetMachineBuilder(const CpuModel &cpu, unsigned level) {
  llvm::InitializeNativeTarget();
  llvm::InitializeNativeTargetAsmPrinter();
  llvm::InitializeNativeTargetAsmParser(); // of inline assembly
  llvm::Triple triple(llvm::sys::getProcessTriple());
  llvm::orc::JITTargetMachineBuilder builder(triple);
  llvm::SmallVector<llvm::StringRef> features;
  llvm::StringRef(cpu.features).split(features, ',', /*MaxSplit=*/-1, /*KeepEmpty=*/false);
  for (llvm::StringRef feature : features)
    builder.getFeatures().AddFeature(feature);
  builder.setCodeGenOptLevel(*llvm::CodeGenOpt::getLevel(std::min(level, 3u)));
  return builder;
}

llvm::Expected<std::unique_ptr<llvm::Module>>
fovea::translateToLLVMIR(mlir::ModuleOp module, llvm::LLVMContext &context, const llvm::TargetMachine &machine) {
  std::unique_ptr<llvm::Module> code = mlir::translateModuleToLLVMIR(module, context);
  if (!code)
    return llvm::createStringError("the module cannot be translated to LLVM IR");
  code->setTargetTriple(machine.getTargetTriple());
  code->setDataLayout(machine.createDataLayout());
  return code;
}

/// Level 2. Loops come from our lowerings in vectors and register blocks, in which LLVM's default pipeline looks for
/// half of the compile time for what is not there. What they do need is clean-up of addresses, and invariants moved out
/// of loops; loops around them that are not ours, vectorization.
static constexpr llvm::StringLiteral vectorCodePasses =
    "cgscc(inline),"
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(loop-rotate,licm),"
    "loop(indvars,loop-deletion),gvn,loop-mssa(licm),loop-vectorize,simplifycfg,instcombine<no-verify-fixpoint>,dse,"
    "adce),"
    "globaldce";

void fovea::optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level) {
  if (level == 0)
    return;
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager components;
  llvm::ModuleAnalysisManager modules;
  llvm::PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  if (level == 2) {
    llvm::ModulePassManager passes;
    llvm::cantFail(builder.parsePassPipeline(passes, vectorCodePasses));
    passes.run(module, modules);
    return;
  }
  builder.buildPerModuleDefaultPipeline(level == 1 ? llvm::OptimizationLevel::O1 : llvm::OptimizationLevel::O3)
      .run(module, modules);
}

llvm::SmallVector<int64_t> fovea::getReturnedArguments(mlir::ModuleOp module, llvm::StringRef name, size_t numResults) {
  llvm::SmallVector<int64_t> arguments(numResults, -1);
  auto function = module.lookupSymbol<mlir::LLVM::LLVMFuncOp>(name);
  if (!function)
    return arguments;
  if (auto known = function->getAttrOfType<mlir::DenseI64ArrayAttr>("fovea.returned_arguments"))
    arguments.assign(known.asArrayRef().begin(), known.asArrayRef().end());
  return arguments;
}
