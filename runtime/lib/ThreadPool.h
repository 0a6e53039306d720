//===- ThreadPool.h - Persistent workers for parallel loops -----*- C++ -*-===//
//
// Part of the Fovea project.
//
// A loop in flight is a record on its caller's stack, linked into the pool's
// list while it has indices left. Workers that find one join it; whoever has
// joined, the caller included, draws indices from the loop's atomic counter
// until there are none. The caller returns when the last worker that joined
// has left. So a loop that is over before any worker wakes up waits for nobody.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_RUNTIME_LIB_THREADPOOL_H
#define FOVEA_RUNTIME_LIB_THREADPOOL_H

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <mutex>

namespace fovea {

class ThreadPool {
public:
  using Body = void (*)(void *context, int64_t index);

  /// The pool of this process. It is never destroyed: workers may run until
  /// the very end, and destructors of the host may still start loops.
  static ThreadPool &get() noexcept;

  /// See foveaParallelFor.
  void parallelFor(int64_t count, Body body, void *context) noexcept;

  /// How many threads share a loop, the caller's included. Setting 0 restores
  /// the default; what is got is at least 1.
  void setThreadCount(int count) noexcept;
  int getThreadCount() noexcept;

private:
  struct Loop;

  explicit ThreadPool(int threadCount);

  static void watchForks();
  static void *workerMain(void *pool);
  void work();
  template <typename Condition> void spin(std::unique_lock<std::mutex> &lock, Condition isDone);
  void awaitLoop(std::unique_lock<std::mutex> &lock);
  void awaitWorkers(Loop &loop, std::unique_lock<std::mutex> &lock);

  // All of these expect the mutex to be held.
  void startMissingWorkers();
  bool hasSurplusWorkers() const { return numWorkers > threadCount - 1; }
  void open(Loop &loop);
  void close(Loop &loop);

  const std::chrono::microseconds spinLimit;
  const int processors;
  std::mutex mutex;
  std::condition_variable somethingToDo;
  Loop *firstOpen = nullptr; ///< Loops that may have indices left, oldest first.
  /// Counts the loops that were ever opened: what idle workers look at before
  /// they go to sleep.
  std::atomic<uint64_t> numOpened{0};
  int threadCount;
  int numWorkers = 0;
};

} // namespace fovea

#endif // FOVEA_RUNTIME_LIB_THREADPOOL_H
