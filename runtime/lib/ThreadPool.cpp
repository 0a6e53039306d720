//===- ThreadPool.cpp - Persistent workers for parallel loops -------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "ThreadPool.h"

#include "Environment.h"
#include "Error.h"

#include <algorithm>
#include <atomic>
#include <cfenv>
#include <chrono>
#include <csignal>
#include <cstring>
#include <new>
#include <pthread.h>
#include <sched.h>
#include <thread>

using namespace fovea;

/// Whether this thread is in the body of a loop.
static thread_local bool inBody = false;

struct ThreadPool::Loop {
  const int64_t count;
  const Body body;
  void *const context;
  const int64_t batch; ///< Indices that are drawn at a time.
  std::fenv_t floatingPoint{};

  Loop *next = nullptr; ///< In the pool's list; guarded by its mutex.
  /// That have joined and not left. Changed under the mutex; without it, a hint.
  std::atomic<int> numWorkers{0};
  std::condition_variable workersLeft;

  /// Alone on its cache line: all threads write to it.
  alignas(64) std::atomic<int64_t> nextIndex{0};

  Loop(int64_t count, Body body, void *context, int threadCount)
      : count(count), body(body), context(context),
        batch(std::max<int64_t>(count / (batchesPerThread * threadCount), 1)) {
    std::fegetenv(&floatingPoint);
  }

  /// Draws indices until there are none. The order in which memory is seen
  /// comes from the pool's mutex, taken before and after.
  void run() noexcept {
    inBody = true;
    for (int64_t begin; (begin = nextIndex.fetch_add(batch, std::memory_order_relaxed)) < count;)
      for (int64_t index = begin, end = std::min(begin + batch, count); index != end; ++index)
        body(context, index);
    inBody = false;
  }

private:
  /// So many that threads end at nearly the same time; a draw takes the cache line from another thread, which is longer
  /// than a small body runs.
  static constexpr int64_t batchesPerThread = 64;
};

/// Processors that this process may run on, which may be fewer than there are.
static int availableProcessors() {
  cpu_set_t processors;
  if (sched_getaffinity(0, sizeof processors, &processors) == 0)
    return std::max(CPU_COUNT(&processors), 1);
  // more processors than a cpu_set_t holds
  return std::max(static_cast<int>(std::thread::hardware_concurrency()), 1);
}

static int defaultThreadCount() {
  int count = environment::numThreads();
  return std::clamp(count == 0 ? availableProcessors() : count, 1, environment::ThreadCount::maximum);
}

ThreadPool::ThreadPool(int threadCount)
    : spinLimit(environment::spinMicroseconds()), processors(availableProcessors()), threadCount(threadCount) {}

/// Looks at `isDone` for a while, without the mutex: a thread that sleeps takes tens of microseconds to wake, which is
/// as long as a small loop takes altogether. Not where threads would take processors from each other.
template <typename Condition> void ThreadPool::spin(std::unique_lock<std::mutex> &lock, Condition isDone) {
  if (threadCount > processors)
    return;
  lock.unlock();
  constexpr int looksPerClock = 64;
  bool done = false;
  for (auto end = std::chrono::steady_clock::now() + spinLimit; !done && std::chrono::steady_clock::now() < end;)
    for (int look = 0; !done && look < looksPerClock; ++look) {
      done = isDone();
#if defined(__x86_64__)
      __builtin_ia32_pause();
#elif defined(__aarch64__)
      asm volatile("isb");
#endif
    }
  lock.lock();
}

ThreadPool &ThreadPool::get() noexcept {
  static ThreadPool *pool = [] {
    auto *created = new ThreadPool(defaultThreadCount());
    watchForks();
    return created;
  }();
  return *pool;
}

/// A child has none of its parent's workers, and its copies of the mutex and of
/// the condition variables may be in the middle of something. Hence the parent
/// holds the mutex while it forks, and the child builds the pool anew in place,
/// without destroying what was there.
void ThreadPool::watchForks() {
  pthread_atfork([] { get().mutex.lock(); }, [] { get().mutex.unlock(); },
                 [] {
                   int threadCount = get().threadCount;
                   new (&get()) ThreadPool(threadCount);
                 });
}

