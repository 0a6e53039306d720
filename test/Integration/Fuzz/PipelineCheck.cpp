//===- PipelineCheck.cpp - random modules through pipelines ---------------===//

#include "PipelineCheck.h"
#include "Fuzz/MutateText.h"

#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/OwningOpRef.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/ShapedOpInterfaces.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace fovea::fuzz;

static std::string print(Operation *op, bool generic = false) {
  std::string text;
  llvm::raw_string_ostream os(text);
  OpPrintingFlags flags;
  flags.enableDebugInfo(false);
  op->print(os, generic ? flags.printGenericOpForm() : flags);
  return text;
}

//===----------------------------------------------------------------------===//
// Legal
//===----------------------------------------------------------------------===//

GeneratorOptions fovea::fuzz::getGpuProblems() {
  GeneratorOptions options;
  options.softmax = options.crossEntropy = false;
  options.elementTypes = {"f16", "bf16"};
  options.lengths = {1, 2, 7, 64, 100, 129, 512, 1000, 4096};
  options.qkHeadDims = options.valueHeadDims = {16, 32, 64, 64, 80, 96, 128, 128, 192, 256};
  options.zeroExtents = false;
  options.forGpu = true;
  return options;
}

llvm::Error fovea::fuzz::checkLegal(MLIRContext &context, uint64_t seed, const GeneratorOptions &options,
                                    ArrayRef<std::string> pipelines, Progress &progress) {
  ParserConfig config(&context);
  auto module = parseSourceString<ModuleOp>(generateModule(seed, options), config, "<generated>");
  if (!module)
    return llvm::createStringError("a generated module does not parse");
  std::string text = print(*module);
  auto again = parseSourceString<ModuleOp>(text, config, "<printed>");
  if (!again || print(*again) != text)
    return llvm::createStringError("a printed module reads back as another");

  for (const std::string &pipeline : pipelines) {
    progress.setStep(" --pipeline '" + pipeline + "'");
    OwningOpRef<ModuleOp> clone = module->clone();
    PassManager pm(&context);
    pm.enableVerifier(true);
    if (failed(parsePassPipeline(pipeline, pm)))
      return llvm::createStringError("the pipeline does not parse");
    unsigned refusals = 0;
    ScopedDiagnosticHandler count(&context, [&](Diagnostic &diagnostic) {
      bool isRefusal = options.forGpu && StringRef(diagnostic.str()).contains("cannot be computed");
      refusals += isRefusal;
      return success(isRefusal); // others are printed
    });
    if (succeeded(pm.run(*clone)) && succeeded(verify(*clone)))
      continue;
    if (refusals == 0)
      return llvm::createStringError("the pipeline fails");
    ++progress.counts[Refused];
  }
  return llvm::Error::success();
}

//===----------------------------------------------------------------------===//
// Mutated
//===----------------------------------------------------------------------===//

namespace {

/// A pipeline in two parts, between which IR is mutated.
struct Route {
  bool gpu;
  const char *before;
  const char *after;
};

} // namespace

#define FOVEA_ONLINE                                                                                                   \
  "attn-canonicalize,attn-fold-layout-ops,canonicalize,attn-select-schedule,attn-rewrite-online-softmax,"              \
  "attn-set-exp-base"
#define FOVEA_TILED FOVEA_ONLINE ",attn-split-kv,attn-tile-parallel,canonicalize,attn-tile-kv,canonicalize,cse"
#define FOVEA_BUFFERS                                                                                                  \
  FOVEA_TILED ",attn-pack-queries,canonicalize,eliminate-empty-tensors,one-shot-bufferize{bufferize-function-"         \
              "boundaries},canonicalize,cse"
#define FOVEA_KERNEL(passes) "gpu.module(gpu.func(" passes "),cta-to-nvvm)"
#define FOVEA_CHANNELS "cta-derive-waits,cta-lower-channels,cta-allocate-smem,canonicalize,cse,cta-verify-schedule"
#define FOVEA_ROLES "cta-verify-schedule,cta-specialize-warps,cta-verify-schedule," FOVEA_CHANNELS
#define FOVEA_LOOPS                                                                                                    \
  "cta-verify-schedule,cta-expand-pipeline,cta-split-ranges,cta-persist-tiles,cta-flatten-tiles,cta-balance-"          \
  "sections," FOVEA_ROLES
#define FOVEA_SCHEDULE "cta-schedule," FOVEA_LOOPS
#define FOVEA_LAYOUTS "cta-infer-layouts,cta-remove-layout-conversions," FOVEA_SCHEDULE

