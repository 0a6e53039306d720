//===- Compile.cpp - A file to code for the CPU ---------------------------===//

#include "fovea/Compile/Compile.h"
#include "CHeader.h"
#include "SharedLibrary.h"
#include "fovea/Compile/CudaCompile.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/Compile/SourceFile.h"
#include "fovea/Target/CpuCode.h"

#include "llvm/IR/LegacyPassManager.h"
#include "llvm/Support/raw_ostream.h"

using namespace fovea;

static llvm::Expected<std::vector<EntryPoint>> getEntryPoints(mlir::ModuleOp module) {
  std::vector<EntryPoint> entryPoints;
  for (mlir::func::FuncOp function : getFunctions(module)) {
    llvm::Expected<EntryPoint> entry = EntryPoint::of(function);
    if (!entry)
      return entry.takeError();
    entryPoints.push_back(std::move(*entry));
  }
  if (entryPoints.empty())
    return llvm::createStringError("the file defines no public function");
  return entryPoints;
}

/// C's callers and callees agree that small integers fill their registers.
static void extend(llvm::Function &function) {
  auto getKind = [](llvm::Type *type) {
    return type->isIntegerTy(1)                            ? llvm::Attribute::ZExt
           : type->isIntegerTy(8) || type->isIntegerTy(16) ? llvm::Attribute::SExt
                                                           : llvm::Attribute::None;
  };
  if (auto kind = getKind(function.getReturnType()))
    function.addRetAttr(kind);
  for (llvm::Argument &argument : function.args())
    if (auto kind = getKind(argument.getType()))
      argument.addAttr(kind);
}

/// Gives the C interface of each entry point its name and hides all else.
static llvm::Error exportEntryPoints(llvm::Module &code, llvm::ArrayRef<EntryPoint> entryPoints) {
  for (llvm::Function &function : code)
    if (!function.isDeclaration())
      function.setLinkage(llvm::GlobalValue::InternalLinkage);
  for (const EntryPoint &entry : entryPoints) {
    const std::string &name = entry.signature.name;
    llvm::Function *body = code.getFunction(name);
    llvm::Function *interface = code.getFunction("_mlir_ciface_" + name);
    if (!body || !interface)
      return llvm::createStringError("@" + name + " has no C interface after lowering");
    body->setName(name + ".body");
    interface->setName(name);
    interface->setLinkage(llvm::GlobalValue::ExternalLinkage);
    extend(*interface);
  }
  return llvm::Error::success();
}

/// Notes in the code what it may use, so that LLVM IR in a file says it too.
static void setTarget(llvm::Module &code, const CpuModel &cpu) {
  code.setPICLevel(llvm::PICLevel::BigPIC);
  for (llvm::Function &function : code)
    if (!function.isDeclaration() && !cpu.features.empty())
      function.addFnAttr("target-features", cpu.features);
}

static llvm::Expected<std::string> makeObject(llvm::Module &code, llvm::TargetMachine &machine) {
  llvm::SmallString<0> object;
  llvm::raw_svector_ostream os(object);
  llvm::legacy::PassManager passes;
  if (machine.addPassesToEmitFile(passes, os, nullptr, llvm::CodeGenFileType::ObjectFile))
    return llvm::createStringError("LLVM emits no object for this target");
  passes.run(code);
  return object.str().str();
}

/// Fails with an error that names the path.
static llvm::Error writeText(llvm::StringRef path, llvm::StringRef text) {
  return llvm::writeToOutput(path, [&](llvm::raw_ostream &os) {
    os << text;
    return llvm::Error::success();
  });
}

static llvm::Error emitForCuda(SourceFile &file, const CompileOptions &options, Reproducer &reproducer) {
  llvm::Expected<mlir::func::FuncOp> function = findFunction(*file.module, options.entry);
  if (!function)
    return function.takeError();
  CudaCompileOptions cudaOptions;
  cudaOptions.pipelineOptions = options.lowering.pipelineOptions;
  cudaOptions.reproducer = &reproducer;
  bool needsImages = options.emit != Emit::Launch;
  cudaOptions.serialize.assemble = options.emit == Emit::Cubin         ? Assemble::Always
                                   : options.emit == Emit::CudaProgram ? Assemble::IfFound
                                                                       : Assemble::Never;
  auto compiled = compileForCuda(*file.module, function->getName(), cudaOptions);
  if (failed(compiled))
    return file.diagnostic->take("compiling for CUDA failed without saying why");
  const CudaProgram &program = compiled->function.program;
  if (!needsImages)
    return writeText(options.output, launch::toText(program.descriptor));
  if (options.emit == Emit::CudaProgram) {
    std::vector<uint8_t> bytes = launch::write(program);
    return writeText(options.output, {reinterpret_cast<const char *>(bytes.data()), bytes.size()});
  }
  if (program.images.size() != 1)
    return llvm::createStringError(
        "the kernels of @%s are in %zu images; a file holds one, unless it is a cuda-program",
        program.descriptor.name.c_str(), program.images.size());
  return writeText(options.output, program.images.front());
}

