//===- InputSpecTest.cpp - The SPEC of --input ----------------------------===//
//
// Each form, and the error of what is none.
//
//===----------------------------------------------------------------------===//

#include "fovea/Execute/InputSpec.h"
#include "Expect.h"

using namespace fovea;
using llvm::cantFail;

namespace {

TEST(InputSpec, ParsesEachForm) {
  EXPECT_EQ(std::get<NpyInput>(cantFail(parseInputSpec("a/q.npy"))).path, "a/q.npy");
  EXPECT_EQ(std::get<RandomInput>(cantFail(parseInputSpec("random"))).seed, std::nullopt);
  EXPECT_EQ(std::get<RandomInput>(cantFail(parseInputSpec("random:18446744073709551615"))).seed, UINT64_MAX);
  EXPECT_TRUE(std::holds_alternative<ZerosInput>(cantFail(parseInputSpec("zeros"))));
  EXPECT_TRUE(std::holds_alternative<IotaInput>(cantFail(parseInputSpec("iota"))));
  EXPECT_EQ(std::get<NumberInput>(cantFail(parseInputSpec("-3"))).value.toInt(), -3);
  EXPECT_EQ(std::get<NumberInput>(cantFail(parseInputSpec("0.125"))).value.toDouble(), 0.125);
}

TEST(InputSpec, NamesWhatIsAllowed) {
  for (const char *text : {"", "ones", "q.npz", "zeros:1", "randomly"})
    EXPECT_EQ(errorOf(parseInputSpec(text)), "input '" + std::string(text) +
                                                 "': expected the path of a .npy file, 'random', "
                                                 "'random:SEED', 'zeros', 'iota' or a number");
}

TEST(InputSpec, NamesTheBadSeed) {
  for (const char *seed : {"", "x", "-1", "1.5", "18446744073709551616"})
    EXPECT_EQ(errorOf(parseInputSpec("random:" + std::string(seed))),
              "input 'random:" + std::string(seed) + "': the seed '" + seed + "' is not an unsigned 64-bit integer");
}

} // namespace
