//===- DrawRegions.cpp - random score and mask regions --------------------===//

#include "DrawRegions.h"

#include <algorithm>

using namespace fovea::fuzz;

Argument fovea::fuzz::drawTensor(Random &random, std::string name, std::string elementType,
                                 const std::vector<Dim> &dims) {
  Argument argument;
  argument.name = std::move(name);
  argument.elementType = std::move(elementType);
  for (const Dim &dim : dims) {
    argument.shape.push_back(dim.extent);
    argument.dynamic.push_back(dim.dynamic && random.chance(80));
  }
  // Strides of a permuted, padded buffer; a broadcast dimension may repeat.
  std::vector<unsigned> order(dims.size());
  for (unsigned d = 0; d != order.size(); ++d)
    order[d] = order.size() - 1 - d;
  if (random.chance(30))
    random.shuffle(order);
  argument.strides.resize(dims.size());
  int64_t stride = 1;
  for (unsigned d : order) {
    argument.strides[d] = stride;
    stride *= std::max<int64_t>(dims[d].extent, 1) + (random.chance(20) ? 1 + random.below(3) : 0);
  }
  return argument;
}

std::vector<Dim> fovea::fuzz::drawBroadcast(Random &random, const std::vector<Dim> &dims) {
  std::vector<Dim> result(dims.end() - random.below(dims.size() + 1), dims.end());
  for (Dim &dim : result)
    if (random.chance(30) || (dim.extent == 1 && !dim.dynamic))
      dim = {"0", 1, false};
  return result;
}

namespace {

/// Writes the statements of one region.
class RegionWriter {
public:
  RegionWriter(Random &random, const Problem &problem, const std::vector<Dim> &dims, unsigned key,
               const std::string &computeType)
      : random(random), problem(problem), dims(dims), key(key), computeType(computeType) {}

  RegionBody score();
  RegionBody mask();

private:
  std::string add(const std::string &expression) {
    std::string name = "%t" + std::to_string(count++);
    body.statements.push_back(name + " = " + expression);
    return name;
  }
  std::string number(double value) { return add("arith.constant " + std::to_string(value) + " : " + computeType); }
  std::string integer(int64_t value) { return add("arith.constant " + std::to_string(value) + " : index"); }
  std::string position(unsigned dim) { return add("attn.index " + std::to_string(dim) + " : index"); }
  std::string element(unsigned capture);
  std::string toFloat(const std::string &value, const std::string &type);
  std::string toIndex(const std::string &value, const std::string &type);
  std::string leaf(const std::string &score);
  std::string comparison();

  Random &random;
  const Problem &problem;
  const std::vector<Dim> &dims;
  unsigned key;
  std::string computeType;
  RegionBody body;
  unsigned count = 0;
};

} // namespace

/// The capture's element, which lies at the region's position for a capture
/// that is taken whole.
std::string RegionWriter::element(unsigned capture) {
  std::string name = "%c" + std::to_string(capture);
  const Capture &c = problem.captures[capture];
  if (c.form != Capture::Form::Whole)
    return name;
  const Argument &argument = problem.arguments[c.argument];
  std::string index = position(key);
  return add("tensor.extract " + name + "[" + index + "] : " + argument.type());
}

std::string RegionWriter::toFloat(const std::string &value, const std::string &type) {
  if (type == computeType)
    return value;
  if (type == "f64")
    return add("arith.truncf " + value + " : f64 to " + computeType);
  if (type[0] == 'f' || type == "bf16")
    return add("arith.extf " + value + " : " + type + " to " + computeType);
  if (type == "i1")
    return add("arith.uitofp " + value + " : i1 to " + computeType);
  std::string integer = value;
  if (type == "index")
    integer = add("arith.index_cast " + value + " : index to i64");
  return add("arith.sitofp " + integer + " : " + (type == "index" ? "i64" : type) + " to " + computeType);
}

std::string RegionWriter::toIndex(const std::string &value, const std::string &type) {
  if (type == "index")
    return value;
  return add("arith.index_cast " + value + " : " + type + " to index");
}

/// A value to compute with: the score, a capture, a position or a constant.
std::string RegionWriter::leaf(const std::string &score) {
  switch (random.below(5)) {
  case 0:
    return score;
  case 1:
    return number(double(random.below(400) - 200) / 64);
  case 2:
    return toFloat(position(random.below(dims.size())), "index");
  default:
    if (problem.captures.empty())
      return score;
    unsigned capture = random.below(problem.captures.size());
    std::string type = problem.arguments[problem.captures[capture].argument].elementType;
    return toFloat(element(capture), type);
  }
}

