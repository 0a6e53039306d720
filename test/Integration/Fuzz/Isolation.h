//===- Isolation.h - seeds in a process that may crash ----------*- C++ -*-===//
//
// A compiler that crashes on one module must not end the search: seeds run in
// a child process, and when it dies a new one goes on behind the seed that
// killed it.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_INTEGRATION_FUZZ_ISOLATION_H
#define FOVEA_TEST_INTEGRATION_FUZZ_ISOLATION_H

#include "llvm/ADT/STLFunctionalExtras.h"
#include "llvm/ADT/StringRef.h"

#include <array>
#include <cstdint>
#include <string>

namespace fovea::fuzz {

struct IsolationOptions {
  uint64_t firstSeed = 0, count = 1;
  unsigned secondsPerSeed = 60;
};

/// What a child tells its parent, in memory that both have.
class Progress {
public:
  /// What follows the seed in a reproducer, until the next call.
  void setStep(llvm::StringRef text);
  std::string getStep() const { return step.data(); }
  uint64_t getSeed() const { return seed; }

  /// Of a crash: whether code of this program was on the stack between two frames of the shared libraries, or below
  /// all of them: where it is not, upstream was called with a text, and crashed on its own.
  bool wasInOwnCode() const { return inOwnCode; }

  /// Counters to add to, whose meaning is the caller's.
  std::array<uint64_t, 8> counts = {};

private:
  friend uint64_t runIsolated(const IsolationOptions &options, llvm::function_ref<bool(uint64_t, Progress &)> run,
                              llvm::function_ref<bool(llvm::StringRef, const Progress &)> report, Progress &total);
  friend void noteOwnCode(void *progress);
  uint64_t seed = 0, failures = 0;
  bool inOwnCode = false;
  std::array<char, 1024> step = {};
};

/// Calls `run` for each seed in a child process; it returns whether the seed passed. `report` is called, in this
/// process, with how the child died where it did: by a signal, by an exit of its own, or because a seed took too long;
/// it returns whether that is a failure. Returns the number of failures; `total` has the counts of all children.
uint64_t runIsolated(const IsolationOptions &options, llvm::function_ref<bool(uint64_t, Progress &)> run,
                     llvm::function_ref<bool(llvm::StringRef, const Progress &)> report, Progress &total);

} // namespace fovea::fuzz

#endif // FOVEA_TEST_INTEGRATION_FUZZ_ISOLATION_H
