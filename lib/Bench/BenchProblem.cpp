//===- BenchProblem.cpp - a problem to time, as numbers -------------------===//

#include "fovea/Bench/BenchProblem.h"
#include "fovea/Execute/ElementType.h"

#include "llvm/Support/raw_ostream.h"

#include <algorithm>

using namespace fovea;

static constexpr std::pair<BenchProblem::Op, llvm::StringLiteral> opNames[] = {
    {BenchProblem::Op::Attention, "attention"},
    {BenchProblem::Op::Softmax, "softmax"},
    {BenchProblem::Op::LogSoftmax, "log-softmax"},
    {BenchProblem::Op::CrossEntropy, "cross-entropy"}};

std::optional<BenchProblem::Op> fovea::parseBenchOp(llvm::StringRef name) {
  for (auto [op, known] : opNames)
    if (name == known)
      return op;
  return std::nullopt;
}

llvm::StringRef fovea::getName(BenchProblem::Op op) {
  for (auto [known, name] : opNames)
    if (op == known)
      return name;
  llvm_unreachable("every op has a name");
}

//===----------------------------------------------------------------------===//
// Sizes
//===----------------------------------------------------------------------===//

llvm::Error BenchProblem::check() const {
  std::optional<ElementType> type = parseElementType(elementType);
  if (!type || !isFloat(*type))
    return llvm::createStringError("element type '" + elementType + "': expected f16, bf16, f32 or f64");
  std::vector<std::pair<const char *, int64_t>> sizes = {{"rows", rows}, {"columns", columns}};
  if (op == Op::Attention)
    sizes = {{"batch", batch}, {"heads", heads},      {"kv-heads", kvHeads},           {"queries", queries},
             {"keys", keys},   {"head-dim", headDim}, {"value-head-dim", valueHeadDim}};
  for (auto [name, size] : sizes)
    if (size < 1)
      return llvm::createStringError("%s is %lld, expected at least 1", name, static_cast<long long>(size));
  if (op != Op::Attention)
    return llvm::Error::success();
  if (heads % kvHeads != 0)
    return llvm::createStringError("%lld heads do not share %lld heads of keys and values evenly",
                                   static_cast<long long>(heads), static_cast<long long>(kvHeads));
  if (causal != "none" && causal != "top_left" && causal != "bottom_right")
    return llvm::createStringError("causal '" + causal + "': expected none, top_left or bottom_right");
  if (window && (window->first < 0 || window->second < 0))
    return llvm::createStringError("window %lld:%lld: expected none or more keys to either side",
                                   static_cast<long long>(window->first), static_cast<long long>(window->second));
  if (!(softcap >= 0))
    return llvm::createStringError("softcap %g: expected a positive number, or 0 for none", softcap);
  return llvm::Error::success();
}

int64_t BenchProblem::elementBytes() const { return getByteSize(*parseElementType(elementType)); }

double BenchProblem::countPairs() const {
  int64_t offset = causal == "top_left" ? 0 : keys - queries;
  double pairs = 0;
  for (int64_t query = 0; query < queries; ++query) {
    int64_t diagonal = query + offset, first = 0, last = keys - 1;
    if (causal != "none")
      last = std::min(last, diagonal);
    if (window) {
      first = std::max(first, diagonal - window->first);
      last = std::min(last, diagonal + window->second);
    }
    pairs += double(std::max<int64_t>(last - first + 1, 0));
  }
  return pairs * batch * heads;
}

double BenchProblem::countFlops() const {
  return op == Op::Attention ? 2 * countPairs() * (headDim + valueHeadDim) : 5.0 * rows * columns;
}

double BenchProblem::countDenseFlops() const {
  return op == Op::Attention ? 2.0 * batch * heads * queries * keys * (headDim + valueHeadDim) : countFlops();
}

int64_t BenchProblem::countReadBytes() const {
  if (op == Op::Attention)
    return batch * (heads * queries * headDim + kvHeads * keys * (headDim + valueHeadDim)) * elementBytes();
  return rows * columns * elementBytes() + (op == Op::CrossEntropy ? 4 * rows : 0);
}

int64_t BenchProblem::countWrittenBytes() const {
  int64_t computeBytes = elementType == "f64" ? 8 : 4;
  if (op == Op::Attention)
    return batch * heads * queries * (valueHeadDim * elementBytes() + (lse ? computeBytes : 0));
  return op == Op::CrossEntropy ? rows * computeBytes : rows * columns * elementBytes();
}

BenchProblem BenchProblem::shrinkTo(double flops) const {
  BenchProblem small = *this;
  auto isLarge = [&] { return small.countDenseFlops() > flops; };
  if (isLarge())
    small.batch = 1;
  if (isLarge()) {
    small.heads = heads / kvHeads;
    small.kvHeads = 1;
  }
  auto halve = [&](int64_t &length) { length = std::max<int64_t>(length / 2, 1); };
  while (isLarge() && op == Op::Attention && std::max(small.queries, small.keys) > 1) {
    int64_t longest = std::max(small.queries, small.keys);
    for (int64_t *length : {&small.queries, &small.keys})
      if (*length == longest)
        halve(*length);
  }
  while (isLarge() && op != Op::Attention && small.rows > 1)
    halve(small.rows);
  return small;
}

