//===- CudaKernel.cpp - A kernel and what it may be launched with ---------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "CudaKernel.h"

#include "Error.h"

#include <algorithm>
#include <climits>

using namespace fovea;

std::unique_ptr<CudaKernel> CudaKernel::find(const CudaContext &context, CUmodule module, const std::string &name) {
  std::unique_ptr<CudaKernel> kernel(new CudaKernel(context, name));
  if (context.driver.cuModuleGetFunction(&kernel->function, module, name.c_str()) && kernel->readAttributes())
    return kernel;
  appendLastError("; kernel '%s'", name.c_str());
  return nullptr;
}

bool CudaKernel::readAttributes() {
  const CudaDriver &driver = context.driver;
  int threads = 0, staticShared = 0, local = 0, registers = 0, dynamic = 0, deviceShared = 0;
  auto get = [&](int &value, CUfunction_attribute attribute) {
    return driver.cuFuncGetAttribute(&value, attribute, function);
  };
  if (!get(threads, CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK) ||
      !get(staticShared, CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES) || !get(local, CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES) ||
      !get(registers, CU_FUNC_ATTRIBUTE_NUM_REGS) || !get(dynamic, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES) ||
      !context.getAttribute(CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, deviceShared))
    return false;
  attributes = {registers, local, staticShared, dynamic, threads};
  allowedDynamicSharedBytes = dynamic;
  deviceSharedBytes = deviceShared;
  return true;
}

FoveaCudaKernelAttributes CudaKernel::getAttributes() const {
  FoveaCudaKernelAttributes now = attributes;
  now.dynamicSharedBytes = allowedDynamicSharedBytes;
  return now;
}

bool CudaKernel::allow(int64_t dynamicSharedBytes, int64_t clusterBlocks) {
  if (dynamicSharedBytes < 0 || dynamicSharedBytes > maxDynamicSharedBytes())
    return fail("kernel '%s': got %lld bytes of dynamic shared memory, expected "
                "0 to %lld (%lld of the device less %lld static)",
                name.c_str(), (long long)dynamicSharedBytes, (long long)maxDynamicSharedBytes(),
                (long long)deviceSharedBytes, (long long)attributes.staticSharedBytes);
  if (clusterBlocks > maxClusterBlocks)
    return fail("kernel '%s': got clusters of %lld blocks, expected at most "
                "%lld",
                name.c_str(), (long long)clusterBlocks, (long long)maxClusterBlocks);
  std::lock_guard lock(mutex);
  auto set = [&](CUfunction_attribute attribute, int64_t value) {
    if (context.driver.cuFuncSetAttribute(function, attribute, int(value)))
      return true;
    appendLastError("; kernel '%s', attribute %d, value %lld", name.c_str(), int(attribute), (long long)value);
    return false;
  };
  if (dynamicSharedBytes > allowedDynamicSharedBytes) {
    if (!set(CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES, dynamicSharedBytes))
      return false;
    allowedDynamicSharedBytes = dynamicSharedBytes;
  }
  if (clusterBlocks > allowedClusterBlocks) {
    if (!set(CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED, 1))
      return false;
    allowedClusterBlocks = maxClusterBlocks;
  }
  return true;
}

bool CudaKernel::checkParameters(const size_t *sizes, size_t count) const {
  const auto &getInfo = context.driver.cuFuncGetParamInfo;
  if (!getInfo)
    return true;
  for (size_t i = 0; i <= count; ++i) {
    // An index without a parameter is an error of the driver's, here an answer.
    size_t offset = 0, size = 0;
    bool exists = getInfo.pointer(function, i, &offset, &size) == CUDA_SUCCESS;
    if (exists != (i < count))
      return fail("kernel '%s': the launch passes %zu arguments, the kernel has "
                  "%s",
                  name.c_str(), count, exists ? "more" : "fewer");
    if (exists && size != sizes[i])
      return fail("kernel '%s': argument %zu has %zu bytes, the kernel's "
                  "parameter %zu",
                  name.c_str(), i, sizes[i], size);
  }
  return true;
}

