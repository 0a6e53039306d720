//===- CudaCeilingKernelsTest.cpp - what measures a GPU assembles well ----===//
//
// Skipped where there is no ptxas.
//
//===----------------------------------------------------------------------===//

#include "CudaCeilingKernels.h"
#include "fovea/Target/Ptxas.h"

#include "gtest/gtest.h"

using namespace fovea;

// A spill, or a wgmma that waits for the one before (C75xx), would make a ceiling too low.
TEST(CudaCeilingKernels, AssembleClean) {
  if (!findPtxas())
    GTEST_SKIP() << "there is no ptxas";
  llvm::Expected<Cubin> cubin = assemblePtx(writeCudaCeilingKernels(), "sm_90a");
  ASSERT_TRUE(bool(cubin)) << llvm::toString(cubin.takeError());
  EXPECT_EQ(whyNotClean(cubin->report), std::nullopt);
  for (const char *name : {"products_bf16", "products_f16", "read", "copy"})
    EXPECT_NE(cubin->report.find(name), nullptr) << name;
}
