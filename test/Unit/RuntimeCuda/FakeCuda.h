//===- FakeCuda.h - A driver that keeps a record ----------------*- C++ -*-===//
//
// Part of the Fovea project. While it lives, it is the driver of the process.
// It behaves as NVIDIA's does where the runtime can tell, fails where it is
// told to, and records what would have reached the device.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_TEST_UNIT_RUNTIMECUDA_FAKECUDA_H
#define FOVEA_TEST_UNIT_RUNTIMECUDA_FAKECUDA_H

#include "CudaDriver.h"
#include "fovea/cuda.h"

#include "gtest/gtest.h"

#include <cstring>
#include <map>
#include <string>
#include <vector>

namespace fovea {

class FakeCuda {
public:
  struct Launch {
    CUlaunchConfig config;
    unsigned cluster[3] = {1, 1, 1};
    std::string kernel;
    std::vector<std::string> arguments; ///< The bytes of each.
  };
  struct TensorMap {
    CUtensorMapDataType type;
    std::vector<uint64_t> sizes, strides;
    std::vector<uint32_t> box;
    uint64_t address;
    CUtensorMapSwizzle swizzle;
    CUtensorMapL2promotion l2Promotion;
  };
  struct Kernel {
    std::vector<size_t> parameters;
    std::map<CUfunction_attribute, int> attributes;
  };
  struct Fill {
    uint64_t address;
    size_t bytes;
    CUstream stream;
  };

  FakeCuda();
  ~FakeCuda();
  FakeCuda(const FakeCuda &) = delete;

  /// A new context becomes current.
  void enterNewContext();
  void leaveContext();

  /// How often a function was called.
  int calls(const std::string &function) { return callCounts[function]; }

  CudaDriver driver;
  std::map<std::string, CUresult> failures; ///< Functions that fail.
  std::string assemblerLog;                 ///< Of a failing cuLinkComplete.
  int deviceCount = 1;
  std::map<std::string, Kernel> kernels; ///< Of every module.

  std::vector<Launch> launches;
  std::vector<TensorMap> tensorMaps;
  std::vector<Fill> fills;
  std::vector<std::string> order; ///< Fills and kernels, as they came.
  int loadedModules = 0;
  int liveEvents = 0;

  /// Counts a call; what it returns.
  CUresult called(const char *function);

private:
  std::map<std::string, int> callCounts;
};

/// Bytes that pass for a cubin; different for different names.
std::string fakeCubin(const std::string &name);

template <typename Value> Value valueOf(const std::string &bytes) {
  Value value;
  EXPECT_EQ(bytes.size(), sizeof value);
  std::memcpy(&value, bytes.data(), std::min(bytes.size(), sizeof value));
  return value;
}

#define EXPECT_LAST_ERROR(text)                                                                                        \
  EXPECT_NE(std::string(foveaGetLastError()).find(text), std::string::npos) << foveaGetLastError()

} // namespace fovea

#endif // FOVEA_TEST_UNIT_RUNTIMECUDA_FAKECUDA_H