void ThreadPool::setThreadCount(int count) noexcept {
  std::lock_guard lock(mutex);
  threadCount = count == 0 ? defaultThreadCount() : count;
  somethingToDo.notify_all(); // to let surplus workers end
}

int ThreadPool::getThreadCount() noexcept {
  std::lock_guard lock(mutex);
  return threadCount;
}

void ThreadPool::parallelFor(int64_t count, Body body, void *context) noexcept {
  auto runInOrder = [&] {
    for (int64_t index = 0; index < count; ++index)
      body(context, index);
  };
  if (inBody || count <= 1)
    return runInOrder();

  std::unique_lock lock(mutex);
  startMissingWorkers();
  if (threadCount == 1) {
    lock.unlock();
    return runInOrder();
  }
  Loop loop(count, body, context, threadCount);
  open(loop);
  int64_t helpers = std::min<int64_t>(count - 1, numWorkers);
  lock.unlock(); // or those woken would only wait for the mutex
  for (; helpers > 0; --helpers)
    somethingToDo.notify_one();

  loop.run();

  lock.lock();
  close(loop);
  awaitWorkers(loop, lock);
}

void ThreadPool::awaitWorkers(Loop &loop, std::unique_lock<std::mutex> &lock) {
  // Whoever sees 0 takes the mutex next, which the last worker has then given up: it looks at the loop no more.
  if (loop.numWorkers != 0)
    spin(lock, [&] { return loop.numWorkers.load(std::memory_order_relaxed) == 0; });
  loop.workersLeft.wait(lock, [&] { return loop.numWorkers == 0; });
}

void ThreadPool::awaitLoop(std::unique_lock<std::mutex> &lock) {
  auto isOver = [&] { return firstOpen || hasSurplusWorkers(); };
  if (!isOver())
    spin(lock, [&, seen = numOpened.load()] { return numOpened.load(std::memory_order_relaxed) != seen; });
  somethingToDo.wait(lock, isOver);
}

void ThreadPool::open(Loop &loop) {
  Loop **end = &firstOpen;
  while (*end)
    end = &(*end)->next;
  *end = &loop;
  numOpened.fetch_add(1, std::memory_order_relaxed);
}

/// Nothing happens if another thread has closed the loop before.
void ThreadPool::close(Loop &loop) {
  for (Loop **link = &firstOpen; *link; link = &(*link)->next)
    if (*link == &loop) {
      *link = loop.next;
      return;
    }
}

void ThreadPool::startMissingWorkers() {
  if (numWorkers >= threadCount - 1)
    return;
  // Signals are for the host's own threads.
  sigset_t all, previous;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &previous);
  for (; numWorkers < threadCount - 1; ++numWorkers) {
    pthread_t worker;
    if (int error = pthread_create(&worker, nullptr, workerMain, this)) {
      setLastError("started %d of %d worker threads: %s", numWorkers, threadCount - 1, std::strerror(error));
      threadCount = numWorkers + 1;
      break;
    }
    pthread_detach(worker);
  }
  pthread_sigmask(SIG_SETMASK, &previous, nullptr);
}

void *ThreadPool::workerMain(void *pool) {
  pthread_setname_np(pthread_self(), "fovea-worker");
  static_cast<ThreadPool *>(pool)->work();
  return nullptr;
}

void ThreadPool::work() {
  std::unique_lock lock(mutex);
  for (;;) {
    awaitLoop(lock);
    if (hasSurplusWorkers()) {
      --numWorkers;
      return;
    }
    Loop &loop = *firstOpen;
    ++loop.numWorkers;
    lock.unlock();

    std::fesetenv(&loop.floatingPoint);
    loop.run();

    lock.lock();
    close(loop);
    if (--loop.numWorkers == 0)
      loop.workersLeft.notify_one(); // under the mutex: the loop still exists
  }
}
