//===- Runtime.cpp - The C API of the host's half -------------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/runtime.h"

#include "Environment.h"
#include "Error.h"
#include "ThreadPool.h"

using namespace fovea;

static_assert(FOVEA_RUNTIME_VERSION == FOVEA_PROJECT_VERSION, "runtime.h and CMakeLists.txt state different versions");

int64_t foveaRuntimeVersion() { return FOVEA_RUNTIME_VERSION; }

const char *foveaGetLastError() { return lastError(); }

void foveaClearLastError() { clearLastError(); }

void foveaParallelFor(int64_t count, void (*body)(void *, int64_t), void *context) {
  ThreadPool::get().parallelFor(count, body, context);
}

int foveaSetThreadCount(int count) {
  if (count < 0 || count > environment::ThreadCount::maximum) {
    setLastError("foveaSetThreadCount: got %d, expected %s", count, environment::ThreadCount::values);
    return -1;
  }
  ThreadPool::get().setThreadCount(count);
  return 0;
}

int foveaGetThreadCount() { return ThreadPool::get().getThreadCount(); }
