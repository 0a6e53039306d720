//===- KernelBudgetTest.cpp - Against what was measured -------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/KernelBudget.h"

#include "gtest/gtest.h"

using namespace fovea;

namespace {

/// Register counts that kernels were measured with.
TEST(KernelBudget, RegistersOfRoles) {
  struct Case {
    int64_t warpgroups, blocks, launch, producer, consumer;
  };
  for (Case c : {Case{1, 2, 128, 24, 232}, Case{1, 3, 80, 24, 136}, Case{1, 4, 64, 24, 104}, Case{2, 1, 168, 24, 240},
                 Case{2, 2, 80, 24, 104}, Case{3, 1, 128, 32, 160}, Case{4, 1, 96, 24, 112}}) {
    RoleRegisters chosen = chooseRoleRegisters(c.warpgroups, c.blocks);
    EXPECT_EQ(chosen.launch, c.launch) << c.warpgroups << " x " << c.blocks;
    EXPECT_EQ(chosen.producer, c.producer) << c.warpgroups << " x " << c.blocks;
    EXPECT_EQ(chosen.consumer, c.consumer) << c.warpgroups << " x " << c.blocks;
  }
}

/// What is chosen never waits for registers that the launch did not take, as long as the least that setmaxnreg takes is
/// in the pool.
TEST(KernelBudget, ChosenRegistersFitThePool) {
  for (int64_t warpgroups = 1; warpgroups <= 4; ++warpgroups)
    for (int64_t blocks = 1; launchRegisters(warpgroups, blocks) >= 24; ++blocks) {
      RoleRegisters chosen = chooseRoleRegisters(warpgroups, blocks);
      EXPECT_TRUE(fitsRegisterPool(warpgroups, blocks, chosen.producer, chosen.consumer));
      EXPECT_EQ(chosen.consumer % 8, 0);
      EXPECT_EQ(chosen.producer % 8, 0);
      EXPECT_LE(chosen.consumer, 240);
    }
}

/// 24 + 4 * 120 of 5 * 96: a kernel that never started.
TEST(KernelBudget, PoolThatDeadlocked) { EXPECT_FALSE(fitsRegisterPool(4, 1, 24, 120)); }

RegisterBlocks attention(int64_t headDim, int64_t keys) { return {keys / 2, headDim / 2, keys / 4}; }

/// Tiles that ptxas compiled without spills, and tiles that it did not.
TEST(KernelBudget, BlocksThatCompiled) {
  struct Case {
    int64_t headDim, keys, registers;
    bool overlap, fits;
  };
  for (Case c : {
           Case{64, 128, 232, true, true},   Case{64, 96, 136, true, true},    Case{64, 48, 104, true, true},
           Case{64, 64, 104, true, false},   Case{256, 80, 240, true, true},   Case{192, 112, 240, true, true},
           Case{64, 224, 240, true, true},   Case{128, 192, 240, true, true},  Case{128, 176, 240, true, true},
           Case{128, 80, 160, true, true},   Case{96, 112, 160, true, true},   Case{64, 128, 160, true, true},
           Case{128, 96, 160, true, false},  Case{128, 112, 160, true, false}, Case{128, 128, 160, true, false},
           Case{64, 144, 160, true, false},  Case{64, 64, 112, true, true},    Case{64, 80, 112, true, false},
           Case{128, 128, 160, false, true}, Case{64, 160, 160, false, true},  Case{64, 192, 160, false, false},
           Case{64, 96, 112, false, true},
       })
    EXPECT_EQ(attention(c.headDim, c.keys).peak(c.overlap) <= blockRegisterLimit(c.registers), c.fits)
        << "head dim " << c.headDim << ", " << c.keys << " keys, " << c.registers << " registers";
}

TEST(KernelBudget, SharedMemory) {
  EXPECT_EQ(sharedBytesLimit(1), 227 * 1024);
  EXPECT_EQ(sharedBytesLimit(3), 75 * 1024);
}

} // namespace