static llvm::Error emit(llvm::Module &code, llvm::TargetMachine &machine, const CompileOptions &options) {
  if (options.emit == Emit::LLVMIR) {
    std::string text;
    llvm::raw_string_ostream(text) << code;
    return writeText(options.output, text);
  }
  llvm::Expected<std::string> object = makeObject(code, machine);
  if (!object)
    return object.takeError();
  if (options.emit == Emit::SharedLibrary)
    return linkSharedLibrary(*object, options.output, options.linker);
  return writeText(options.output, *object);
}

static llvm::Error emitForCpu(SourceFile &file, const CompileOptions &options, Reproducer &reproducer) {
  llvm::Expected<std::vector<EntryPoint>> entryPoints = getEntryPoints(*file.module);
  if (!entryPoints)
    return entryPoints.takeError();
  LoweringOptions lowering = options.lowering;
  lowering.reproducer = &reproducer;
  lowering.forOtherProcesses = true;
  // LLVM cannot allocate tile registers without optimization.
  if (options.optimizationLevel == 0)
    lowering.cpu.hasAmxBf16 = lowering.cpu.hasAmxFp16 = false;
  if (llvm::Error error = lowerToLLVMDialect(*file.module, lowering))
    return file.diagnostic->take(std::move(error));
  for (EntryPoint &entry : *entryPoints)
    entry.returnedArguments = getReturnedArguments(*file.module, entry.signature.name, entry.signature.results.size());

  if (options.emit == Emit::Header)
    return writeText(options.output, writeCHeader(*entryPoints, options.output, options.file));
  if (!options.header.empty())
    if (llvm::Error error = writeText(options.header, writeCHeader(*entryPoints, options.header, options.file)))
      return error;

  auto builder = getTargetMachineBuilder(options.lowering.cpu, options.optimizationLevel);
  builder.setRelocationModel(llvm::Reloc::PIC_);
  auto machine = builder.createTargetMachine();
  if (!machine)
    return machine.takeError();
  llvm::LLVMContext context;
  auto code = translateToLLVMIR(*file.module, context, **machine);
  if (!code)
    return code.takeError();
  if (llvm::Error error = exportEntryPoints(**code, *entryPoints))
    return error;
  setTarget(**code, options.lowering.cpu);
  optimize(**code, **machine, options.optimizationLevel);
  return emit(**code, **machine, options);
}

llvm::StringRef fovea::getName(Emit emit) {
  switch (emit) {
  case Emit::Object:
    return "obj";
  case Emit::SharedLibrary:
    return "shared";
  case Emit::LLVMIR:
    return "llvm-ir";
  case Emit::Header:
    return "header";
  case Emit::Ptx:
    return "ptx";
  case Emit::Cubin:
    return "cubin";
  case Emit::CudaProgram:
    return "cuda-program";
  case Emit::Launch:
    return "launch";
  }
  llvm_unreachable("covered switch");
}

/// The words that compile the file `input.mlir` in the same way.
static std::vector<std::string> getCommand(const CompileOptions &options) {
  std::vector<std::string> words = {"fovea-compile",
                                    "input.mlir",
                                    "--emit=" + getName(options.emit).str(),
                                    "-O" + std::to_string(options.optimizationLevel),
                                    "-o",
                                    "output"};
  if (!options.entry.empty())
    words.push_back("--entry=" + options.entry);
  if (!options.lowering.cpu.features.empty())
    words.push_back("--cpu-features=" + options.lowering.cpu.features);
  if (!options.lowering.pipelineOptions.empty())
    words.push_back("--pipeline-options=" + options.lowering.pipelineOptions);
  if (options.lowering.unfused)
    words.push_back("--unfused");
  if (!options.linker.empty())
    words.push_back("--linker=" + options.linker);
  return words;
}

llvm::Error fovea::compileFile(const CompileOptions &options) {
  if (options.emit == Emit::SharedLibrary && options.output == "-")
    return llvm::createStringError("a shared library cannot be written to the standard output");
  SourceFile file;
  if (llvm::Error error = file.read(options.file))
    return error;
  Reproducer reproducer("fovea-compile");
  reproducer.addFile("input.mlir", file.getText());
  reproducer.setCommand(getCommand(options));
  reproducer.prepareForCrash();
  bool isForCuda = options.emit == Emit::Ptx || options.emit == Emit::Cubin || options.emit == Emit::CudaProgram ||
                   options.emit == Emit::Launch;
  if (llvm::Error error = isForCuda ? emitForCuda(file, options, reproducer) : emitForCpu(file, options, reproducer))
    return reproducer.keep(std::move(error));
  return llvm::Error::success();
}