bool CudaKernel::checkShape(const FoveaCudaLaunchShape &shape) const {
  static constexpr int64_t maxGrid[] = {INT_MAX, 65535, 65535};
  static constexpr int64_t maxBlock[] = {1024, 1024, 64};
  auto within = [&](const char *what, unsigned dim, int64_t got, int64_t least, int64_t most) {
    return (got >= least && got <= most) ||
           fail("kernel '%s': the %s's %c is %lld, expected %lld to %lld", name.c_str(), what, "xyz"[dim],
                (long long)got, (long long)least, (long long)most);
  };
  for (unsigned dim = 0; dim < 3; ++dim) {
    if (!within("grid", dim, shape.grid[dim], 0, maxGrid[dim]) ||
        !within("block", dim, shape.block[dim], 1, maxBlock[dim]) ||
        !within("cluster", dim, shape.cluster[dim], 1, maxClusterBlocks))
      return false;
    if (shape.grid[dim] % shape.cluster[dim] != 0)
      return fail("kernel '%s': the grid's %c is %lld, expected a multiple of "
                  "the cluster's %lld",
                  name.c_str(), "xyz"[dim], (long long)shape.grid[dim], (long long)shape.cluster[dim]);
  }
  int64_t threads = shape.block[0] * shape.block[1] * shape.block[2];
  if (threads > attributes.maxThreadsPerBlock)
    return fail("kernel '%s': got %lld threads in a block, expected at most %d "
                "(it uses %d registers)",
                name.c_str(), (long long)threads, attributes.maxThreadsPerBlock, attributes.registers);
  int64_t blocks = shape.cluster[0] * shape.cluster[1] * shape.cluster[2];
  if (blocks > allowedClusterBlocks)
    return fail("kernel '%s': got clusters of %lld blocks, %lld are allowed", name.c_str(), (long long)blocks,
                (long long)allowedClusterBlocks);
  // The driver grants what fits beside the static part without being asked.
  if (shape.dynamicSharedBytes < 0 || shape.dynamicSharedBytes > allowedDynamicSharedBytes)
    return fail("kernel '%s': got %lld bytes of dynamic shared memory, 0 to "
                "%lld are allowed",
                name.c_str(), (long long)shape.dynamicSharedBytes, (long long)allowedDynamicSharedBytes);
  return true;
}

bool CudaKernel::launch(const FoveaCudaLaunchShape &shape, void **arguments, CUstream stream) const {
  const int64_t *grid = shape.grid, *block = shape.block, *cluster = shape.cluster;
  if (std::min({grid[0], grid[1], grid[2]}) == 0)
    return true;
  CUlaunchAttribute attribute{};
  attribute.id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
  attribute.value.clusterDim = {unsigned(cluster[0]), unsigned(cluster[1]), unsigned(cluster[2])};
  bool hasCluster = cluster[0] * cluster[1] * cluster[2] != 1;
  CUlaunchConfig config{unsigned(grid[0]),
                        unsigned(grid[1]),
                        unsigned(grid[2]),
                        unsigned(block[0]),
                        unsigned(block[1]),
                        unsigned(block[2]),
                        unsigned(shape.dynamicSharedBytes),
                        stream,
                        hasCluster ? &attribute : nullptr,
                        hasCluster ? 1u : 0u};
  if (context.driver.cuLaunchKernelEx(&config, function, arguments, nullptr))
    return true;
  appendLastError("; kernel '%s', grid %lldx%lldx%lld, block %lldx%lldx%lld, cluster "
                  "%lldx%lldx%lld, shared memory %lld static + %lld dynamic bytes",
                  name.c_str(), (long long)grid[0], (long long)grid[1], (long long)grid[2], (long long)block[0],
                  (long long)block[1], (long long)block[2], (long long)cluster[0], (long long)cluster[1],
                  (long long)cluster[2], (long long)attributes.staticSharedBytes, (long long)shape.dynamicSharedBytes);
  return false;
}
