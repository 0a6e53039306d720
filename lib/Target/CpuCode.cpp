//===- CpuCode.cpp - from the LLVM dialect to optimized LLVM IR -----------===//

#include "fovea/Target/CpuCode.h"
#include "fovea/Target/CpuModel.h"

#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/OptBisect.h"
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

// Loops come from our lowerings in vectors and register blocks, in which LLVM's default pipelines look for half of the
// compile time for what is not there.

/// Level 1: what that code needs, which is clean-up of addresses and invariants moved out of loops.
static constexpr llvm::StringLiteral vectorCodePasses =
    "cgscc(inline),"
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(loop-rotate,licm),"
    "loop(indvars),early-cse<memssa>,loop-mssa(licm),instcombine<no-verify-fixpoint>,adce),"
    "globaldce";
/// Level 2: also what loops around it need that are not ours, above all vectorization.
static constexpr llvm::StringLiteral anyCodePasses =
    "cgscc(inline),"
    "function(sroa,early-cse<memssa>,simplifycfg,instcombine<no-verify-fixpoint>,loop-mssa(loop-rotate,licm),"
    "loop(indvars,loop-deletion),gvn,loop-mssa(licm),loop-vectorize,simplifycfg,instcombine<no-verify-fixpoint>,dse,"
    "adce),"
    "globaldce";

namespace {
/// Keeps passes of LLVM's code generator from a context that take time for nothing in code of that kind. Strength
/// reduction of loops is a quarter of code generation; that code, whose loops address few streams, is as fast without.
struct VectorCodeGate final : llvm::OptPassGate {
  bool isEnabled() const override { return true; }
  bool shouldRunPass(llvm::StringRef pass, llvm::StringRef) const override { return pass != "Loop Strength Reduction"; }
};
} // namespace

void fovea::optimize(llvm::Module &module, llvm::TargetMachine &machine, unsigned level) {
  if (level == 0)
    return;
  static VectorCodeGate vectorCodeGate; // outlives every context
  if (level == 1)
    module.getContext().setOptPassGate(vectorCodeGate);
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
  llvm::ModulePassManager passes;
  if (level <= 2)
    llvm::cantFail(builder.parsePassPipeline(passes, level == 1 ? vectorCodePasses : anyCodePasses));
  else
    passes = builder.buildPerModuleDefaultPipeline(llvm::OptimizationLevel::O3);
  passes.run(module, modules);
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
