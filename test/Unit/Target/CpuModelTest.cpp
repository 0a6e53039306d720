//===- CpuModelTest.cpp - Tests of what features mean ---------------------===//

#include "fovea/Target/CpuModel.h"

#include "gtest/gtest.h"

using namespace fovea;

static CpuModel getModel(std::initializer_list<llvm::StringRef> present) {
  llvm::StringMap<bool> features{{"sse4.2", true}, {"avx512vl", false}};
  for (llvm::StringRef name : present)
    features[name] = true;
  return CpuModel::fromFeatures(features);
}

// Without features there is only what the architecture guarantees.
TEST(CpuModel, Baseline) {
  CpuModel model = getModel({});
  EXPECT_EQ(model.vectorBytes, 16);
  EXPECT_EQ(model.vectorRegisters, 16);
  EXPECT_FALSE(model.hasAvx2 || model.hasAvx512 || model.hasAmxBf16);
  EXPECT_EQ(model.features, "+sse4.2,-avx512vl");
}

// Vectors are as wide as the set of features that goes with them is complete.
TEST(CpuModel, VectorWidth) {
  EXPECT_EQ(getModel({"avx2"}).vectorBytes, 16);
  EXPECT_EQ(getModel({"avx2", "fma", "f16c"}).vectorBytes, 32);
  EXPECT_EQ(getModel({"avx2", "fma", "f16c", "avx512f"}).vectorBytes, 32);
  CpuModel wide = getModel({"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512bf16"});
  EXPECT_EQ(wide.vectorBytes, 64);
  EXPECT_EQ(wide.vectorRegisters, 32);
  EXPECT_TRUE(wide.hasAvx512Bf16);
  EXPECT_FALSE(wide.hasAvx512Fp16);
}

// A type of AMX is nothing without tiles.
TEST(CpuModel, Amx) {
  EXPECT_FALSE(getModel({"amx-bf16"}).hasAmxBf16);
  EXPECT_TRUE(getModel({"amx-tile", "amx-bf16"}).hasAmxBf16);
}

// Pairs of bf16 are as fast as f32 on AMD's CPUs, which SSE4a tells from others.
TEST(CpuModel, Bf16Pairs) {
  auto getPairs = [](std::initializer_list<llvm::StringRef> more) {
    llvm::StringMap<bool> features;
    for (llvm::StringRef name : {"avx2", "fma", "f16c", "avx512f", "avx512bw", "avx512dq", "avx512vl"})
      features[name] = true;
    for (llvm::StringRef name : more)
      features[name] = true;
    return CpuModel::fromFeatures(features).hasFastBf16Pairs;
  };
  EXPECT_FALSE(getPairs({}));
  EXPECT_TRUE(getPairs({"avx512bf16", "sse4a"}));
  EXPECT_FALSE(getPairs({"sse4a"}));
  EXPECT_FALSE(getPairs({"avx512bf16"}));
}

// AMD's cores follow one stream best, and need not be asked for lines.
TEST(CpuModel, Reads) {
  EXPECT_EQ(getModel({}).readStreams, 4);
  EXPECT_EQ(getModel({}).prefetchBytes, 1024);
  EXPECT_EQ(getModel({"sse4a"}).readStreams, 1);
  EXPECT_EQ(getModel({"sse4a"}).prefetchBytes, 0);
}

// The host is some machine.
TEST(CpuModel, Host) {
  CpuModel model = CpuModel::host();
  EXPECT_GE(model.vectorBytes, 16);
  EXPECT_GE(model.l1Bytes, 8 << 10);
  EXPECT_GE(model.l2Bytes, model.l1Bytes);
}
