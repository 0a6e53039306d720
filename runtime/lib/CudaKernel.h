//===- CudaKernel.h - A kernel and what it may be launched with -*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_CUDAKERNEL_H
#define FOVEA_RUNTIME_LIB_CUDAKERNEL_H

#include "CudaContext.h"
#include "fovea/cuda.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

namespace fovea {

/// Clusters of more blocks than the first need consent; of more than the second
/// there are none.
constexpr int64_t portableClusterBlocks = 8, maxClusterBlocks = 16;

class CudaKernel {
public:
  static std::unique_ptr<CudaKernel> find(const CudaContext &context, CUmodule module, const std::string &name);

  const std::string &getName() const { return name; }

  FoveaCudaKernelAttributes getAttributes() const;

  /// Raises what a launch may ask for; see foveaCudaAllow.
  bool allow(int64_t dynamicSharedBytes, int64_t clusterBlocks);

  /// The most dynamic shared memory that it can be allowed.
  int64_t maxDynamicSharedBytes() const { return deviceSharedBytes - attributes.staticSharedBytes; }

  /// Whether its parameters have these sizes, as far as the driver can tell.
  bool checkParameters(const size_t *sizes, size_t count) const;

  /// Whether it can be launched in this shape; the last error names the limit
  /// that is passed.
  bool checkShape(const FoveaCudaLaunchShape &shape) const;

  /// Launches it in a shape that has been checked; allocates nothing.
  bool launch(const FoveaCudaLaunchShape &shape, void **arguments, CUstream stream) const;

private:
  explicit CudaKernel(const CudaContext &context, const std::string &name) : context(context), name(name) {}

  bool readAttributes();

  const CudaContext context;
  const std::string name;
  CUfunction function = nullptr;
  FoveaCudaKernelAttributes attributes{}; ///< All but what `allow` raises.
  int64_t deviceSharedBytes = 0;
  std::mutex mutex; ///< Of `allow`.
  std::atomic<int64_t> allowedDynamicSharedBytes{0};
  std::atomic<int64_t> allowedClusterBlocks{portableClusterBlocks};
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_CUDAKERNEL_H
