//===- ExecutionCheck.cpp - random problems, compiled and run -------------===//

#include "ExecutionCheck.h"
#include "ExecutionDraw.h"
#include "fovea/Execute/ResultChecker.h"
#include "fovea/Pipelines/Pipelines.h"
#include "fovea/runtime.h"

#include "mlir/IR/OwningOpRef.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/Support/raw_ostream.h"

#include <cstring>

using namespace fovea;
using namespace fovea::fuzz;

using Bytes = std::vector<char>;

static Bytes getBytes(const HostTensor &tensor) {
  const char *start = static_cast<const char *>(tensor.getStorage());
  return Bytes(start, start + tensor.getStorageBytes());
}

/// Whether all storage is as in `before`, the elements of outputs excepted.
static bool isUnchanged(const HostTensor &tensor, Bytes before, bool isOutput) {
  Bytes after = getBytes(tensor);
  unsigned size = getByteSize(tensor.getElementType());
  if (isOutput)
    for (ElementCursor at(tensor); !at.atEnd(); at.advance())
      std::memcpy(&before[at.getPosition() * size], &after[at.getPosition() * size], size);
  return after == before;
}

/// Calls once with poisoned outputs.
static llvm::Expected<llvm::SmallVector<HostTensor>> runOnce(Invocation &call, const Problem &problem,
                                                             std::vector<HostTensor> &arguments) {
  std::vector<Bytes> before;
  for (auto [argument, tensor] : llvm::zip_equal(problem.arguments, arguments)) {
    if (argument.isOutput)
      tensor.poison();
    before.push_back(getBytes(tensor));
  }
  call.run();
  for (auto [argument, tensor, bytes] : llvm::zip_equal(problem.arguments, arguments, before))
    if (!isUnchanged(tensor, std::move(bytes), argument.isOutput))
      return llvm::createStringError("the call wrote where it must not, to the buffer of %" + argument.name);
  return call.takeResults();
}

/// Whether a result in f32 or f64 is off its limit because the problem is badly
/// conditioned: the unfused evaluation comes near the limit, too, and is not
/// much better. (Large scores are rounded twice on their way to base two.) In 16
/// bits a row's weights are rounded once for all its elements, so that where few
/// rows have more than one key the errors are few independent numbers, and one
/// draw of them may be up to twice what another allows.
static bool isAsGood(const Verdict &verdict, const Verdict &unfused) {
  if (verdict.rule == Verdict::Rule::MaxError)
    return verdict.numMismatches == 0 && verdict.error <= 2 * verdict.limit &&
           verdict.meanError <= 2 * verdict.meanLimit.value_or(verdict.meanError);
  return verdict.rule == Verdict::Rule::RowRelative && verdict.numMismatches == 0 &&
         unfused.error > verdict.limit / 4 && verdict.maxError <= 3 * unfused.maxError &&
         verdict.meanError <= 2 * unfused.meanError;
}

/// Further calls on any number of threads give the same bits.
llvm::Error ExecutionCheck::compareRuns(Invocation &call, const Problem &problem, std::vector<HostTensor> &arguments,
                                        llvm::ArrayRef<HostTensor> expected) {
  for (int threads : {1, 2, 4}) {
    foveaSetThreadCount(threads);
    auto results = runOnce(call, problem, arguments);
    if (!results)
      return results.takeError();
    for (auto [number, result] : llvm::enumerate(*results))
      if (getBytes(result) != getBytes(expected[number]))
        return llvm::createStringError("result %zu is not the same in a further call, on %d threads", number, threads);
  }
  return llvm::Error::success();
}

llvm::Error ExecutionCheck::run(const Problem &problem, llvm::StringRef text, llvm::StringRef options) {
  auto module = mlir::parseSourceString<mlir::ModuleOp>(text, mlir::ParserConfig(&context), "<generated>");
  if (!module)
    return llvm::createStringError("the generated module does not parse");
  auto function = module->lookupSymbol<mlir::func::FuncOp>("main");
  auto signature = Signature::of(function);
  if (!signature)
    return signature.takeError();
  auto arguments = makeArguments(problem);
  if (!arguments)
    return arguments.takeError();
  auto checker = ResultChecker::create(function, *arguments, Baseline::Always);
  if (!checker)
    return checker.takeError();

  JitOptions jitOptions;
  jitOptions.target = cpu;
  CpuPipelineOptions pipeline;
  pipeline.setMachine(cpu, /*threadCount=*/1);
  if (failed(pipeline.parseFromString(options)))
    return llvm::createStringError("the pipeline options do not parse");
  mlir::PassManager passes(&context);
  passes.enableVerifier(true);
  (unfused ? buildAttnUnfusedToLLVMPipeline : buildAttnToLLVMPipeline)(passes, pipeline);
  if (failed(passes.run(*module)))
    return llvm::createStringError("the pipeline fails");
  auto compiled = CompiledFunction::compile(*module, *signature, jitOptions);
  if (!compiled)
    return compiled.takeError();

  llvm::SmallVector<HostTensor *> pointers;
  for (HostTensor &argument : *arguments)
    pointers.push_back(&argument);
  auto call = Invocation::create(**compiled, pointers);
  if (!call)
    return call.takeError();
  foveaSetThreadCount(2);
  auto results = runOnce(*call, problem, *arguments);
  if (!results)
    return results.takeError();

  auto verdicts = checker->judge(*results);
  if (!verdicts)
    return verdicts.takeError();
  auto baseline = checker->judgeBaseline();
  if (!baseline)
    return baseline.takeError();
  for (auto [number, verdict] : llvm::enumerate(*verdicts)) {
    const Verdict &unfused = (*baseline)[number];
    if (verdict.passed)
      continue;
    if (isAsGood(verdict, unfused)) {
      ++numIllConditioned;
      continue;
    }
    return llvm::createStringError("result " + llvm::Twine(number) + ": " + verdict.summary() +
                                   "\nunfused: " + unfused.summary());
  }
  return compareRuns(*call, problem, *arguments, *results);
}

llvm::Error ExecutionCheck::run(uint64_t seed) {
  Problem problem = drawExecution(seed, sixteenBit);
  std::string text = printProblem(problem);
  std::string options = pipelineOptions.empty() ? drawPipelineOptions(seed, cpu, sixteenBit) : pipelineOptions;
  llvm::Error error = run(problem, text, options);
  if (!error)
    return error;
  std::string message = llvm::toString(std::move(error)) + "\npipeline options: " + options + "\n";
  llvm::raw_string_ostream os(message);
  for (const Argument &argument : problem.arguments) {
    os << "%" << argument.name << ": shape [";
    llvm::interleaveComma(argument.shape, os);
    os << "], strides [";
    llvm::interleaveComma(argument.strides, os);
    os << "]\n";
  }
  os << text;
  return llvm::createStringError(message);
}
