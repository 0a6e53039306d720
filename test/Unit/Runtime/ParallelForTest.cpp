//===- ParallelForTest.cpp - Loops, alone, nested and at the same time ----===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/runtime.h"

#include "gtest/gtest.h"

#include <atomic>
#include <cfenv>
#include <numeric>
#include <stdexcept>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define FOVEA_UNDER_TSAN
#endif
#endif

namespace {

/// Calls a lambda through the C API.
template <typename Callable> void parallelFor(int64_t count, Callable &&body) {
  foveaParallelFor(
      count, [](void *context, int64_t index) { (*static_cast<std::remove_reference_t<Callable> *>(context))(index); },
      &body);
}

/// Loops with each of several thread counts, more than there are processors
/// among them.
class ParallelFor : public testing::TestWithParam<int> {
protected:
  void SetUp() override { ASSERT_EQ(foveaSetThreadCount(GetParam()), 0); }
  void TearDown() override { foveaSetThreadCount(0); }
};
INSTANTIATE_TEST_SUITE_P(Threads, ParallelFor, testing::Values(1, 2, 3, 8));

// Plain writes to distinct elements: each index once, and seen by the caller.
TEST_P(ParallelFor, EveryIndexExactlyOnce) {
  for (int64_t count : {-3, 0, 1, 2, 7, 1000, 20000}) {
    std::vector<int> calls(std::max<int64_t>(count, 0));
    parallelFor(count, [&](int64_t index) { ++calls[index]; });
    EXPECT_EQ(calls, std::vector<int>(calls.size(), 1));
  }
}

// Loop after loop, each reading what the one before wrote.
TEST_P(ParallelFor, LoopsAreOrdered) {
  std::vector<int64_t> values(64);
  for (int round = 0; round < 2000; ++round)
    parallelFor(64, [&](int64_t i) { values[i] = values[i] + 1; });
  EXPECT_EQ(values, std::vector<int64_t>(64, 2000));
}

// What a thread draws ascends, so the longest work can be put first.
TEST_P(ParallelFor, IndicesAscendOnEachThread) {
  static std::atomic<int> loop{0};
  ++loop;
  std::atomic<int> descents{0};
  parallelFor(5000, [&](int64_t index) {
    static thread_local int lastLoop = 0;
    static thread_local int64_t lastIndex = 0;
    descents += lastLoop == loop && lastIndex > index;
    lastLoop = loop;
    lastIndex = index;
  });
  EXPECT_EQ(descents, 0);
}

// An inner loop runs in order on the thread of the body that starts it.
TEST_P(ParallelFor, NestedLoopsRunInline) {
  std::vector<int> calls(50 * 20);
  std::atomic<int> strangers{0};
  parallelFor(50, [&](int64_t outer) {
    std::thread::id self = std::this_thread::get_id();
    int64_t expected = 0;
    parallelFor(20, [&](int64_t inner) {
      strangers += std::this_thread::get_id() != self || inner != expected++;
      ++calls[outer * 20 + inner];
    });
  });
  EXPECT_EQ(strangers, 0);
  EXPECT_EQ(calls, std::vector<int>(calls.size(), 1));
}

// Several host threads at once, each with loops of its own.
TEST_P(ParallelFor, ConcurrentCallers) {
  std::vector<std::thread> hosts;
  std::atomic<int> wrong{0};
  for (int host = 0; host < 4; ++host)
    hosts.emplace_back([&, host] {
      for (int round = 0; round < 200; ++round) {
        std::vector<int64_t> values(100 + host);
        parallelFor(values.size(), [&](int64_t i) { values[i] = i + round; });
        for (size_t i = 0; i < values.size(); ++i)
          wrong += values[i] != int64_t(i) + round;
      }
    });
  for (std::thread &host : hosts)
    host.join();
  EXPECT_EQ(wrong, 0);
}

// Workers round as the caller does, so results do not depend on who computed.
TEST_P(ParallelFor, FloatingPointEnvironmentIsTheCallers) {
  for (int mode : {FE_UPWARD, FE_TONEAREST}) {
    std::fesetround(mode);
    std::atomic<int> different{0};
    parallelFor(500, [&](int64_t) {
      different += std::fegetround() != mode;
      std::this_thread::yield();
    });
    EXPECT_EQ(different, 0);
  }
}

// All threads of a loop really run at the same time: each waits for the others.
TEST_P(ParallelFor, ThreadsRunTogether) {
  std::atomic<int> arrived{0};
  parallelFor(GetParam(), [&](int64_t) {
    ++arrived;
    while (arrived < GetParam())
      std::this_thread::yield();
  });
  EXPECT_EQ(arrived, GetParam());
}

// A loop of one index does not keep loops in its body from being shared.
TEST(ParallelForNesting, LoopOfOneIndexIsTransparent) {
  foveaSetThreadCount(2);
  std::atomic<int> arrived{0};
  parallelFor(1, [&](int64_t) {
    parallelFor(2, [&](int64_t) {
      ++arrived;
      while (arrived < 2) // would hang on one thread
        std::this_thread::yield();
    });
  });
  EXPECT_EQ(arrived, 2);
  foveaSetThreadCount(0);
}

// A forked child has a pool that works, though its workers stayed behind.
TEST(ParallelForFork, ChildHasWorkers) {
#ifdef FOVEA_UNDER_TSAN
  GTEST_SKIP() << "ThreadSanitizer does not allow threads after a fork";
#endif
  foveaSetThreadCount(3);
  parallelFor(100, [](int64_t) {});
  pid_t child = fork();
  if (child == 0) {
    std::atomic<int> arrived{0};
    parallelFor(3, [&](int64_t) {
      ++arrived;
      while (arrived < 3)
        std::this_thread::yield();
    });
    _exit(foveaGetThreadCount());
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 3);
  parallelFor(100, [](int64_t) {});
  foveaSetThreadCount(0);
}

// An exception does not pass through the runtime into its caller.
TEST(ParallelForDeathTest, ExceptionsEndTheProcess) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  for (int64_t count : {1, 100})
    EXPECT_DEATH(
        try {
          parallelFor(count, [](int64_t index) {
            if (index == 0)
              throw std::runtime_error("out of a body");
          });
        } catch (...) { _exit(0); },
        "out of a body");
}

} // namespace