//===----------------------------------------------------------------------===//
// Texts
//===----------------------------------------------------------------------===//

static std::string join(std::initializer_list<int64_t> sizes) {
  std::string text;
  for (int64_t size : sizes)
    text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

static std::string toText(double number) {
  std::string text;
  llvm::raw_string_ostream(text) << llvm::format("%g", number);
  return text;
}

std::string BenchProblem::describe() const {
  std::string text = getName(op).str() + " ";
  if (op != Op::Attention)
    return text + join({rows, columns}) + " " + elementType;
  text += join({batch, heads, queries, headDim});
  if (kvHeads != heads || keys != queries || valueHeadDim != headDim)
    text += " keys " + join({kvHeads, keys, valueHeadDim});
  text += " " + elementType;
  if (causal != "none")
    text += " causal(" + causal + ")";
  if (window)
    text += " window(" + std::to_string(window->first) + ", " + std::to_string(window->second) + ")";
  if (softcap != 0)
    text += " softcap(" + toText(softcap) + ")";
  if (alibi)
    text += " alibi";
  if (lse)
    text += " lse";
  return text;
}

std::string BenchProblem::getFlags() const {
  std::string text;
  auto add = [&](llvm::StringRef name, const std::string &value) {
    text += (text.empty() ? "--" : " --") + name.str() + "=" + value;
  };
  add("op", getName(op).str());
  add("dtype", elementType);
  if (op != Op::Attention) {
    add("rows", std::to_string(rows));
    add("columns", std::to_string(columns));
    return text;
  }
  for (auto [name, size] : std::initializer_list<std::pair<const char *, int64_t>>{{"batch", batch},
                                                                                   {"heads", heads},
                                                                                   {"kv-heads", kvHeads},
                                                                                   {"queries", queries},
                                                                                   {"keys", keys},
                                                                                   {"head-dim", headDim},
                                                                                   {"value-head-dim", valueHeadDim}})
    add(name, std::to_string(size));
  if (causal != "none")
    add("causal", causal);
  if (window)
    add("window", std::to_string(window->first) + ":" + std::to_string(window->second));
  if (softcap != 0)
    add("softcap", toText(softcap));
  if (alibi)
    add("alibi", "on");
  if (lse)
    text += " --lse";
  return text;
}

std::string BenchProblem::getModule() const {
  std::string computeType = elementType == "f64" ? "f64" : "f32";
  auto tensor = [](std::initializer_list<int64_t> sizes, const std::string &element) {
    return "tensor<" + join(sizes) + "x" + element + ">";
  };
  if (op != Op::Attention) {
    std::string x = tensor({rows, columns}, elementType);
    bool isLoss = op == Op::CrossEntropy;
    std::string out = isLoss ? tensor({rows}, computeType) : x;
    std::string target = tensor({rows}, "i32");
    return "func.func @main(%x: " + x + (isLoss ? ", %target: " + target : "") + ", %out: " + out + ") -> " + out +
           " {\n  %y = " +
           (isLoss ? "attn.cross_entropy reduction(none) ins(%x, %target : " + x + ", " + target + ")"
                   : std::string("attn.softmax ") + (op == Op::LogSoftmax ? "log_prob " : "") +
                         "dimension(1) ins(%x : " + x + ")") +
           " outs(%out : " + out + ")\n  return %y : " + out + "\n}\n";
  }
  std::string q = tensor({batch, heads, queries, headDim}, elementType);
  std::string k = tensor({batch, kvHeads, keys, headDim}, elementType);
  std::string v = tensor({batch, kvHeads, keys, valueHeadDim}, elementType);
  std::string o = tensor({batch, heads, queries, valueHeadDim}, elementType);
  std::string row = tensor({batch, heads, queries}, computeType), slopes = tensor({heads}, "f32");
  std::string clauses;
  if (causal != "none")
    clauses += "causal(" + causal + ") ";
  else if (window || alibi)
    clauses += "align(bottom_right) ";
  if (window)
    clauses += "window(" + std::to_string(window->first) + ", " + std::to_string(window->second) + ") ";
  if (softcap != 0) {
    std::string number = toText(softcap);
    clauses +=
        "softcap(" + number + (llvm::StringRef(number).find_first_of(".e") == llvm::StringRef::npos ? ".0" : "") + ") ";
  }
  if (alibi)
    clauses += "alibi(%slopes : " + slopes + ") ";
  std::string types = lse ? "(" + o + ", " + row + ")" : o;
  return "func.func @main(%q: " + q + ", %k: " + k + ", %v: " + v + (alibi ? ", %slopes: " + slopes : "") +
         ", %out: " + o + (lse ? ", %lse: " + row : "") + ") -> " + types + " {\n  %o" + (lse ? ", %l" : "") +
         " = attn.attention " + clauses + "ins(%q, %k, %v : " + q + ", " + k + ", " + v + ") outs(%out" +
         (lse ? ", lse %lse : " + o + ", " + row : " : " + o) + ")\n  return %o" +
         (lse ? ", %l : " + o + ", " + row : " : " + o) + "\n}\n";
}
