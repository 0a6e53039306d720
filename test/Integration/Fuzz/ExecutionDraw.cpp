//===- ExecutionDraw.cpp - what one seed executes -------------------------===//

#include "ExecutionDraw.h"
#include "Fuzz/Random.h"
#include "fovea/Execute/Fill.h"

#include <limits>

using namespace fovea;
using namespace fovea::fuzz;

/// Draws of one seed for different purposes must not be the same numbers.
enum Purpose : uint64_t { Strides = 1, Options = 2, Contents = 3 };

static Random makeRandom(uint64_t seed, Purpose purpose) { return Random(seed * 4 + purpose); }

/// Strides for the shape with one element more in the innermost dimension than
/// there is.
static std::vector<int64_t> getPaddedStrides(const Argument &argument) {
  std::vector<int64_t> strides(argument.shape.size());
  int64_t stride = 1;
  for (size_t d = strides.size(); d-- != 0;) {
    strides[d] = stride;
    stride *= std::max<int64_t>(argument.shape[d], 1) + (d + 1 == strides.size() ? 1 : 0);
  }
  return strides;
}

Problem fovea::fuzz::drawExecution(uint64_t seed, bool sixteenBit) {
  GeneratorOptions options;
  options.lengths = {1, 2, 3, 5, 8, 13, 16, 17, 31, 32, 33, 64, 65, 100, 129, 191, 256, 300};
  options.qkHeadDims = {1, 3, 4, 5, 8, 16, 24, 33, 40, 64, 80, 97, 128, 160};
  options.valueHeadDims = {1, 3, 8, 15, 32, 64, 96, 113, 128, 160};
  options.maxWork = 1'500'000;
  if (sixteenBit) {
    options.softmax = options.crossEntropy = false;
    options.elementTypes = {"f16", "bf16"};
  }
  Problem problem = drawProblem(seed, options);

  // The error of a logarithm is judged as that only while it is one.
  if (problem.logProb || problem.kind == Problem::Kind::CrossEntropy)
    problem.scaleResult = false;

  Random random = makeRandom(seed, Strides);
  if (problem.kind == Problem::Kind::Attention) {
    const Argument &key = problem.arguments[problem.inputs[1]];
    Argument &value = problem.arguments[problem.inputs[2]];
    if (value.strides == key.strides)
      value.strides = getPaddedStrides(value);
  }
  for (Argument &argument : problem.arguments)
    if (!argument.isOutput && !argument.strides.empty() && random.chance(8))
      argument.strides[random.below(argument.strides.size())] = 0;
  return problem;
}

std::string fovea::fuzz::drawPipelineOptions(uint64_t seed, const CpuModel &cpu, bool sixteenBit) {
  Random random = makeRandom(seed, Options);
  std::string text;
  auto add = [&](const std::string &name, int64_t value) {
    text += (text.empty() ? "" : " ") + name + "=" + std::to_string(value);
  };
  if (!sixteenBit && random.chance(50)) {
    add("vector-bytes", random.pick<int64_t>({16, 32, 64}));
    add("vector-registers", random.pick<int64_t>({16, 32}));
  }
  if (cpu.hasAvx512 && random.chance(25))
    text += std::string(text.empty() ? "" : " ") + "avx512=false";
  if (random.chance(50))
    add("tile-m", random.pick<int64_t>({1, 8, 16, 17, 48, 64, 128}));
  if (random.chance(50))
    add("tile-n", random.pick<int64_t>({1, 8, 16, 24, 33, 64}));
  if (random.chance(35))
    add("splits", 2 + random.below(4));
  if (random.chance(20))
    add("l1-bytes", 4096);
  add("threads", random.pick<int64_t>({1, 2, 4}));
  // The other rungs of docs/Ladder.md. (A naive softmax is wrong where one may be.)
  if (random.chance(20))
    text += " loop-order=key-outer";
  else if (random.chance(20))
    text += " maximum=unified unified-max=" + random.pick<std::string>({"0", "3", "60", "-60"});
  if (random.chance(40))
    text += " softmax=" + random.pick<std::string>({"safe", "online", "blocked softmax-block=16"});
  return text;
}

/// A few targets are the index that is ignored, which random ones may miss.
static void addIgnored(HostTensor &targets, int64_t ignored, Random &random) {
  for (ElementCursor cursor(targets); !cursor.atEnd(); cursor.advance())
    if (random.chance(25))
      targets.storeAt(cursor.getPosition(), Scalar::ofSigned(ignored));
}

/// One element that is not finite: it must show where, and only where, the
/// definition says so. (In V only NaN: whether infinity times P is NaN depends
/// on where P underflows; and not behind a score region, whose scores may be so
/// far apart that a weight underflows, which is then taken for a masked one.)
static void addNonFinite(HostTensor &tensor, bool onlyNaN, Random &random) {
  double infinity = std::numeric_limits<double>::infinity();
  double value = onlyNaN ? std::numeric_limits<double>::quiet_NaN()
                         : random.pick<double>({std::numeric_limits<double>::quiet_NaN(), infinity, -infinity});
  std::vector<int64_t> indices;
  for (int64_t size : tensor.getShape())
    indices.push_back(random.below(size));
  tensor.setDouble(indices, value);
}

llvm::Expected<std::vector<HostTensor>> fovea::fuzz::makeArguments(const Problem &problem) {
  Random random = makeRandom(problem.seed, Contents);
  std::vector<HostTensor> tensors;
  for (auto [number, argument] : llvm::enumerate(problem.arguments)) {
    auto tensor = HostTensor::strided(*parseElementType(argument.elementType), argument.shape, argument.strides);
    if (!tensor)
      return tensor.takeError();
    if (!argument.isOutput) {
      RandomOptions fill;
      fill.seed = problem.seed;
      fill.stream = number;
      fill.integerLimit = argument.bound;
      fillRandom(*tensor, fill);
    }
    tensors.push_back(std::move(*tensor));
  }
  if (problem.ignoreIndex)
    addIgnored(tensors[problem.inputs[1]], *problem.ignoreIndex, random);
  bool isAttention = problem.kind == Problem::Kind::Attention;
  if (random.chance(12)) {
    unsigned which = isAttention ? random.below(problem.score ? 2 : 3) : 0;
    HostTensor &victim = tensors[problem.inputs[which]];
    if (victim.getNumElements() != 0)
      addNonFinite(victim, /*onlyNaN=*/which == 2, random);
  }
  return tensors;
}
