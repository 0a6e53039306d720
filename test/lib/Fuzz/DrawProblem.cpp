//===- DrawProblem.cpp - random legal problems ----------------------------===//

#include "DrawRegions.h"
#include "ModuleGenerator.h"

#include <algorithm>

using namespace fovea::fuzz;

namespace {

class Draw {
public:
  Draw(uint64_t seed, const GeneratorOptions &options) : random(seed), options(options) { problem.seed = seed; }

  Problem draw();

private:
  void attention();
  void softmax();
  void crossEntropy();
  void position(bool sameStaticLength);
  void scoreClauses(const std::vector<Dim> &scores, const std::vector<Dim> &batch);

  int64_t length() {
    int64_t drawn = random.pick(options.lengths);
    if (options.zeroExtents && random.chance(4))
      return 0;
    return drawn;
  }
  /// Halves `lengths`, the longest first, until their product with `factor` is
  /// no more work than is wanted.
  void limitWork(int64_t factor, std::vector<Dim *> lengths) {
    auto shorter = [](Dim *a, Dim *b) { return a->extent < b->extent; };
    auto work = [&] {
      int64_t product = factor;
      for (Dim *length : lengths)
        product *= length->extent;
      return product;
    };
    while (work() > options.maxWork)
      (*std::max_element(lengths.begin(), lengths.end(), shorter))->extent /= 2;
  }
  Dim dim(std::string name, int64_t extent) { return {std::move(name), extent, random.chance(40)}; }
  unsigned add(const std::string &name, const std::string &type, const std::vector<Dim> &dims) {
    problem.arguments.push_back(drawTensor(random, name, type, dims));
    return problem.arguments.size() - 1;
  }
  unsigned addScalar(const std::string &name, const std::string &type, int64_t bound = 2) {
    Argument argument;
    argument.name = name;
    argument.elementType = type;
    argument.isScalar = true;
    argument.bound = bound;
    problem.arguments.push_back(argument);
    return problem.arguments.size() - 1;
  }
  void addOutput(const std::string &name, const std::string &type, const std::vector<Dim> &dims) {
    problem.outputs.push_back(add(name, type, dims));
    problem.arguments.back().isOutput = true;
  }
  std::string drawElementType() {
    element = random.pick(options.elementTypes);
    compute = element == "f64" ? "f64" : "f32";
    return element;
  }
  std::string outputType() { return random.chance(30) ? compute : element; }

  Random random;
  GeneratorOptions options;
  Problem problem;
  std::string element, compute;
};

} // namespace

/// The text of a map from `domain` to `results`.
static std::string mapText(const std::vector<std::string> &domain, const std::vector<std::string> &results) {
  std::string text = "affine_map<(";
  for (size_t i = 0; i != domain.size(); ++i)
    text += (i ? ", " : "") + domain[i];
  text += ") -> (";
  for (size_t i = 0; i != results.size(); ++i)
    text += (i ? ", " : "") + results[i];
  return text + ")>";
}

static std::vector<std::string> namesOf(const std::vector<Dim> &dims) {
  std::vector<std::string> names;
  for (const Dim &dim : dims)
    names.push_back(dim.name);
  return names;
}

static std::vector<Dim> operator+(std::vector<Dim> dims, const Dim &dim) {
  dims.push_back(dim);
  return dims;
}

/// Causal, window and alignment.
void Draw::position(bool sameStaticLength) {
  problem.causal = random.chance(45);
  if (random.chance(25)) {
    int64_t which = random.below(3);
    if (which != 0)
      problem.windowLeft = random.below(40);
    if (which != 1)
      problem.windowRight = random.below(40);
  }
  bool positioned = problem.causal || problem.windowLeft || problem.windowRight || problem.alibi;
  if (!positioned || (sameStaticLength && random.chance(30)))
    return;
  problem.alignment = random.pick<std::string>({"top_left", "bottom_right", "offset"});
  if (*problem.alignment == "offset")
    problem.alignmentOffset = addScalar("offset", "index", 32);
}

