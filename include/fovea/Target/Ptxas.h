//===- Ptxas.h - from PTX to a cubin, and what ptxas says -------*- C++ -*-===//
//
// ptxas tells by its report whether a kernel is what was meant: that it spills,
// or that the tensor cores wait for each other, changes no result.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TARGET_PTXAS_H
#define FOVEA_TARGET_PTXAS_H

#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace fovea {

struct PtxasKernel {
  std::string name;
  int64_t registers = 0; ///< Of a thread.
  int64_t barriers = 0;
  int64_t stackBytes = 0; ///< Of a thread, as are the next two.
  int64_t spillStoreBytes = 0;
  int64_t spillLoadBytes = 0;
  int64_t staticSharedBytes = 0;
};

/// `(C7508) Potential Performance Loss: 'setmaxnreg' ignored; ...`
struct PtxasAdvice {
  int code = 0;
  std::string text;
};

struct PtxasReport {
  std::vector<PtxasKernel> kernels;
  std::vector<PtxasAdvice> advice;
  std::vector<std::string> warnings;
  std::vector<std::string> errors; ///< `error` and `fatal`, with their line.

  const PtxasKernel *find(llvm::StringRef kernel) const;
};

/// Reads what `ptxas -v` writes. Lines that it does not know are passed over.
PtxasReport parsePtxasReport(llvm::StringRef text);

/// None if every kernel keeps its registers and its MMAs overlap; else what is
/// wrong, in words. Spills, a stack and the advice C75xx count, except C7519: a
/// wgmma.fence that ptxas adds costs nothing.
std::optional<std::string> whyNotClean(const PtxasReport &report);

/// ptxas in PATH, in CUDA_HOME/bin or in /usr/local/cuda/bin; none if there is
/// none.
std::optional<std::string> findPtxas();

struct Cubin {
  std::string bytes;
  std::string messages; ///< What ptxas wrote, of which `report` is the contents.
  PtxasReport report;
};

/// Assembles for `chip`. What ptxas says is wrong with the text is the error.
/// If `ptxas` is empty, the one that findPtxas finds.
llvm::Expected<Cubin> assemblePtx(llvm::StringRef ptx, llvm::StringRef chip, llvm::StringRef ptxas = {});

} // namespace fovea

#endif // FOVEA_TARGET_PTXAS_H
