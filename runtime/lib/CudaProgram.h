//===- CudaProgram.h - Kernels with their launch descriptor -----*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_CUDAPROGRAM_H
#define FOVEA_RUNTIME_LIB_CUDAPROGRAM_H

#include "CudaModule.h"
#include "fovea/LaunchDescriptor.h"
#include "fovea/cuda.h"

#include <memory>
#include <vector>

namespace fovea {

class LaunchEvaluation;

/// A descriptor whose kernels are loaded into one context. Constant once made,
/// so that any threads may launch it.
class CudaProgram {
public:
  /// Null, and the last error, if something does not fit.
  static std::unique_ptr<CudaProgram> prepare(const void *descriptor, size_t size, const FoveaCudaImage *images,
                                              int64_t imageCount);
  /// From a program's binary form.
  static std::unique_ptr<CudaProgram> prepare(const void *program, size_t size);
  ~CudaProgram() { releaseModules(); }

  /// Releases its modules before it is destroyed, to learn whether that failed.
  bool releaseModules();

  bool getResult(const FoveaCudaArgument *arguments, int64_t count, int64_t result, int64_t &argument,
                 int64_t *sizes) const;
  bool plan(const FoveaCudaArgument *arguments, int64_t count, FoveaCudaPlannedKernel *planned, int64_t capacity,
            int64_t &kernelCount) const;
  bool getWorkspaceBytes(const FoveaCudaArgument *arguments, int64_t count, int64_t &bytes) const;
  /// `isFresh`: the workspace is not one that an earlier launch left behind.
  bool launch(const FoveaCudaArgument *arguments, int64_t count, uint64_t workspace, int64_t workspaceBytes,
              bool isFresh, CUstream stream) const;

private:
  /// The kernel of each launch of a variant.
  using Kernels = std::vector<CudaKernel *>;
  /// What a launch is about to do; on its stack.
  struct Plan;

  static std::unique_ptr<CudaProgram> prepare(launch::LaunchDescriptor descriptor, const FoveaCudaImage *images,
                                              int64_t imageCount);
  explicit CudaProgram(const CudaContext &context) : context(context) {}

  bool loadImages(const FoveaCudaImage *images, int64_t count);
  bool findKernels();
  bool allowLaunch(const launch::KernelLaunch &launch, CudaKernel &kernel, const LaunchEvaluation &constants) const;

  bool checkArguments(const FoveaCudaArgument *arguments, int64_t count, bool withResults = true) const;
  bool checkResults(const LaunchEvaluation &evaluation, const FoveaCudaArgument *arguments) const;
  const launch::Variant *select(const LaunchEvaluation &evaluation) const;
  bool placeWorkspaces(Plan &plan, int64_t &bytes) const;
  bool planLaunches(Plan &plan) const;
  bool encodeTensorMaps(Plan &plan) const;
  bool encodeTensorMaps(Plan &plan, const launch::KernelLaunch &launch) const;
  bool issue(Plan &plan, size_t index, CUstream stream) const;
  /// Adds the descriptor's name and the arguments' shapes to the last error;
  /// returns false.
  bool describe(const FoveaCudaArgument *arguments) const;

  const CudaContext context;
  launch::LaunchDescriptor descriptor;
  int64_t smCount = 0;
  std::vector<CudaModule *> modules; ///< Of each image.
  std::vector<Kernels> kernels;      ///< Of each variant.
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_CUDAPROGRAM_H
