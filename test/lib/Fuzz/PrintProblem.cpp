//===- PrintProblem.cpp - a problem as a module ---------------------------===//

#include "ModuleGenerator.h"

#include <algorithm>
#include <cstdio>

using namespace fovea::fuzz;

std::string Argument::type() const {
  if (isScalar)
    return elementType;
  std::string text = "tensor<";
  for (size_t i = 0; i != shape.size(); ++i)
    text += (dynamic[i] ? "?" : std::to_string(shape[i])) + "x";
  return text + elementType + ">";
}

namespace {

class Printer {
public:
  explicit Printer(const Problem &problem) : problem(problem), arguments(problem.arguments) {}

  std::string print();

private:
  void transposeKey();
  void fillOutputs();
  void scaleResult();
  void op();
  void operands(const std::string &clause, const std::vector<unsigned> &which);
  void operand(const std::string &clause, std::optional<unsigned> which) {
    if (which)
      operands(clause, {*which});
  }
  void attentionClauses();
  void softmaxClauses();
  void crossEntropyClauses();
  void outputs();
  void region(const std::string &name, const RegionBody &body, bool isScore);
  std::string value(unsigned argument) { return "%" + arguments[argument].name; }
  void line(const std::string &text) { body += "    " + text + "\n"; }

  const Problem &problem;
  /// The arguments, or what the body makes of them.
  std::vector<Argument> arguments;
  std::string body;
};

} // namespace

static std::string number(double value) {
  char text[64];
  std::snprintf(text, sizeof text, "%e", value);
  return text;
}

static std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (size_t i = 0; i != parts.size(); ++i)
    text += (i ? ", " : "") + parts[i];
  return text;
}

/// K as the op wants it, from an argument with its last two dimensions swapped.
void Printer::transposeKey() {
  Argument &key = arguments[problem.inputs[1]];
  Argument stored = key;
  unsigned rank = key.shape.size();
  std::swap(key.shape[rank - 1], key.shape[rank - 2]);
  bool last = key.dynamic[rank - 1];
  key.dynamic[rank - 1] = key.dynamic[rank - 2];
  key.dynamic[rank - 2] = last;
  key.name += "_transposed";
  std::vector<std::string> sizes, permutation;
  for (unsigned d = 0; d != rank; ++d) {
    unsigned from = d == rank - 1 ? rank - 2 : d == rank - 2 ? rank - 1 : d;
    permutation.push_back(std::to_string(from));
    if (!key.dynamic[d])
      continue;
    std::string suffix = std::to_string(from);
    line("%at" + suffix + " = arith.constant " + suffix + " : index");
    line("%size" + suffix + " = tensor.dim %" + stored.name + ", %at" + suffix + " : " + stored.type());
    sizes.push_back("%size" + suffix);
  }
  line("%empty = tensor.empty(" + join(sizes) + ") : " + key.type());
  line("%" + key.name + " = linalg.transpose ins(%" + stored.name + " : " + stored.type() +
       ") outs(%empty : " + key.type() + ") permutation = [" + join(permutation) + "]");
}

void Printer::fillOutputs() {
  for (unsigned output : problem.outputs) {
    Argument &argument = arguments[output];
    std::string before = "%" + argument.name, type = argument.type();
    argument.name += "_filled";
    line("%" + argument.name + "_value = arith.constant 7.0 : " + argument.elementType);
    line("%" + argument.name + " = linalg.fill ins(%" + argument.name + "_value : " + argument.elementType + ") outs(" +
         before + " : " + type + ") -> " + type);
  }
}

/// The first result times a constant.
void Printer::scaleResult() {
  const Argument &argument = arguments[problem.outputs.front()];
  std::string type = argument.type(), element = argument.elementType;
  std::vector<std::string> dims, iterators;
  for (size_t d = 0; d != argument.shape.size(); ++d) {
    dims.push_back("d" + std::to_string(d));
    iterators.push_back("\"parallel\"");
  }
  std::string map = "affine_map<(" + join(dims) + ") -> (" + join(dims) + ")>";
  line("%factor = arith.constant 0.5 : " + element);
  line("%scaled = linalg.generic {indexing_maps = [" + map + ", " + map + "], iterator_types = [" + join(iterators) +
       "]} ins(%r0 : " + type + ") outs(%r0 : " + type + ") {");
  line("^bb0(%in: " + element + ", %out: " + element + "):");
  line("  %product = arith.mulf %in, %factor : " + element);
  line("  linalg.yield %product : " + element);
  line("} -> " + type);
}

void Printer::operands(const std::string &clause, const std::vector<unsigned> &which) {
  if (which.empty())
    return;
  std::vector<std::string> names, types;
  for (unsigned argument : which) {
    names.push_back(value(argument));
    types.push_back(arguments[argument].type());
  }
  body += " " + clause + "(" + join(names) + " : " + join(types) + ")";
}

