//===- Sweep.cpp - lists of values to problems ----------------------------===//

#include "fovea/Bench/Sweep.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"

using namespace fovea;

llvm::ArrayRef<SweepAxis> fovea::getSweepAxes() {
  static constexpr SweepAxis axes[] = {
      {"op", "op,...", "attention (default), softmax, log-softmax, cross-entropy"},
      {"dtype", "type,...", "f32 (default), f16, bf16, f64"},
      {"batch", "n,...", "Batches of attention (1)"},
      {"heads", "n,...", "Heads of queries (8)"},
      {"kv-heads", "n,...", "Heads of keys and values (0: as many as of queries)"},
      {"queries", "n,...", "Queries of each head (1024)"},
      {"keys", "n,...", "Keys of each head (0: as many as queries)"},
      {"head-dim", "n,...", "Head dim of queries and keys (64)"},
      {"value-head-dim", "n,...", "Head dim of values (0: that of keys)"},
      {"causal", "how,...", "none (default), top_left, bottom_right"},
      {"window", "l:r,...", "Keys to the left and right of the diagonal, or none (default)"},
      {"softcap", "c,...", "The cap, or 0 for none (default)"},
      {"alibi", "on|off,...", "A penalty by distance (off)"},
      {"rows", "n,...", "Rows of the other ops (4096)"},
      {"columns", "n,...", "Columns, or classes, of the other ops (1024)"}};
  return axes;
}

static llvm::Error badValue(llvm::StringRef axis, llvm::StringRef value, llvm::StringRef expected) {
  return llvm::createStringError("--" + axis + ": '" + value + "': expected " + expected);
}

static llvm::Error parseSize(llvm::StringRef axis, llvm::StringRef value, int64_t &size) {
  if (value.getAsInteger(10, size) || size < 0)
    return badValue(axis, value, "a whole number");
  return llvm::Error::success();
}

/// Sets what `axis` is about.
static llvm::Error assign(BenchProblem &problem, llvm::StringRef axis, llvm::StringRef value) {
  const std::pair<llvm::StringLiteral, int64_t BenchProblem::*> sizes[] = {
      {"batch", &BenchProblem::batch},
      {"heads", &BenchProblem::heads},
      {"kv-heads", &BenchProblem::kvHeads},
      {"queries", &BenchProblem::queries},
      {"keys", &BenchProblem::keys},
      {"head-dim", &BenchProblem::headDim},
      {"value-head-dim", &BenchProblem::valueHeadDim},
      {"rows", &BenchProblem::rows},
      {"columns", &BenchProblem::columns}};
  for (auto [name, size] : sizes)
    if (axis == name)
      return parseSize(axis, value, problem.*size);
  if (axis == "op") {
    std::optional<BenchProblem::Op> op = parseBenchOp(value);
    if (!op)
      return badValue(axis, value, "attention, softmax, log-softmax or cross-entropy");
    problem.op = *op;
  } else if (axis == "dtype") {
    problem.elementType = value.str();
  } else if (axis == "causal") {
    problem.causal = value.str();
  } else if (axis == "window" && value != "none") {
    std::pair<int64_t, int64_t> window;
    auto [left, right] = value.split(':');
    if (left.getAsInteger(10, window.first) || right.getAsInteger(10, window.second))
      return badValue(axis, value, "LEFT:RIGHT or none");
    problem.window = window;
  } else if (axis == "softcap") {
    if (value.getAsDouble(problem.softcap))
      return badValue(axis, value, "a number");
  } else if (axis == "alibi") {
    if (value != "on" && value != "off")
      return badValue(axis, value, "on or off");
    problem.alibi = value == "on";
  }
  return llvm::Error::success();
}

/// Which ops an axis makes a difference to; others are not repeated for its values.
static bool concerns(llvm::StringRef axis, BenchProblem::Op op) {
  if (axis == "op" || axis == "dtype")
    return true;
  return (axis == "rows" || axis == "columns") == (op != BenchProblem::Op::Attention);
}

static llvm::Expected<std::vector<BenchCell>> getFileCells(const Sweep &sweep) {
  std::vector<std::pair<std::string, std::vector<std::string>>> dims;
  for (llvm::StringRef text : sweep.dims) {
    auto [name, list] = text.split('=');
    llvm::SmallVector<llvm::StringRef> sizes;
    list.split(sizes, ',');
    int64_t size = 0;
    for (llvm::StringRef one : sizes)
      if (name.empty() || one.getAsInteger(10, size) || size < 0)
        return badValue("dim", text, "NAME=SIZE,SIZE...");
    dims.emplace_back(name.str(), std::vector<std::string>(sizes.begin(), sizes.end()));
  }
  return combine(sweep.file, sweep.entry, dims);
}

llvm::Expected<std::vector<BenchCell>> Sweep::getCells() const {
  bool hasAxes = lse || llvm::any_of(axes, [](const auto &axis) { return !axis.second.empty(); });
  if (!file.empty() && hasAxes)
    return llvm::createStringError("a file is its own problem; of the options that make one, it takes none");
  if (file.empty() && (!entry.empty() || !dims.empty()))
    return llvm::createStringError("--entry and --dim are of a file, and there is none");
  if (!file.empty())
    return getFileCells(*this);

  BenchProblem start;
  start.kvHeads = start.keys = start.valueHeadDim = 0; // as the others, unless they are given
  start.lse = lse;
  std::vector<BenchProblem> problems = {start};
  for (const SweepAxis &axis : getSweepAxes()) {
    auto values = axes.find(axis.name);
    if (values == axes.end() || values->second.empty())
      continue;
    std::vector<BenchProblem> more;
    for (const BenchProblem &problem : problems)
      for (const std::string &value : values->second) {
        BenchProblem changed = problem;
        if (llvm::Error error = assign(changed, axis.name, value))
          return std::move(error);
        if (concerns(axis.name, problem.op))
          more.push_back(changed);
        else if (&value == &values->second.front())
          more.push_back(problem);
      }
    problems = std::move(more);
  }
  std::vector<BenchCell> cells;
  for (BenchProblem &problem : problems) {
    problem.kvHeads = problem.kvHeads ? problem.kvHeads : problem.heads;
    problem.keys = problem.keys ? problem.keys : problem.queries;
    problem.valueHeadDim = problem.valueHeadDim ? problem.valueHeadDim : problem.headDim;
    cells.emplace_back().problem = problem;
  }
  return cells;
}