/// Those of whole modules more than once: they are what people write.
static constexpr Route routes[] = {
    {false, "", "attn-to-llvm"},
    {false, "", "attn-to-llvm"},
    {false, "", "attn-to-llvm{threads=4 splits=3 softmax=blocked}"},
    {false, "", "attn-to-llvm{loop-order=key-outer tile-m=16 tile-n=24}"},
    {false, "", "attn-unfused-to-llvm"},
    {false, "", "attn-report-io,canonicalize,cse,attn-decompose,canonicalize"},
    {false, "attn-canonicalize,canonicalize", "attn-to-llvm"},
    {false, "attn-canonicalize,attn-fold-layout-ops,attn-select-schedule", "attn-to-llvm"},
    {false, FOVEA_ONLINE, "attn-to-llvm"},
    {false, FOVEA_TILED, "attn-to-llvm"},
    {false, FOVEA_BUFFERS,
     "attn-to-vector,fovea-check-lowered,fovea-expand-copies,convert-linalg-to-loops,canonicalize,"
     "fovea-expand-transcendentals,fovea-forall-to-runtime,canonicalize"},
    {true, "", "attn-to-nvvm"},
    {true, "", "attn-to-nvvm"},
    {true, "attn-canonicalize,attn-fold-layout-ops,canonicalize,fovea-select-gpu-schedule{keys=1024}", "attn-to-nvvm"},
    {true, "attn-to-cta-kernels{keys=1024}", FOVEA_KERNEL("attn-to-cta,canonicalize,cse," FOVEA_LAYOUTS)},
    {true, "attn-to-cta-tiles{keys=1024}", FOVEA_KERNEL(FOVEA_LAYOUTS)},
    {true, "attn-to-cta-layouts{keys=1024}", FOVEA_KERNEL(FOVEA_SCHEDULE)},
    {true, "attn-to-cta-schedule{keys=1024}", FOVEA_KERNEL(FOVEA_LOOPS)},
    {true, "attn-to-cta-tile-loops{keys=1024}", FOVEA_KERNEL(FOVEA_ROLES)},
    {true, "attn-to-cta-roles{keys=1024}", FOVEA_KERNEL(FOVEA_CHANNELS)},
    {true, "attn-to-cta-barriers{keys=1024}", FOVEA_KERNEL("canonicalize,cse")}};

static LogicalResult runPasses(MLIRContext &context, ModuleOp module, StringRef pipeline) {
  PassManager pm(&context);
  // As the tools do.
  pm.enableVerifier(false);
  return success(succeeded(parsePassPipeline(pipeline, pm)) && succeeded(pm.run(module)));
}

llvm::Expected<MutatedModule> fovea::fuzz::mutateModule(MLIRContext &context, uint64_t seed) {
  // Another sequence than that of the problem.
  Random random(seed * 2 + 1);
  const Route &route = routes[random.below(std::size(routes))];
  std::string text = generateModule(seed, route.gpu ? getGpuProblems() : GeneratorOptions());
  auto module = parseSourceString<ModuleOp>(text, ParserConfig(&context), "<generated>");
  if (!module)
    return llvm::createStringError("a generated module does not parse");
  bool passes = true;
  {
    ScopedDiagnosticHandler ignore(&context, [](Diagnostic &) {});
    passes = succeeded(runPasses(context, *module, route.before)) && succeeded(verify(*module));
  }
  // What no kernel is made of is mutated as it was written.
  if (!passes && route.gpu)
    return MutatedModule{mutateText(random, text), "attn-to-nvvm"};
  if (!passes)
    return llvm::createStringError("the legal module does not pass through '" + std::string(route.before) + "'");
  return MutatedModule{mutateText(random, print(*module, /*generic=*/random.chance(40))), route.after};
}

/// A tensor.dim beyond the rank is undefined behaviour, and upstream's folder reads beyond the shape.
static bool hasUndefinedDim(ModuleOp module) {
  return module
      ->walk([](ShapedDimOpInterface op) {
        auto type = dyn_cast<ShapedType>(op.getShapedValue().getType());
        std::optional<int64_t> dim = getConstantIntValue(op.getDimension());
        bool isDefined = !type || !type.hasRank() || !dim || (*dim >= 0 && *dim < type.getRank());
        return isDefined ? WalkResult::advance() : WalkResult::interrupt();
      })
      .wasInterrupted();
}

llvm::Error fovea::fuzz::checkMutated(MLIRContext &context, uint64_t seed, Progress &progress) {
  progress.setStep(" (while the module is made)");
  auto mutated = mutateModule(context, seed);
  if (!mutated)
    return mutated.takeError();
  progress.setStep("");

  unsigned errors = 0;
  ScopedDiagnosticHandler count(
      &context, [&](Diagnostic &diagnostic) { errors += diagnostic.getSeverity() == DiagnosticSeverity::Error; });
  auto module = parseSourceString<ModuleOp>(mutated->text, ParserConfig(&context), "<mutated>");
  if (!module || hasUndefinedDim(*module)) {
    ++progress.counts[Rejected];
    return module || errors ? llvm::Error::success()
                            : llvm::createStringError("the module is rejected without an error");
  }
  // On its own, as a reader of the reproducer will try it.
  progress.setStep(" with " + mutated->pipeline);
  if (failed(runPasses(context, *module, mutated->pipeline))) {
    ++progress.counts[Refused];
    return errors ? llvm::Error::success() : llvm::createStringError("the pipeline fails without an error");
  }
  ++progress.counts[Lowered];
  if (failed(verify(*module)))
    return llvm::createStringError("the pipeline makes IR that does not verify");
  return llvm::Error::success();
}
