//===- Bench.h - timing many problems beside what is possible ---*- C++ -*-===//
//
// What fovea-bench does, as a function. Every problem, or file with sizes, is
// a cell: it is compiled, checked, and timed in several rounds whose order
// rotates, so that a machine that changes its speed favours none. What the
// machine can do at most is measured beside each cell of each round.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_BENCH_BENCH_H
#define FOVEA_BENCH_BENCH_H

#include "fovea/Bench/BenchProblem.h"

#include "llvm/Support/raw_ostream.h"

namespace fovea {

/// What one row of the table is.
struct BenchCell {
  std::optional<BenchProblem> problem;
  /// Without a problem: a file, its function and the sizes of dynamic dimensions, as fovea-run takes them.
  std::string file, entry;
  std::vector<std::string> dims;

  std::string describe() const;
  std::string getFlags() const;
};

/// One cell for each combination of the values of the dimensions.
std::vector<BenchCell> combine(llvm::StringRef file, llvm::StringRef entry,
                               llvm::ArrayRef<std::pair<std::string, std::vector<std::string>>> dims);

struct BenchOptions {
  std::vector<BenchCell> cells;
  std::string target = "auto"; ///< auto, cpu or cuda.
  std::string pipelineOptions; ///< Of attn-to-llvm or attn-to-nvvm.
  bool unfused = false;
  bool check = true;
  int64_t rounds = 5;
  int64_t calls = 0; ///< Per round; 0: as many as take 50 ms, at least 3 and at most 1000.
  /// Operations per second and bytes per second to compare with instead of what is measured; 0 measures.
  double peakFlops = 0, bandwidth = 0;
};

/// What was measured. A cell that could not be run has an error and no times.
struct BenchResult {
  std::string description, reproducer, place;
  std::string error;
  std::vector<double> seconds; ///< The median of each round, in order.
  int64_t calls = 0;           ///< In each round.
  double compileSeconds = 0;
  double flops = 0;        ///< Of a call; 0 where not known.
  bool dense = false;      ///< Flops are those without the mask.
  double readBytes = 0;    ///< Of each operand once.
  double writtenBytes = 0; ///< Of each result once.
  std::string check;       ///< What was compared, and how it went.
  bool passed = true;
  // What is possible, by the roofline.
  double peakFlops = 0, readBandwidth = 0, copyBandwidth = 0; ///< Medians of the rounds; 0 where not known.
  std::string unit;                                           ///< `f32 FMA`
  double share = 0;                                           ///< Of the ceiling; the median of the rounds.
  std::string bound;                                          ///< compute or memory; "" where not known.

  double getMedian() const;
};

struct BenchReport {
  std::vector<BenchResult> results;
  int64_t rounds = 0;

  /// Whether every cell ran and passed its check.
  bool passed() const;
  void writeMarkdown(llvm::raw_ostream &os) const;
  void writeJson(llvm::raw_ostream &os) const;
  /// Fails where no ceiling is known, or nothing ran.
  llvm::Error writeSvg(llvm::raw_ostream &os) const;
};

/// Fails on options that make no sense; what goes wrong with a cell is in its result.
llvm::Expected<BenchReport> runBench(const BenchOptions &options);

} // namespace fovea

#endif // FOVEA_BENCH_BENCH_H
