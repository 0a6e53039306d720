//===- MatrixUnit.cpp - Permission to use the CPU's matrix unit -----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "Error.h"
#include "fovea/runtime.h"

#include <atomic>
#include <cerrno>
#include <cstring>

#if defined(__linux__) && defined(__x86_64__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

using namespace fovea;

#if defined(__linux__) && defined(__x86_64__)
/// Asks the kernel for the state of the tiles (XTILEDATA). Without, the first tile instruction is an illegal one. It
/// grants it to the process, threads that exist and those to come.
static int requestTileData() {
  constexpr long requestPermission = 0x1023; // ARCH_REQ_XCOMP_PERM
  constexpr long tileData = 18;              // XFEATURE_XTILE_DATA
  if (syscall(SYS_arch_prctl, requestPermission, tileData) == 0)
    return 0;
  setLastError("the kernel does not let this process use AMX: arch_prctl(ARCH_REQ_XCOMP_PERM, XTILE_DATA): %s",
               std::strerror(errno));
  return -1;
}
#else
static int requestTileData() {
  setLastError("AMX is there on x86-64 Linux only");
  return -1;
}
#endif

int foveaRequestMatrixUnit() {
  static std::atomic<bool> granted{false};
  if (granted.load(std::memory_order_relaxed))
    return 0;
  if (requestTileData() != 0)
    return -1;
  granted.store(true, std::memory_order_relaxed);
  return 0;
}
