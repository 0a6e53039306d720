//===- NvptxCode.cpp - from the LLVM dialect to PTX -----------------------===//

#include "fovea/Target/NvptxCode.h"

#include "mlir/Conversion/NVVMToLLVM/NVVMToLLVM.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "mlir/Transforms/DialectConversion.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/InstIterator.h"
#include "llvm/IR/Instructions.h"
#include "llvm/IR/LLVMContext.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/Target/TargetOptions.h"

using namespace fovea;

static constexpr llvm::StringRef tripleName = "nvptx64-nvidia-cuda";

static constexpr NvptxChip chips[] = {
    {"sm_80", "+ptx80", 80},
    {"sm_90a", "+ptx87", 90},
};

llvm::ArrayRef<NvptxChip> fovea::getNvptxChips() { return chips; }

const NvptxChip *fovea::findNvptxChip(llvm::StringRef name) {
  const auto *found = llvm::find_if(chips, [&](const NvptxChip &chip) { return chip.name == name; });
  return found == std::end(chips) ? nullptr : found;
}

/// LLVM's list of targets is the process's; it is filled once.
static void initializeNvptx() {
  static const bool initialized = [] {
    LLVMInitializeNVPTXTargetInfo();
    LLVMInitializeNVPTXTarget();
    LLVMInitializeNVPTXTargetMC();
    LLVMInitializeNVPTXAsmPrinter();
    return true;
  }();
  (void)initialized;
}

static llvm::Expected<std::unique_ptr<llvm::TargetMachine>> createMachine(const NvptxOptions &options) {
  const NvptxChip *chip = findNvptxChip(options.chip);
  if (!chip) {
    std::string known;
    for (const NvptxChip &one : chips)
      known += (known.empty() ? "" : ", ") + one.name.str();
    return llvm::createStringError("chip '" + options.chip + "': expected one of " + known);
  }
  initializeNvptx();
  llvm::Triple triple(tripleName);
  std::string error;
  const llvm::Target *target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return llvm::createStringError("LLVM cannot compile for " + tripleName + ": " + error);
  std::unique_ptr<llvm::TargetMachine> machine(
      target->createTargetMachine(triple, chip->name, chip->features, llvm::TargetOptions(), llvm::Reloc::PIC_,
                                  std::nullopt, *llvm::CodeGenOpt::getLevel(std::min(options.optimizationLevel, 3u))));
  if (!machine)
    return llvm::createStringError("LLVM makes no machine for " + tripleName);
  return machine;
}

namespace {

/// LLVM's errors as text; by default it prints them and ends the process.
struct CollectErrors final : llvm::DiagnosticHandler {
  explicit CollectErrors(std::string &errors) : errors(errors) {}

  bool handleDiagnostics(const llvm::DiagnosticInfo &info) override {
    if (info.getSeverity() != llvm::DS_Error)
      return true;
    llvm::raw_string_ostream os(errors);
    llvm::DiagnosticPrinterRawOStream printer(os);
    os << (errors.empty() ? "" : "; ");
    info.print(printer);
    return true;
  }

  std::string &errors;
};

} // namespace

/// Rewrites the ops of NVVM that LLVM has no intrinsic for to inline assembly.
static mlir::LogicalResult lowerNvvm(mlir::Operation *module) {
  mlir::MLIRContext *context = module->getContext();
  mlir::RewritePatternSet patterns(context);
  mlir::populateNVVMToLLVMConversionPatterns(patterns);
  mlir::ConversionTarget target(*context);
  target.addLegalDialect<mlir::LLVM::LLVMDialect>();
  return mlir::applyPartialConversion(module, target, std::move(patterns));
}

/// Inline assembly may synchronize threads, of which LLVM knows nothing: it
/// must neither come under a condition nor merge with its like. The LLVM
/// dialect cannot say this.
static void pinInlineAssembly(llvm::Module &code) {
  for (llvm::Function &function : code)
    for (llvm::Instruction &instruction : llvm::instructions(function))
      if (auto *call = llvm::dyn_cast<llvm::CallInst>(&instruction); call && call->isInlineAsm()) {
        call->setConvergent();
        call->addFnAttr(llvm::Attribute::NoMerge);
      }
}

llvm::Expected<std::string> fovea::translateToPtx(mlir::Operation *module, const NvptxOptions &options) {
  auto machine = createMachine(options);
  if (!machine)
    return machine.takeError();
  mlir::OwningOpRef<mlir::Operation *> lowered(module->clone());
  if (failed(lowerNvvm(*lowered)))
    return llvm::createStringError("the NVVM dialect cannot be lowered");

  llvm::LLVMContext context;
  std::string errors;
  context.setDiagnosticHandler(std::make_unique<CollectErrors>(errors));
  std::unique_ptr<llvm::Module> code = mlir::translateModuleToLLVMIR(*lowered, context);
  if (!code)
    return llvm::createStringError("the kernels cannot be translated to LLVM IR");
  code->setTargetTriple((*machine)->getTargetTriple());
  code->setDataLayout((*machine)->createDataLayout());
  pinInlineAssembly(*code);

  llvm::SmallString<0> ptx;
  llvm::raw_svector_ostream os(ptx);
  llvm::legacy::PassManager passes;
  if ((*machine)->addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::AssemblyFile))
    return llvm::createStringError("LLVM emits no PTX");
  passes.run(*code);
  if (!errors.empty())
    return llvm::createStringError("LLVM: " + errors);
  return ptx.str().str();
}
