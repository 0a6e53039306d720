//===- PtxasTest.cpp - Tests with the assembler itself --------------------===//
//
// Skipped where there is no ptxas; lit's configuration says so too.
//
//===----------------------------------------------------------------------===//

#include "fovea/Target/Ptxas.h"

#include "gtest/gtest.h"

using namespace fovea;

static constexpr const char *header = ".version 8.0\n.target sm_90a\n.address_size 64\n";

#define SKIP_WITHOUT_PTXAS()                                                                                           \
  if (!findPtxas())                                                                                                    \
  GTEST_SKIP() << "there is no ptxas"

// A cubin is an ELF file, and the report is about the kernel in it.
TEST(Ptxas, Assembles) {
  SKIP_WITHOUT_PTXAS();
  llvm::Expected<Cubin> cubin =
      assemblePtx(std::string(header) + ".visible .entry k() { bar.sync 0; ret; }\n", "sm_90a");
  ASSERT_TRUE(bool(cubin)) << llvm::toString(cubin.takeError());
  EXPECT_EQ(cubin->bytes.substr(0, 4), "\177ELF");
  ASSERT_NE(cubin->report.find("k"), nullptr);
  EXPECT_EQ(cubin->report.find("k")->barriers, 1);
  EXPECT_EQ(whyNotClean(cubin->report), std::nullopt);
}

// Advice that concerns speed reaches the report.
TEST(Ptxas, Advice) {
  SKIP_WITHOUT_PTXAS();
  llvm::Expected<Cubin> cubin = assemblePtx(
      std::string(header) + ".visible .entry k() { setmaxnreg.inc.sync.aligned.u32 240; ret; }\n", "sm_90a");
  ASSERT_TRUE(bool(cubin)) << llvm::toString(cubin.takeError());
  ASSERT_EQ(cubin->report.advice.size(), 1u);
  EXPECT_EQ(cubin->report.advice[0].code, 7508);
}

// What ptxas refuses is an error with the line.
TEST(Ptxas, Refuses) {
  SKIP_WITHOUT_PTXAS();
  llvm::Expected<Cubin> cubin = assemblePtx(std::string(header) + ".visible .entry k() { rett; }\n", "sm_90a");
  ASSERT_FALSE(bool(cubin));
  std::string message = llvm::toString(cubin.takeError());
  EXPECT_NE(message.find("line 4: Not a name of any known instruction: 'rett'"), message.npos) << message;
}

// A program that cannot be run is named.
TEST(Ptxas, NoProgram) {
  llvm::Expected<Cubin> cubin = assemblePtx("", "sm_90a", "/nonexistent/ptxas");
  ASSERT_FALSE(bool(cubin));
  std::string message = llvm::toString(cubin.takeError());
  EXPECT_NE(message.find("/nonexistent/ptxas"), message.npos) << message;
}
