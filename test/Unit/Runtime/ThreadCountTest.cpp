//===- ThreadCountTest.cpp - How many threads share a loop ----------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/runtime.h"

#include "gtest/gtest.h"

#include <atomic>
#include <mutex>
#include <set>
#include <string>
#include <thread>

namespace {

/// Runs a loop long enough for every worker to join, and counts its threads.
size_t countThreads() {
  struct Seen {
    std::mutex mutex;
    std::set<std::thread::id> threads;
  } seen;
  foveaParallelFor(
      64,
      [](void *context, int64_t) {
        auto *seen = static_cast<Seen *>(context);
        {
          std::lock_guard lock(seen->mutex);
          seen->threads.insert(std::this_thread::get_id());
        }
        std::this_thread::sleep_for(std::chrono::microseconds(200));
      },
      &seen);
  return seen.threads.size();
}

TEST(ThreadCount, GrowsAndShrinks) {
  for (int count : {4, 1, 6, 2, 3}) {
    ASSERT_EQ(foveaSetThreadCount(count), 0);
    EXPECT_EQ(foveaGetThreadCount(), count);
    EXPECT_LE(countThreads(), size_t(count));
  }
  foveaSetThreadCount(0);
  EXPECT_GE(foveaGetThreadCount(), 1);
}

// The count may change while loops run, also from their own bodies.
TEST(ThreadCount, ChangesUnderWay) {
  std::atomic<bool> done{false};
  std::thread changer([&] {
    for (int i = 0; !done; ++i)
      foveaSetThreadCount(1 + i % 5);
  });
  std::atomic<int64_t> sum{0};
  for (int round = 0; round < 500; ++round)
    foveaParallelFor(
        100,
        [](void *context, int64_t index) {
          if (index == 50)
            foveaSetThreadCount(3);
          *static_cast<std::atomic<int64_t> *>(context) += index;
        },
        &sum);
  done = true;
  changer.join();
  EXPECT_EQ(sum, 500 * 4950);
  foveaSetThreadCount(0);
}

TEST(ThreadCount, RefusesWhatIsNoCount) {
  foveaClearLastError();
  EXPECT_STREQ(foveaGetLastError(), "");
  int before = foveaGetThreadCount();
  EXPECT_EQ(foveaSetThreadCount(-2), -1);
  EXPECT_STREQ(foveaGetLastError(), "foveaSetThreadCount: got -2, expected an "
                                    "integer from 0 to 4096");
  EXPECT_EQ(foveaSetThreadCount(4097), -1);
  EXPECT_EQ(foveaGetThreadCount(), before);
}

// An error belongs to the thread whose call failed.
TEST(ThreadCount, ErrorsArePerThread) {
  foveaClearLastError();
  std::thread([] {
    foveaSetThreadCount(-1);
    EXPECT_STRNE(foveaGetLastError(), "");
  }).join();
  EXPECT_STREQ(foveaGetLastError(), "");
}

} // namespace