void Printer::attentionClauses() {
  std::string alignment = problem.alignment.value_or("");
  if (problem.alignmentOffset)
    alignment = value(*problem.alignmentOffset);
  if (problem.causal)
    body += " causal" + (alignment.empty() ? "" : "(" + alignment + ")");
  else if (!alignment.empty())
    body += " align(" + alignment + ")";
  auto bound = [](std::optional<int64_t> value) { return value ? std::to_string(*value) : std::string("*"); };
  if (problem.windowLeft || problem.windowRight)
    body += " window(" + bound(problem.windowLeft) + ", " + bound(problem.windowRight) + ")";
  if (problem.softcap)
    body += " softcap(" + number(*problem.softcap) + ")";
  if (problem.scale)
    body += " scale(" + number(*problem.scale) + ")";
  operand("scale", problem.scaleValue);
  operand("bias", problem.bias);
  operand("keep", problem.keep);
  operand("alibi", problem.alibi);
  operand("sink", problem.sink);
}

void Printer::softmaxClauses() {
  if (problem.logProb)
    body += " log_prob";
  if (problem.safe)
    body += " safe";
  body += " dimension(" + std::to_string(problem.dimension) + ")";
}

void Printer::crossEntropyClauses() {
  if (problem.ignoreIndex)
    body += " ignore_index(" + std::to_string(*problem.ignoreIndex) + ")";
  if (problem.labelSmoothing)
    body += " label_smoothing(" + number(*problem.labelSmoothing) + ")";
  if (problem.zLoss)
    body += " z_loss(" + number(*problem.zLoss) + ")";
  body += " reduction(" + problem.reduction + ")";
}

void Printer::outputs() {
  std::vector<std::string> names, types;
  for (unsigned output : problem.outputs) {
    std::string kind;
    if (!names.empty())
      kind = problem.returnLse && names.size() == 1 ? "lse " : "max ";
    names.push_back(kind + value(output));
    types.push_back(arguments[output].type());
  }
  body += " outs(" + join(names) + " : " + join(types) + ")";
}

void Printer::region(const std::string &name, const RegionBody &statements, bool isScore) {
  if (!statements)
    return;
  std::vector<std::string> block;
  const std::string &element = arguments[problem.inputs[0]].elementType;
  if (isScore)
    block.push_back(element == "f64" ? "%s: f64" : "%s: f32");
  for (size_t i = 0; i != problem.captures.size(); ++i) {
    const Argument &argument = arguments[problem.captures[i].argument];
    bool whole = problem.captures[i].form == Capture::Form::Whole;
    block.push_back("%c" + std::to_string(i) + ": " + (whole ? argument.type() : argument.elementType));
  }
  body += " " + name + " {\n";
  if (!block.empty())
    line("^bb0(" + join(block) + "):");
  for (const std::string &statement : statements.statements)
    line("  " + statement);
  body += "    }";
}

void Printer::op() {
  std::vector<std::string> results;
  for (size_t i = 0; i != problem.outputs.size(); ++i)
    results.push_back("%r" + std::to_string(i));
  body += "    " + join(results) + " = attn.";
  switch (problem.kind) {
  case Problem::Kind::Attention:
    body += "attention";
    attentionClauses();
    break;
  case Problem::Kind::Softmax:
    body += "softmax";
    softmaxClauses();
    break;
  case Problem::Kind::CrossEntropy:
    body += "cross_entropy";
    crossEntropyClauses();
    break;
  }
  operands("ins", problem.inputs);
  std::vector<unsigned> captures;
  for (const Capture &capture : problem.captures)
    captures.push_back(capture.argument);
  operands("captures", captures);
  outputs();
  if (!problem.maps.empty())
    body += " maps [" + join(problem.maps) + "]";
  region("score", problem.score, true);
  region("mask", problem.mask, false);
  body += "\n";
}

std::string Printer::print() {
  std::vector<std::string> parameters, types, results;
  for (const Argument &argument : arguments)
    parameters.push_back("%" + argument.name + ": " + argument.type());
  for (size_t i = 0; i != problem.outputs.size(); ++i) {
    types.push_back(arguments[problem.outputs[i]].type());
    results.push_back(i == 0 && problem.scaleResult ? "%scaled" : "%r" + std::to_string(i));
  }
  if (problem.transposedKey)
    transposeKey();
  if (problem.fillOutputs)
    fillOutputs();
  op();
  if (problem.scaleResult)
    scaleResult();
  line("return " + join(results) + " : " + join(types));
  return "// seed " + std::to_string(problem.seed) + "\nmodule {\n  func.func @main(" + join(parameters) + ") -> (" +
         join(types) + ") {\n" + body + "  }\n}\n";
}

std::string fovea::fuzz::printProblem(const Problem &problem) { return Printer(problem).print(); }
