//===- JitCompile.cpp - From the LLVM dialect to machine code -------------===//
//
// One entry point `void(void **arguments, void *results)` is put in front of
// the function's C interface; everything else becomes internal, so that LLVM
// inlines and drops what it can.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/Jit.h"
#include "fovea/Target/CpuCode.h"
#include "fovea/runtime.h"

#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/ExecutionUtils.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/IR/IRBuilder.h"

using namespace fovea;

static constexpr llvm::StringLiteral entryName = "fovea_entry";

/// Defines `entryName`: `arguments` holds the address of each argument, which
/// is a descriptor of a memref or a scalar; `results` receives what the
/// function returns, in LLVM's layout.
static llvm::Error addEntryPoint(llvm::Module &module, llvm::StringRef name) {
  llvm::Function *callee = module.getFunction(("_mlir_ciface_" + name).str());
  if (!callee)
    return llvm::createStringError("@" + name +
                                   " has no C interface after lowering; is it "
                                   "a public function?");
  llvm::IRBuilder<> b(module.getContext());
  auto *entry = llvm::Function::Create(llvm::FunctionType::get(b.getVoidTy(), {b.getPtrTy(), b.getPtrTy()},
                                                               /*isVarArg=*/false),
                                       llvm::Function::ExternalLinkage, entryName, module);
  b.SetInsertPoint(llvm::BasicBlock::Create(module.getContext(), "entry", entry));

  llvm::SmallVector<llvm::Value *> operands;
  bool returnsStruct = module.getFunction(name)->getReturnType()->isStructTy();
  if (returnsStruct)
    operands.push_back(entry->getArg(1));
  for (unsigned number = 0; operands.size() < callee->arg_size(); ++number) {
    llvm::Value *slot = b.CreateConstGEP1_64(b.getPtrTy(), entry->getArg(0), number);
    llvm::Value *operand = b.CreateLoad(b.getPtrTy(), slot);
    llvm::Type *type = callee->getArg(operands.size())->getType();
    if (!type->isPointerTy())
      operand = b.CreateLoad(type, operand);
    operands.push_back(operand);
  }
  llvm::Value *returned = b.CreateCall(callee, operands);
  if (!returned->getType()->isVoidTy())
    b.CreateStore(returned, entry->getArg(1));
  b.CreateRetVoid();
  for (llvm::Function &function : module)
    if (!function.isDeclaration() && &function != entry)
      function.setLinkage(llvm::Function::InternalLinkage);
  return llvm::Error::success();
}

static llvm::Expected<std::unique_ptr<llvm::orc::LLJIT>> createJit(const JitOptions &options) {
  auto jit = llvm::orc::LLJITBuilder()
                 .setJITTargetMachineBuilder(getTargetMachineBuilder(options.target, options.optimizationLevel))
                 .create();
  if (!jit)
    return jit.takeError();
  llvm::orc::JITDylib &library = (*jit)->getMainJITDylib();
  auto process =
      llvm::orc::DynamicLibrarySearchGenerator::GetForCurrentProcess((*jit)->getDataLayout().getGlobalPrefix());
  if (!process)
    return process.takeError();
  library.addGenerator(std::move(*process));
  // By address: the runtime need not be among the process's global symbols.
  auto symbol = [](auto *function) {
    return llvm::orc::ExecutorSymbolDef(llvm::orc::ExecutorAddr::fromPtr(function),
                                        llvm::JITSymbolFlags::Exported | llvm::JITSymbolFlags::Callable);
  };
  llvm::orc::SymbolMap runtime = {{(*jit)->mangleAndIntern("foveaParallelFor"), symbol(&foveaParallelFor)},
                                  {(*jit)->mangleAndIntern("foveaRequestMatrixUnit"), symbol(&foveaRequestMatrixUnit)}};
  if (llvm::Error error = library.define(llvm::orc::absoluteSymbols(std::move(runtime))))
    return error;
  return jit;
}

llvm::Expected<std::unique_ptr<CompiledFunction>>
CompiledFunction::compile(mlir::ModuleOp module, const Signature &signature, const JitOptions &options) {
  auto machine = getTargetMachineBuilder(options.target, options.optimizationLevel).createTargetMachine();
  if (!machine)
    return machine.takeError();

  auto context = std::make_unique<llvm::LLVMContext>();
  auto translated = translateToLLVMIR(module, *context, **machine);
  if (!translated)
    return translated.takeError();
  std::unique_ptr<llvm::Module> code = std::move(*translated);
  if (llvm::Error error = addEntryPoint(*code, signature.name))
    return error;

  std::unique_ptr<CompiledFunction> compiled(new CompiledFunction);
  compiled->signature = signature;
  llvm::Type *returned = code->getFunction(signature.name)->getReturnType();
  llvm::SmallVector<int64_t> arguments = getReturnedArguments(module, signature.name, signature.results.size());
  int64_t remaining = llvm::count(arguments, -1), next = 0;
  for (int64_t argument : arguments) {
    int64_t offset = 0;
    if (argument < 0 && remaining > 1)
      offset = code->getDataLayout().getStructLayout(llvm::cast<llvm::StructType>(returned))->getElementOffset(next++);
    compiled->resultPlaces.push_back({argument, offset});
  }
  if (!returned->isVoidTy())
    compiled->resultBytes = code->getDataLayout().getTypeAllocSize(returned);

  optimize(*code, **machine, options.optimizationLevel);
  auto jit = createJit(options);
  if (!jit)
    return jit.takeError();
  compiled->jit = std::move(*jit);
  if (llvm::Error error = compiled->jit->addIRModule(llvm::orc::ThreadSafeModule(std::move(code), std::move(context))))
    return error;
  auto address = compiled->jit->lookup(entryName);
  if (!address)
    return address.takeError();
  compiled->entryPoint = address->toPtr<EntryPoint>();
  return compiled;
}

CompiledFunction::~CompiledFunction() = default;
