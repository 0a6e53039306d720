//===- Sweep.h - lists of values to problems --------------------*- C++ -*-===//

#ifndef FOVEA_BENCH_SWEEP_H
#define FOVEA_BENCH_SWEEP_H

#include "fovea/Bench/Bench.h"

#include "llvm/ADT/ArrayRef.h"

#include <map>

namespace fovea {

/// Something that problems differ in, as a command line names it.
struct SweepAxis {
  const char *name, *values, *description;
};
llvm::ArrayRef<SweepAxis> getSweepAxes();

/// What a command line says.
struct Sweep {
  /// By axis; an axis without values has its default.
  std::map<llvm::StringRef, std::vector<std::string>> axes;
  bool lse = false;
  /// Instead of axes: a file, its function, and `name=size,size...` for its dimensions.
  std::string file, entry;
  std::vector<std::string> dims;

  /// A cell for every combination. Fails on a value that is none, with what is expected.
  llvm::Expected<std::vector<BenchCell>> getCells() const;
};

} // namespace fovea

#endif // FOVEA_BENCH_SWEEP_H
