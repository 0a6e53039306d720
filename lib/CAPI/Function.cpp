//===- Function.cpp - Compiled functions and their calls ------------------===//

#include "Objects.h"
#include "fovea/Compile/CudaCompile.h"
#include "fovea/Compile/Lowering.h"
#include "fovea/Compile/Reproducer.h"
#include "fovea/Compile/SourceFile.h"
#include "fovea/Execute/Jit.h"
#include "fovea/runtime.h"

using namespace fovea;
using namespace fovea::capi;

/// By the numbers of ElementType.
static constexpr FoveaElementType elementTypes[] = {
    FOVEA_F16, FOVEA_BF16, FOVEA_F32,   FOVEA_F64, FOVEA_I1,   FOVEA_I8,   FOVEA_I16,
    FOVEA_I32, FOVEA_I64,  FOVEA_INDEX, FOVEA_UI8, FOVEA_UI16, FOVEA_UI32, FOVEA_UI64,
};
static_assert(elementTypes[int(ElementType::F64)] == FOVEA_F64 && elementTypes[int(ElementType::I1)] == FOVEA_I1 &&
                  elementTypes[int(ElementType::Index)] == FOVEA_INDEX &&
                  elementTypes[int(ElementType::UI64)] == FOVEA_UI64 &&
                  std::size(elementTypes) == size_t(ElementType::UI64) + 1,
              "each element type of C++ has its number in C");

static FoveaElementType toC(ElementType type) { return elementTypes[int(type)]; }

/// Nothing for what is no element type, or none of tensors on a CPU.
static std::optional<ElementType> fromC(FoveaElementType type) {
  const FoveaElementType *found = llvm::find(elementTypes, type);
  if (found == std::end(elementTypes))
    return std::nullopt;
  return ElementType(found - elementTypes);
}

struct FoveaFunction {
  std::unique_ptr<CompiledFunction> compiled;
  llvm::SmallVector<llvm::SmallVector<int64_t>> sizes;
  llvm::SmallVector<FoveaTensorType> arguments;
  llvm::SmallVector<FoveaTensorType> results;

  explicit FoveaFunction(std::unique_ptr<CompiledFunction> code) : compiled(std::move(code)) {
    const Signature &signature = compiled->getSignature();
    sizes.reserve(signature.arguments.size() + signature.results.size());
    for (const ValueType &type : signature.arguments)
      arguments.push_back(describe(type));
    for (const ValueType &type : signature.results)
      results.push_back(describe(type));
  }

private:
  FoveaTensorType describe(const ValueType &type) {
    llvm::SmallVector<int64_t> &known = sizes.emplace_back();
    for (int64_t size : type.shape)
      known.push_back(mlir::ShapedType::isDynamic(size) ? -1 : size);
    return {int64_t(known.size()), known.data(), toC(type.elementType)};
  }
};

struct FoveaResults {
  Invocation call;
  llvm::SmallVector<TensorView> views;
  llvm::SmallVector<FoveaTensor> tensors;

  explicit FoveaResults(Invocation finished) : call(std::move(finished)), views(call.getResults()) {
    for (TensorView &view : views)
      tensors.push_back(
          {view.data, int64_t(view.shape.size()), view.shape.data(), view.strides.data(), toC(view.elementType)});
  }
};

static llvm::Expected<std::unique_ptr<CompiledFunction>> compile(mlir::ModuleOp module, llvm::StringRef name,
                                                                 llvm::StringRef options, Reproducer &reproducer) {
  auto function = findFunction(module, name);
  if (!function)
    return function.takeError();
  auto signature = Signature::of(*function);
  if (!signature)
    return signature.takeError();
  JitOptions jitOptions;
  LoweringOptions lowering;
  lowering.cpu = jitOptions.target;
  lowering.threads = foveaGetThreadCount();
  lowering.pipelineOptions = options.str();
  lowering.reproducer = &reproducer;
  if (llvm::Error error = lowerToLLVMDialect(module, lowering))
    return error;
  return CompiledFunction::compile(module, *signature, jitOptions);
}

/// Has `reproducer` keep the module and what fovea-compile makes of it.
static void describe(Reproducer &reproducer, mlir::ModuleOp module, std::vector<std::string> words,
                     const char *options) {
  if (!reproducer.isWanted())
    return;
  reproducer.addFile("input.mlir", print(module));
  words.insert(words.begin(), {"fovea-compile", "input.mlir"});
  if (options)
    words.push_back(std::string("--pipeline-options=") + options);
  reproducer.setCommand(words);
}

FoveaStatus foveaModuleCompile(const FoveaModule *module, const char *name, const char *options,
                               FoveaFunction **function) {
  if (!module || !function)
    return fail(FOVEA_INVALID_ARGUMENT, "foveaModuleCompile: module and function must not be NULL");
  module->context->firstError.clear();
  mlir::ModuleOp original = *module->module;
  mlir::OwningOpRef<mlir::ModuleOp> copy = original.clone();
  Reproducer reproducer("foveaModuleCompile");
  describe(reproducer, original, {"--emit=obj", "-O1", "-o", "output.o"}, options);
  auto compiled = compile(*copy, name ? name : "", options ? options : "", reproducer);
  if (!compiled) {
    std::string message = toString(compiled.takeError());
    return failWithDiagnostic(FOVEA_COMPILATION_FAILED, *module->context, message, reproducer);
  }
  *function = new FoveaFunction(std::move(*compiled));
  return FOVEA_OK;
}

