//===- PtxAssembler.cpp - PTX to a cubin, by the driver -------------------===//
//
// Part of the Fovea project. The driver's linker is used rather than its
// loader, because it gives out the cubin, which is kept in the kernel cache.
//
//===----------------------------------------------------------------------===//

#include "CudaModule.h"
#include "Error.h"
#include "KernelCache.h"

using namespace fovea;

/// Adds the assembler's log to the last error, without blank space at its end.
static void appendLog(std::string log) {
  log.resize(std::char_traits<char>::length(log.c_str()));
  log.erase(log.find_last_not_of(" \n\r\t") + 1);
  if (!log.empty())
    appendLastError("\n%s", log.c_str());
}

static bool link(const CudaDriver &driver, const std::string &ptx, std::string &cubin) {
  std::string log(3072, '\0');
  CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
  void *values[] = {log.data(), reinterpret_cast<void *>(log.size())};
  CUlinkState state = nullptr;
  if (!driver.cuLinkCreate(2, options, values, &state))
    return false;
  std::string text = ptx; // the driver asks for memory that it may write to
  void *data = nullptr;
  size_t size = 0;
  bool done =
      driver.cuLinkAddData(state, CU_JIT_INPUT_PTX, text.data(), text.size() + 1, "fovea.ptx", 0, nullptr, nullptr) &&
      driver.cuLinkComplete(state, &data, &size);
  if (done)
    cubin.assign(static_cast<const char *>(data), size);
  else
    appendLog(log);
  // Ends the life of `data`. If that fails after another error, the other is
  // the one to know.
  return done ? driver.cuLinkDestroy(state) : (driver.cuLinkDestroy.pointer(state), false);
}

bool fovea::assemblePtx(const CudaContext &context, const std::string &ptx, std::string &cubin) {
  int version = 0, major = 0, minor = 0;
  if (!context.driver.cuDriverGetVersion(&version) ||
      !context.getAttribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, major) ||
      !context.getAttribute(CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, minor))
    return false;
  std::string key = "PTX to cubin, driver " + std::to_string(version) + ", compute capability " +
                    std::to_string(major) + "." + std::to_string(minor) + "\n" + ptx;
  if (const std::string *found = KernelCache::get().find(key)) {
    cubin = *found;
    return true;
  }
  if (!link(context.driver, ptx, cubin))
    return false;
  KernelCache::get().store(key, cubin);
  return true;
}
