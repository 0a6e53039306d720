//===- MaskPredicateTest.cpp - Folding and complement ---------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "MaskOracle.h"

#include "gtest/gtest.h"

using namespace fovea;

namespace {

// Constants that decide or change nothing are folded when the tree is made.
TEST(MaskPredicate, FactoriesFoldConstants) {
  Mask yes = Mask::constant(true), no = Mask::constant(false);
  EXPECT_EQ(Mask::allOf({}).kind, Mask::Kind::Constant);
  EXPECT_TRUE(Mask::allOf({}).value);
  EXPECT_FALSE(Mask::anyOf({}).value);
  EXPECT_FALSE(Mask::allOf({causal(0), no}).value);
  EXPECT_EQ(Mask::allOf({causal(0), no}).kind, Mask::Kind::Constant);
  EXPECT_TRUE(Mask::anyOf({Mask::opaque(), yes}).value);
  EXPECT_EQ(Mask::allOf({yes, causal(0)}).kind, Mask::Kind::Affine);
  EXPECT_EQ(Mask::anyOf({no, causal(0)}).kind, Mask::Kind::Affine);
  EXPECT_EQ(Mask::anyOf({causal(0), keyLength(3), no}).operands.size(), 2u);
}

// The complement sees exactly what the mask does not.
TEST(MaskPredicate, Negate) {
  Int64Arith arith;
  Mask mask = Mask::anyOf({Mask::allOf({causal(2), window(3, 9, 0)}), Mask::affine(3, -2, 1), rowLength(4)});
  Mask complement = negate(mask, arith);
  for (int64_t i = 0; i < 20; ++i)
    for (int64_t j = 0; j < 20; ++j)
      EXPECT_NE(sees(mask, i, j), sees(complement, i, j)) << i << ", " << j;
  EXPECT_FALSE(negate(Mask::constant(true), arith).value);
  EXPECT_EQ(negate(Mask::opaque(), arith).kind, Mask::Kind::Opaque);
}

} // namespace