/// Softcap, ALiBi, bias and keep.
void Draw::scoreClauses(const std::vector<Dim> &scores, const std::vector<Dim> &batch) {
  bool hasScoreRegion = bool(problem.score);
  if (!hasScoreRegion && random.chance(25))
    problem.softcap = 0.5 * (1 + random.below(60));
  if (!hasScoreRegion && random.chance(20))
    problem.alibi = add("alibi", random.pick<std::string>({"f32", "f16"}),
                        batch.empty() ? std::vector<Dim>{} : std::vector<Dim>{batch.back()});
  if (!hasScoreRegion && random.chance(25))
    problem.bias = add("bias", random.pick<std::string>({element, std::string("f32")}), drawBroadcast(random, scores));
  if (random.chance(25))
    problem.keep = add("keep", "i1", drawBroadcast(random, scores));
}

void Draw::attention() {
  problem.kind = Problem::Kind::Attention;
  drawElementType();
  std::vector<Dim> batch;
  int64_t numBatch = random.below(4), group = 1;
  for (int64_t i = 0; i + 1 < numBatch; ++i)
    batch.push_back(dim("b" + std::to_string(i), 1 + random.below(3)));
  std::vector<Dim> kvBatch = batch;
  if (numBatch > 0) {
    int64_t kvHeads = 1 + random.below(3);
    group = random.pick<int64_t>({1, 1, 2, 3, 4});
    Dim heads = dim("h", kvHeads * group);
    // The size of a group must be known from the types.
    heads.dynamic &= group == 1;
    batch.push_back(heads);
    kvBatch.push_back(group == 1 ? heads : Dim{"h floordiv " + std::to_string(group), kvHeads, false});
  }
  Dim rows = dim("m", length()), keys = dim("n", length());
  if (random.chance(30))
    keys.extent = rows.extent;
  Dim qk = dim("k", random.pick(options.qkHeadDims));
  Dim value = dim("v", random.chance(60) ? qk.extent : random.pick(options.valueHeadDims));
  if (options.zeroExtents && random.chance(2))
    value.extent = 0;
  int64_t perScore = qk.extent + value.extent;
  for (const Dim &b : batch)
    perScore *= b.extent;
  limitWork(perScore, {&rows, &keys});

  std::vector<Dim> query = batch + rows + qk, key = kvBatch + keys + qk, values = kvBatch + keys + value,
                   output = batch + rows + value, perRow = batch + rows;
  bool explicitMaps = random.chance(25);
  problem.transposedKey = !explicitMaps && options.userOps && random.chance(20);
  if (problem.transposedKey)
    std::swap(key[key.size() - 1], key[key.size() - 2]);
  if (explicitMaps)
    for (std::vector<Dim> *dims : {&query, &key, &values, &output, &perRow})
      random.shuffle(*dims);
  unsigned q = add("q", element, query), k = add("k", element, key);
  problem.inputs = {q, k, add("v", element, values)};

  std::vector<Dim> scores = batch + rows + keys;
  bool wantScore = random.chance(30), wantMask = random.chance(35);
  drawRegions(random, problem, scores, scores.size() - 1, compute, wantScore, wantMask);
  if (random.chance(20))
    problem.sink = add("sink", random.pick<std::string>({"f32", element}),
                       batch.empty() ? std::vector<Dim>{} : std::vector<Dim>{batch.back()});
  if (random.chance(30))
    problem.scale = 0.0625 * (1 + random.below(16));
  else if (random.chance(20))
    problem.scaleValue = addScalar("scale", compute);
  if (!explicitMaps) {
    const Argument &argQ = problem.arguments[q], &argK = problem.arguments[k];
    unsigned row = query.size() - 2, column = problem.transposedKey ? row + 1 : row;
    bool sameStaticLength = !argQ.dynamic[row] && !argK.dynamic[column] && argQ.shape[row] == argK.shape[column];
    scoreClauses(scores, batch);
    position(sameStaticLength);
  }

  addOutput("o", outputType(), output);
  problem.returnLse = random.chance(40);
  problem.returnMax = random.chance(15);
  if (problem.returnLse)
    addOutput("lse", compute, perRow);
  if (problem.returnMax)
    addOutput("max", compute, perRow);

  if (explicitMaps) {
    std::vector<std::string> domain = namesOf(scores + qk + value);
    for (const std::vector<Dim> *dims : {&query, &key, &values})
      problem.maps.push_back(mapText(domain, namesOf(*dims)));
    for (const Capture &capture : problem.captures)
      problem.maps.push_back(mapText(domain, capture.map));
    if (problem.sink)
      problem.maps.push_back(
          mapText(domain, batch.empty() ? std::vector<std::string>{} : std::vector<std::string>{"h"}));
    problem.maps.push_back(mapText(domain, namesOf(output)));
    for (size_t i = 1; i != problem.outputs.size(); ++i)
      problem.maps.push_back(mapText(domain, namesOf(perRow)));
  }
}

