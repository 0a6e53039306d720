//===- ExpressionTest.cpp - What expressions evaluate to ------------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "gtest/gtest.h"

#include "FakeCuda.h"
#include "LaunchEvaluation.h"
#include "fovea/LaunchExpressions.h"

#include <random>

using namespace fovea;
using namespace fovea::launch;

namespace {

constexpr int64_t least = INT64_MIN, most = INT64_MAX;

/// The value of `lhs operation rhs`, none if it has none.
std::optional<int64_t> evaluate(Operation operation, int64_t lhs, int64_t rhs) {
  LaunchDescriptor descriptor;
  ExpressionBuilder builder(descriptor);
  ExpressionIndex index = builder.binary(operation, builder.constant(lhs), builder.constant(rhs));
  LaunchEvaluation evaluation(descriptor, nullptr, 132);
  int64_t value;
  return evaluation.get(index, value) ? std::optional(value) : std::nullopt;
}

// Against 128-bit arithmetic, with the values at which things break.
TEST(Expression, AgreesWithWiderArithmetic) {
  std::vector<int64_t> values = {least, least + 1, -7, -2, -1, 0, 1, 2, 3, 7, 64, most - 1, most};
  std::mt19937_64 random(1);
  for (int i = 0; i < 20; ++i)
    values.push_back(static_cast<int64_t>(random()) >> random() % 64);
  for (int64_t lhs : values)
    for (int64_t rhs : values) {
      __int128 l = lhs, r = rhs;
      auto expect = [&](Operation operation, __int128 expected) {
        bool fits = expected >= least && expected <= most;
        EXPECT_EQ(evaluate(operation, lhs, rhs), fits ? std::optional<int64_t>(expected) : std::nullopt)
            << lhs << " " << int(operation) << " " << rhs;
      };
      expect(Operation::Add, l + r);
      expect(Operation::Sub, l - r);
      expect(Operation::Mul, l * r);
      expect(Operation::Min, std::min(l, r));
      expect(Operation::Max, std::max(l, r));
      expect(Operation::Equal, l == r);
      expect(Operation::NotEqual, l != r);
      expect(Operation::Less, l < r);
      expect(Operation::LessEqual, l <= r);
      __int128 none = __int128(1) << 100;
      // Rounded by the definition: the least (greatest) q with q*r >= l (<= l).
      __int128 floor = none, ceil = none;
      if (r != 0) {
        floor = l / r;
        while (r > 0 ? floor * r > l : floor * r < l)
          --floor;
        ceil = l / r;
        while (r > 0 ? ceil * r < l : ceil * r > l)
          ++ceil;
      }
      expect(Operation::FloorDiv, floor);
      expect(Operation::CeilDiv, ceil);
      expect(Operation::FloorMod, r == 0 ? none : l - floor * r);
    }
}

TEST(Expression, LeavesReadTheArguments) {
  LaunchDescriptor descriptor;
  ExpressionBuilder builder(descriptor);
  ExpressionIndex size = builder.size(0, 1), stride = builder.stride(0, 0), address = builder.address(0),
                  scalar = builder.scalar(1), sms = builder.smCount();
  EXPECT_EQ(builder.size(0, 1), size); // no second entry
  EXPECT_EQ(descriptor.expressions.size(), 5u);
  int64_t sizes[] = {3, 128}, strides[] = {160, 1};
  FoveaCudaArgument arguments[2] = {};
  arguments[0] = {FOVEA_F16, 2, reinterpret_cast<void *>(0x7f1230), sizes, strides, 0, 0};
  arguments[1].integer = -5;
  LaunchEvaluation evaluation(descriptor, arguments, 132);
  int64_t value;
  EXPECT_TRUE(evaluation.get(size, value) && value == 128);
  EXPECT_TRUE(evaluation.get(stride, value) && value == 160);
  EXPECT_TRUE(evaluation.get(address, value) && value == 0x7f1230);
  EXPECT_TRUE(evaluation.get(scalar, value) && value == -5);
  EXPECT_TRUE(evaluation.get(sms, value) && value == 132);

  LaunchEvaluation withoutArguments(descriptor, nullptr, 132);
  EXPECT_FALSE(withoutArguments.get(size, value));
  EXPECT_TRUE(withoutArguments.get(sms, value));
}

// The branch that is not taken may overflow or divide by zero.
TEST(Expression, SelectIsLazy) {
  LaunchDescriptor descriptor;
  ExpressionBuilder builder(descriptor);
  ExpressionIndex zero = builder.constant(0), one = builder.constant(1);
  ExpressionIndex bad = builder.binary(Operation::FloorDiv, one, zero);
  ExpressionIndex good = builder.select(zero, bad, one);
  ExpressionIndex taken = builder.select(one, bad, one);
  ExpressionIndex condition = builder.select(bad, one, one);
  LaunchEvaluation evaluation(descriptor, nullptr, 132);
  int64_t value;
  EXPECT_TRUE(evaluation.get(good, value) && value == 1);
  EXPECT_FALSE(evaluation.get(taken, "the grid", value));
  EXPECT_STREQ(foveaGetLastError(), "the grid divides 1 by zero (expression 2)");
  EXPECT_FALSE(evaluation.get(condition, value));
}

// The error names the operation that overflowed, however far from its use.
TEST(Expression, OverflowIsTracedToItsCause) {
  LaunchDescriptor descriptor;
  ExpressionBuilder builder(descriptor);
  ExpressionIndex two = builder.constant(2);
  ExpressionIndex product = builder.binary(Operation::Mul, builder.constant(most), two);
  ExpressionIndex use = builder.binary(Operation::Min, two, product);
  LaunchEvaluation evaluation(descriptor, nullptr, 132);
  int64_t value;
  EXPECT_FALSE(evaluation.get(use, "the grid", value));
  EXPECT_STREQ(foveaGetLastError(), "the grid overflows 64 bits: "
                                    "9223372036854775807 * 2 (expression 2)");
}

} // namespace
