//===- EnvironmentTest.cpp - What the runtime reads from outside ----------===//
//
// Part of the Fovea project. Tests that set a variable do so in processes of
// their own.
//
//===----------------------------------------------------------------------===//

#include "fovea/runtime.h"

#include "gtest/gtest.h"

#include <cstdio>
#include <cstdlib>
#include <string>

extern "C" int64_t versionSeenFromC(void);

namespace {

TEST(Environment, Version) {
  EXPECT_EQ(foveaRuntimeVersion(), FOVEA_RUNTIME_VERSION);
  EXPECT_EQ(versionSeenFromC(), FOVEA_RUNTIME_VERSION);
}

// Every variable is listed with all that a user has to know.
TEST(Environment, TableIsComplete) {
  int64_t count = 0;
  const FoveaEnvironmentVariable *variables = foveaEnvironmentVariables(&count);
  ASSERT_GE(count, 1);
  EXPECT_STREQ(variables[0].name, "FOVEA_NUM_THREADS");
  EXPECT_STREQ(variables[0].defaultValue, "0");
  for (int64_t i = 0; i < count; ++i) {
    EXPECT_EQ(std::string(variables[i].name).rfind("FOVEA_", 0), 0u);
    EXPECT_STRNE(variables[i].values, "");
    EXPECT_EQ(std::string(variables[i].description).back(), '.');
  }
}

/// In a new process with FOVEA_NUM_THREADS=value: ends with the thread count,
/// after writing the last error to stderr.
[[noreturn]] void exitWithThreadCount(const char *value) {
  setenv("FOVEA_NUM_THREADS", value, /*overwrite=*/1);
  foveaSetThreadCount(0);
  int count = foveaGetThreadCount();
  std::fputs(foveaGetLastError(), stderr);
  std::exit(count);
}

class EnvironmentDeathTest : public testing::Test {
protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

TEST_F(EnvironmentDeathTest, NumThreadsIsTheDefault) {
  EXPECT_EXIT(exitWithThreadCount("7"), testing::ExitedWithCode(7), "^$");
}

// A value that cannot be read is ignored, and the error says what was expected.
TEST_F(EnvironmentDeathTest, NumThreadsThatCannotBeRead) {
  unsetenv("FOVEA_NUM_THREADS");
  foveaSetThreadCount(0);
  int automatic = foveaGetThreadCount();
  for (const char *value : {"many", "-1", "3.5", "4097", "99999999999999"})
    EXPECT_EXIT(exitWithThreadCount(value), testing::ExitedWithCode(automatic),
                "^FOVEA_NUM_THREADS is ignored: got '.*', expected an integer "
                "from 0 to 4096$");
}

// How long idle threads look for work is read with the first loop.
TEST_F(EnvironmentDeathTest, SpinMicrosecondsThatCannotBeRead) {
  auto exitAfterLoop = [](const char *value) {
    setenv("FOVEA_SPIN_MICROSECONDS", value, /*overwrite=*/1);
    foveaParallelFor(4, [](void *, int64_t) {}, nullptr);
    std::fputs(foveaGetLastError(), stderr);
    std::exit(0);
  };
  EXPECT_EXIT(exitAfterLoop("0"), testing::ExitedWithCode(0), "^$");
  for (const char *value : {"soon", "-1", "1000001"})
    EXPECT_EXIT(exitAfterLoop(value), testing::ExitedWithCode(0),
                "^FOVEA_SPIN_MICROSECONDS is ignored: got '.*', expected an integer from 0 to 1000000$");
}

} // namespace