void Draw::softmax() {
  problem.kind = Problem::Kind::Softmax;
  drawElementType();
  std::vector<Dim> dims;
  for (int64_t i = 0, rank = 1 + random.below(4); i != rank; ++i)
    dims.push_back(dim("d" + std::to_string(i), i < 2 ? 1 + random.below(4) : length()));
  problem.dimension = random.below(dims.size());
  dims[problem.dimension].extent = length();
  std::vector<Dim *> lengths;
  for (Dim &d : dims)
    lengths.push_back(&d);
  limitWork(1, lengths);
  problem.inputs = {add("x", element, dims)};
  bool wantScore = random.chance(25), wantMask = random.chance(30);
  drawRegions(random, problem, dims, problem.dimension, compute, wantScore, wantMask);
  problem.logProb = random.chance(30);
  problem.safe = !problem.logProb && random.chance(40);
  problem.returnLse = random.chance(30);
  addOutput("y", outputType(), dims);
  std::vector<Dim> rows = dims;
  rows.erase(rows.begin() + problem.dimension);
  if (problem.returnLse)
    addOutput("lse", compute, rows);
}

void Draw::crossEntropy() {
  problem.kind = Problem::Kind::CrossEntropy;
  drawElementType();
  std::vector<Dim> rows;
  for (int64_t i = 0, rank = random.below(3); i != rank; ++i)
    rows.push_back(dim("r" + std::to_string(i), length()));
  Dim classes = dim("c", std::max<int64_t>(length(), 1));
  std::vector<Dim *> lengths;
  for (Dim &r : rows)
    lengths.push_back(&r);
  if (!lengths.empty())
    limitWork(classes.extent, lengths);
  unsigned logits = add("x", element, rows + classes);
  unsigned target = add("t", random.pick<std::string>({"i32", "i64", "index"}), rows);
  problem.arguments[target].bound = classes.extent;
  problem.inputs = {logits, target};
  if (random.chance(40))
    problem.ignoreIndex = random.chance(50) ? -100 : random.below(4);
  if (random.chance(30))
    problem.labelSmoothing = 0.125 * random.below(9);
  if (random.chance(30))
    problem.zLoss = 0.0009765625 * random.below(9);
  problem.reduction = random.pick<std::string>({"none", "none", "sum", "mean"});
  problem.returnLse = random.chance(40);
  addOutput("loss", compute, problem.reduction == "none" ? rows : std::vector<Dim>{});
  if (problem.returnLse)
    addOutput("lse", compute, rows);
}

Problem Draw::draw() {
  std::vector<void (Draw::*)()> kinds;
  if (options.attention)
    kinds.assign(3, &Draw::attention);
  if (options.softmax)
    kinds.push_back(&Draw::softmax);
  if (options.crossEntropy)
    kinds.push_back(&Draw::crossEntropy);
  (this->*random.pick(kinds))();
  problem.fillOutputs = options.userOps && random.chance(30);
  problem.scaleResult = options.userOps && random.chance(30);
  return problem;
}

Problem fovea::fuzz::drawProblem(uint64_t seed, const GeneratorOptions &options) { return Draw(seed, options).draw(); }

std::string fovea::fuzz::generateModule(uint64_t seed, const GeneratorOptions &options) {
  return printProblem(drawProblem(seed, options));
}