RegionBody RegionWriter::score() {
  std::string value = "%s";
  for (int64_t i = 0, steps = 1 + random.below(5); i != steps; ++i) {
    std::string suffix = " : " + computeType;
    switch (random.below(7)) {
    case 0:
      value = add("math.tanh " + value + suffix);
      break;
    case 1:
      value = add("math.absf " + value + suffix);
      break;
    case 2: {
      // Bounded: what overflows tests nothing.
      std::string zero = number(0), bounded;
      bounded = add("arith.minimumf " + value + ", " + zero + suffix);
      value = add("math.exp " + bounded + suffix);
      break;
    }
    default: {
      std::string op = random.pick<std::string>(
          {"arith.addf", "arith.addf", "arith.subf", "arith.mulf", "arith.minimumf", "arith.maximumf"});
      std::string other = leaf("%s");
      value = add(op + " " + value + ", " + other + suffix);
    }
    }
  }
  body.statements.push_back("attn.yield " + value + " : " + computeType);
  return body;
}

/// An affine inequality of the positions, a captured length, or a captured bit.
std::string RegionWriter::comparison() {
  if (!problem.captures.empty() && random.chance(50)) {
    unsigned capture = random.below(problem.captures.size());
    std::string type = problem.arguments[problem.captures[capture].argument].elementType;
    std::string value = element(capture);
    if (type == "i1")
      return value;
    if (type[0] != 'f' && type != "bf16") {
      std::string length = toIndex(value, type), j = position(key);
      return add("arith.cmpi slt, " + j + ", " + length + " : index");
    }
    std::string converted = toFloat(value, type), zero = number(0);
    return add("arith.cmpf ogt, " + converted + ", " + zero + " : " + computeType);
  }
  std::string sum = position(key);
  if (random.chance(60)) {
    std::string i = position(random.below(dims.size()));
    if (random.chance(30)) {
      std::string factor = integer(1 + random.below(3));
      i = add("arith.muli " + i + ", " + factor + " : index");
    }
    sum = add("arith.subi " + sum + ", " + i + " : index");
  }
  if (random.chance(15)) {
    std::string period = integer(2 + random.below(4));
    sum = add("arith.remsi " + sum + ", " + period + " : index");
  }
  std::string bound = integer(random.below(24) - 8);
  std::string predicate = random.pick<std::string>({"sle", "sle", "slt", "sge", "sgt", "ne"});
  return add("arith.cmpi " + predicate + ", " + sum + ", " + bound + " : index");
}

RegionBody RegionWriter::mask() {
  std::string keep = comparison();
  for (int64_t i = 0, more = random.below(3); i != more; ++i) {
    std::string other = comparison();
    keep = add((random.chance(70) ? "arith.andi " : "arith.ori ") + keep + ", " + other + " : i1");
  }
  body.statements.push_back("attn.yield " + keep + " : i1");
  return body;
}

static void drawCapture(Random &random, Problem &problem, const std::vector<Dim> &dims, unsigned key) {
  std::string name = "x" + std::to_string(problem.captures.size());
  std::string type = random.pick<std::string>({"f32", "f32", "f16", "bf16", "f64", "i32", "i64", "index", "i1"});
  Capture capture{Capture::Form(random.below(3)), unsigned(problem.arguments.size()), {}};
  Argument argument;
  switch (capture.form) {
  case Capture::Form::Scalar:
    argument.name = name;
    argument.elementType = type;
    argument.isScalar = true;
    break;
  case Capture::Form::Element: {
    std::vector<Dim> broadcast = drawBroadcast(random, dims);
    argument = drawTensor(random, name, type, broadcast);
    for (const Dim &dim : broadcast)
      capture.map.push_back(dim.name);
    break;
  }
  case Capture::Form::Whole:
    argument = drawTensor(random, name, type, {dims[key]});
    break;
  }
  argument.bound = type == "i1" ? 2 : dims[key].extent + 3;
  problem.arguments.push_back(argument);
  problem.captures.push_back(capture);
}

void fovea::fuzz::drawRegions(Random &random, Problem &problem, const std::vector<Dim> &dims, unsigned key,
                              const std::string &computeType, bool wantScore, bool wantMask) {
  if (!wantScore && !wantMask)
    return;
  for (int64_t i = 0, count = random.below(4); i != count; ++i)
    drawCapture(random, problem, dims, key);
  if (wantScore)
    problem.score = RegionWriter(random, problem, dims, key, computeType).score();
  if (wantMask)
    problem.mask = RegionWriter(random, problem, dims, key, computeType).mask();
}