FoveaStatus foveaModuleCompileForCuda(const FoveaModule *module, const char *name, const char *options,
                                      FoveaStringCallback callback, void *user) {
  if (!module || !callback)
    return fail(FOVEA_INVALID_ARGUMENT, "foveaModuleCompileForCuda: module and callback must not be NULL");
  module->context->firstError.clear();
  mlir::ModuleOp original = *module->module;
  mlir::OwningOpRef<mlir::ModuleOp> copy = original.clone();
  auto entry = findFunction(*copy, name ? name : "");
  if (!entry)
    return fail(FOVEA_COMPILATION_FAILED, toString(entry.takeError()));
  std::string entryName = entry->getName().str();
  Reproducer reproducer("foveaModuleCompileForCuda");
  describe(reproducer, original, {"--emit=cuda-program", "--entry=" + entryName, "-o", "output.fvgm"}, options);
  CudaCompileOptions cudaOptions;
  cudaOptions.pipelineOptions = options ? options : "";
  cudaOptions.reproducer = &reproducer;
  auto compiled = compileForCuda(*copy, entryName, cudaOptions);
  if (failed(compiled))
    return failWithDiagnostic(FOVEA_COMPILATION_FAILED, *module->context,
                              "compiling for CUDA failed without saying why", reproducer);
  std::vector<uint8_t> bytes = launch::write(compiled->function.program);
  callback(reinterpret_cast<const char *>(bytes.data()), bytes.size(), user);
  return FOVEA_OK;
}

void foveaFunctionDestroy(FoveaFunction *function) { delete function; }

const char *foveaFunctionGetName(const FoveaFunction *function) {
  return function->compiled->getSignature().name.c_str();
}

int64_t foveaFunctionGetNumArguments(const FoveaFunction *function) { return function->arguments.size(); }

int64_t foveaFunctionGetNumResults(const FoveaFunction *function) { return function->results.size(); }

template <typename T> static const T *getElement(const llvm::SmallVector<T> &elements, int64_t number) {
  return number >= 0 && size_t(number) < elements.size() ? &elements[number] : nullptr;
}

const FoveaTensorType *foveaFunctionGetArgumentType(const FoveaFunction *function, int64_t number) {
  return getElement(function->arguments, number);
}

const FoveaTensorType *foveaFunctionGetResultType(const FoveaFunction *function, int64_t number) {
  return getElement(function->results, number);
}

/// Fails with what is wrong about `tensor`.
static llvm::Expected<TensorView> getView(const FoveaTensor &tensor) {
  std::optional<ElementType> elementType = fromC(tensor.elementType);
  if (!elementType)
    return llvm::createStringError("%d is not an element type of tensors on a CPU", int(tensor.elementType));
  if (tensor.rank < 0 || (tensor.rank > 0 && !tensor.sizes))
    return llvm::createStringError("rank %lld without sizes", static_cast<long long>(tensor.rank));
  TensorView view;
  view.elementType = *elementType;
  view.data = tensor.data;
  view.shape.assign(tensor.sizes, tensor.sizes + tensor.rank);
  if (llvm::any_of(view.shape, [](int64_t size) { return size < 0; }))
    return llvm::createStringError("a size is negative");
  if (!tensor.data && !llvm::is_contained(view.shape, 0))
    return llvm::createStringError("data is NULL");
  if (tensor.strides)
    view.strides.assign(tensor.strides, tensor.strides + tensor.rank);
  else
    view.strides = getContiguousStrides(view.shape);
  return view;
}

FoveaStatus foveaFunctionCall(const FoveaFunction *function, const FoveaTensor *arguments, int64_t numArguments,
                              FoveaResults **results) {
  if (!function || (!arguments && numArguments > 0))
    return fail(FOVEA_INVALID_ARGUMENT, "foveaFunctionCall: function and arguments must not be NULL");
  llvm::SmallVector<TensorView> views;
  for (int64_t number = 0; number < numArguments; ++number) {
    llvm::Expected<TensorView> view = getView(arguments[number]);
    if (!view) {
      std::string message = toString(view.takeError());
      return fail(FOVEA_INVALID_ARGUMENT, "argument " + llvm::Twine(number) + ": " + message);
    }
    views.push_back(std::move(*view));
  }
  auto call = Invocation::create(*function->compiled, views);
  if (!call) {
    std::string message = toString(call.takeError());
    return fail(FOVEA_INVALID_ARGUMENT, message);
  }
  call->run();
  if (results)
    *results = new FoveaResults(std::move(*call));
  return FOVEA_OK;
}

const FoveaTensor *foveaResultsGet(const FoveaResults *results, int64_t number) {
  return getElement(results->tensors, number);
}

void foveaResultsDestroy(FoveaResults *results) { delete results; }
