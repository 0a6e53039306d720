//===- Runner.h - Compiling and running a file ------------------*- C++ -*-===//
//
// What fovea-run does, as a function: reads a module, makes the arguments of
// one of its functions, compiles it through `attn-to-llvm` or `attn-to-nvvm`,
// calls it, judges the results against the evaluator, times it and writes the
// results. Kernels can be interpreted instead.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_EXECUTE_RUNNER_H
#define FOVEA_EXECUTE_RUNNER_H

#include "fovea/Evaluate/AccessCounts.h"
#include "fovea/Execute/Compare.h"

#include "llvm/Support/Error.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

struct RunOptions {
  std::string file;
  /// The module itself; `file` is then only what diagnostics call it.
  std::optional<std::string> text;
  /// The function to call; may be empty where the file has one public function.
  std::string entry;
  /// auto, cpu, cuda: `auto` is a GPU where there is one that the function can
  /// be compiled for.
  std::string target = "auto";
  /// Where the contents come from (InputSpec.h), for each argument in order
  /// that is not merely a destination, or for each argument. If empty, all are
  /// `random`.
  std::vector<std::string> inputs;
  /// One .npy file per result, in order; the last ones may be left out.
  std::vector<std::string> outputs;
  bool rawBF16 = false; ///< Write bf16 results as bits instead of as f32.
  /// `name=value`, for dimensions that neither type nor file gives. A dimension
  /// is called what the argument's attribute `fovea.dims` calls it (an array
  /// with a string per dimension, "*" for no name), else `argN.D`.
  std::vector<std::string> dims;
  /// `N=s0,s1,...`: strides of argument N in elements.
  std::vector<std::string> strides;
  uint64_t seed = 0; ///< Of `random` without a seed.
  bool check = false;
  int64_t repeat = 0; ///< Calls to time, after one that is not.
  /// Of CpuPipelineOptions, over what the machine gives: `tile-m=64 tile-n=96`;
  /// on a GPU of GpuPipelineOptions.
  std::string pipelineOptions;
  bool unfused = false; ///< Compile through `attn-unfused-to-llvm` instead.
  /// Interpret the function as it is before bufferization, too, and count what it reads, writes and computes on a
  /// machine with so many bytes on chip (AccessCounts.h).
  bool count = false;
  int64_t onChipBytes = 227 << 10;
  /// If not empty, nothing is compiled: the tile interpreter runs the kernels as they are after this stage of
  /// attn-to-nvvm (parseGpuStage), or, for `file`, in the file.
  std::string interpret;
};

/// Seconds per call, sorted.
struct Timing {
  std::vector<double> seconds;
};

/// What a run has been counted to do.
struct CountedAccesses {
  int64_t onChipBytes = 0;
  std::vector<std::string> argumentTypes;
  AccessCounts counts;
  std::vector<Verdict> verdicts; ///< One per result of the run that was counted, with `check`.
};

struct RunReport {
  std::string entry;
  std::string place;          ///< `the CPU, 8 threads`, or the name of a GPU.
  double loweringSeconds = 0; ///< MLIR passes
  double codegenSeconds = 0;  ///< LLVM
  double assemblySeconds = 0; ///< ptxas or the driver, for a GPU
  /// What decided on the target, what ptxas finds slow, the kernels.
  std::vector<std::string> remarks;
  std::vector<std::string> resultTypes;
  /// Floating-point operations of a call, where known; masks are not deducted.
  std::optional<double> flops;
  bool masked = false;
  int64_t argumentBytes = 0; ///< Of the elements of arguments that are not only written to.
  int64_t resultBytes = 0;
  std::vector<Verdict> verdicts;          ///< One per result, with `check`.
  std::optional<Timing> timing;           ///< With `repeat`.
  std::optional<CountedAccesses> counted; ///< With `count`.
  /// Of the tile interpreter: what explains results that are wrong, and how to see them again.
  std::vector<std::string> notes;
  /// Lines that say how to see a failed run again.
  std::vector<std::string> reproducers;

  bool passed() const;
  /// Lines for a reader.
  std::string str() const;
};

/// A function that is compiled, has its arguments, and has been called and judged once.
class PreparedRun {
public:
  /// Fails with one diagnostic. Of the options, `repeat` and `outputs` are for runFile.
  static llvm::Expected<PreparedRun> create(const RunOptions &options);
  PreparedRun(PreparedRun &&other) noexcept;
  PreparedRun &operator=(PreparedRun &&other) noexcept;
  ~PreparedRun();

  const RunReport &getReport() const;
  /// Seconds of so many further calls, in the order in which they were made.
  llvm::Expected<std::vector<double>> measure(int64_t repeat);

private:
  friend llvm::Expected<RunReport> runFile(const RunOptions &options);
  struct State;
  explicit PreparedRun(std::unique_ptr<State> state);

  std::unique_ptr<State> state;
};

/// Prepares, times and writes the outputs. Fails with one diagnostic, and has then written no output.
llvm::Expected<RunReport> runFile(const RunOptions &options);

} // namespace fovea

#endif // FOVEA_EXECUTE_RUNNER_H
