//===- PtxasReportTest.cpp - Tests of what is read from ptxas -------------===//
//
// The texts are those of ptxas 13.0.
//
//===----------------------------------------------------------------------===//

#include "fovea/Target/Ptxas.h"

#include "gtest/gtest.h"

using namespace fovea;

static constexpr const char *clean = R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'k1' for 'sm_90a'
ptxas info    : Function properties for k1
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, used 1 barriers, 64 bytes smem
ptxas info    : Compile time = 32.269 ms
)";

static constexpr const char *spilling = R"(ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'spilling' for 'sm_90a'
ptxas info    : Function properties for spilling
    496 bytes stack frame, 428 bytes spill stores, 420 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers, 496 bytes cumulative stack size
ptxas info    : Compile time = 23.779 ms
)";

static constexpr const char *twoKernels =
    R"(ptxas info    : (C7517) warpgroup.wait is injected in around line 120 by compiler to allow use of registers defined by GMMA in function 'k_early'
ptxas info    : 0 bytes gmem
ptxas info    : Compiling entry function 'k_early' for 'sm_90a'
ptxas info    : Function properties for k_early
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 58 registers, used 0 barriers
ptxas info    : Compile time = 27.430 ms
ptxas info    : Compiling entry function 'k_clean' for 'sm_90a'
ptxas info    : Function properties for k_clean
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 60 registers, used 2 barriers
ptxas info    : Compile time = 6.107 ms
)";

// All numbers of a kernel are read.
TEST(PtxasReport, Numbers) {
  PtxasReport report = parsePtxasReport(clean);
  ASSERT_EQ(report.kernels.size(), 1u);
  const PtxasKernel *kernel = report.find("k1");
  ASSERT_NE(kernel, nullptr);
  EXPECT_EQ(kernel->registers, 8);
  EXPECT_EQ(kernel->barriers, 1);
  EXPECT_EQ(kernel->staticSharedBytes, 64);
  EXPECT_EQ(kernel->stackBytes, 0);
  EXPECT_EQ(report.find("k2"), nullptr);
  EXPECT_EQ(whyNotClean(report), std::nullopt);
}

// A spill is named with its kernel and its sizes.
TEST(PtxasReport, Spills) {
  PtxasReport report = parsePtxasReport(spilling);
  ASSERT_EQ(report.kernels.size(), 1u);
  EXPECT_EQ(report.kernels[0].stackBytes, 496);
  EXPECT_EQ(report.kernels[0].spillStoreBytes, 428);
  EXPECT_EQ(report.kernels[0].spillLoadBytes, 420);
  EXPECT_EQ(report.kernels[0].registers, 32);
  EXPECT_EQ(whyNotClean(report), "kernel 'spilling' spills registers: 428 bytes stored, 420 loaded, with 32 registers");
}

// Numbers go to their kernel, and advice keeps its code and text.
TEST(PtxasReport, TwoKernels) {
  PtxasReport report = parsePtxasReport(twoKernels);
  ASSERT_EQ(report.kernels.size(), 2u);
  EXPECT_EQ(report.find("k_early")->registers, 58);
  EXPECT_EQ(report.find("k_clean")->registers, 60);
  EXPECT_EQ(report.find("k_clean")->barriers, 2);
  ASSERT_EQ(report.advice.size(), 1u);
  EXPECT_EQ(report.advice[0].code, 7517);
  EXPECT_EQ(whyNotClean(report), "C7517: warpgroup.wait is injected in around line 120 by compiler to allow use of "
                                 "registers defined by GMMA in function 'k_early'");
}

// An ignored setmaxnreg is advice without a function's name; it comes before the kernels.
TEST(PtxasReport, RegistersIgnored) {
  PtxasReport report = parsePtxasReport(
      "ptxas info    : (C7508) Potential Performance Loss: 'setmaxnreg' ignored; unable to determine register count at "
      "entry.\n");
  EXPECT_EQ(whyNotClean(report), "C7508: Potential Performance Loss: 'setmaxnreg' ignored; unable to determine "
                                 "register count at entry.");
}

// A fence that ptxas adds costs nothing.
TEST(PtxasReport, AddedFence) {
  PtxasReport report = parsePtxasReport("ptxas info    : (C7519) warpgroup.arrive is injected in around line 41 by "
                                        "compiler to allow use of registers in GMMA in function 'k_nofence'\n");
  ASSERT_EQ(report.advice.size(), 1u);
  EXPECT_EQ(report.advice[0].code, 7519);
  EXPECT_EQ(whyNotClean(report), std::nullopt);
}

// Errors come with their line, and not with the path of the temporary file.
TEST(PtxasReport, Errors) {
  PtxasReport report =
      parsePtxasReport("ptxas /tmp/a, b; c/er.ptx, line 77; error   : Not a name of any known instruction: 'rett'\n"
                       "ptxas fatal   : Ptx assembly aborted due to errors\n");
  ASSERT_EQ(report.errors.size(), 2u);
  EXPECT_EQ(report.errors[0], "line 77: Not a name of any known instruction: 'rett'");
  EXPECT_EQ(report.errors[1], "Ptx assembly aborted due to errors");
}

// What the assembler refuses for lack of registers is an error, not advice.
TEST(PtxasReport, TooFewRegisters) {
  PtxasReport report =
      parsePtxasReport("ptxas fatal   : (C7602) Insufficient registers (24) to compile instruction at line 42 in "
                       "function k_clean. Try to compile with register target of 58 or higher.\n");
  EXPECT_TRUE(report.advice.empty());
  ASSERT_EQ(report.errors.size(), 1u);
}

// The numbers of a device function are not those of the kernel before it.
TEST(PtxasReport, DeviceFunction) {
  PtxasReport report = parsePtxasReport("ptxas info    : Compiling entry function 'k' for 'sm_90a'\n"
                                        "ptxas info    : Function properties for k\n"
                                        "    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads\n"
                                        "ptxas info    : Used 16 registers, used 0 barriers\n"
                                        "ptxas info    : Function properties for helper\n"
                                        "    40 bytes stack frame, 8 bytes spill stores, 8 bytes spill loads\n");
  ASSERT_EQ(report.kernels.size(), 1u);
  EXPECT_EQ(report.kernels[0].stackBytes, 0);
}

// Any text is safe to read.
TEST(PtxasReport, Nonsense) {
  PtxasReport report =
      parsePtxasReport("ptxas\nptxas \n    12 bytes\nptxas info    : Used registers\nptxas info\n(C12\n"
                       "ptxas info    : (C12\nptxas info    : Compiling entry function\n");
  EXPECT_EQ(whyNotClean(report), std::nullopt);
}
