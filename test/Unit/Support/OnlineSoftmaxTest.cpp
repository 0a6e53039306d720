//===- OnlineSoftmaxTest.cpp - The merge is a commutative monoid ----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/OnlineSoftmax.h"

#include "gtest/gtest.h"

#include <random>
#include <vector>

using namespace fovea;

namespace {

using State = OnlineSoftmax<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

struct Key {
  double score, value;
};

/// Rows of 0 to 40 keys, of scores far apart and near, about a third masked.
std::vector<Key> randomRow(std::mt19937_64 &random) {
  std::uniform_int_distribution<int> length(0, 40), kind(0, 5);
  std::normal_distribution<double> unit;
  std::vector<Key> row(length(random));
  for (Key &key : row) {
    int k = kind(random);
    double spread = k == 0 ? 300 : 3;
    key = {k >= 4 ? -infinity : spread * unit(random), unit(random)};
  }
  return row;
}

State stateOf(const std::vector<Key> &row) {
  State state;
  for (const Key &key : row)
    state.push(key.score, key.value);
  return state;
}

/// A random tree of merges over any grouping of the row's keys.
State mergeInAnyTree(const std::vector<Key> &row, std::mt19937_64 &random) {
  std::vector<State> states(1); // an identity among them
  for (const Key &key : row) {
    if (random() % 3 == 0)
      states.emplace_back();
    states[random() % states.size()].push(key.score, key.value);
  }
  while (states.size() > 1) {
    size_t a = random() % states.size();
    State taken = states[a];
    states.erase(states.begin() + a);
    size_t b = random() % states.size();
    states[b] = State::merge(taken, states[b]);
  }
  return states.front();
}

void expectSame(double actual, double expected) {
  if (std::isnan(expected))
    EXPECT_TRUE(std::isnan(actual)) << actual;
  else if (std::isinf(expected))
    EXPECT_EQ(actual, expected);
  else
    EXPECT_NEAR(actual, expected, 1e-12 * std::max(1.0, std::abs(expected)));
}

void expectSame(const State::Result &actual, const State::Result &expected) {
  expectSame(actual.output, expected.output);
  expectSame(actual.logSumExp, expected.logSumExp);
  expectSame(actual.maximum, expected.maximum);
}

/// Both passes of the definition, for rows without NaN or +inf.
State::Result twoPasses(const std::vector<Key> &row) {
  double maximum = -infinity, sum = 0, output = 0;
  for (const Key &key : row)
    maximum = std::max(maximum, key.score);
  if (maximum == -infinity)
    return {0, -infinity, -infinity};
  for (const Key &key : row)
    sum += std::exp(key.score - maximum);
  for (const Key &key : row)
    output += std::exp(key.score - maximum) / sum * key.value;
  return {output, maximum + std::log(sum), maximum};
}

// One pass gives what the definition's two passes give.
TEST(OnlineSoftmax, OnePassEqualsTwo) {
  std::mt19937_64 random(1);
  for (int i = 0; i < 2000; ++i) {
    std::vector<Key> row = randomRow(random);
    expectSame(stateOf(row).finalize(), twoPasses(row));
  }
}

// Merging the parts of any split, in any tree, gives the unsplit result.
TEST(OnlineSoftmax, S15_any_split) {
  std::mt19937_64 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::vector<Key> row = randomRow(random);
    expectSame(mergeInAnyTree(row, random).finalize(), twoPasses(row));
  }
}

// (a + b) + c = a + (b + c), state by state and not only in the result.
TEST(OnlineSoftmax, S15_associative) {
  std::mt19937_64 random(3);
  for (int i = 0; i < 2000; ++i) {
    State a = stateOf(randomRow(random)), b = stateOf(randomRow(random)), c = stateOf(randomRow(random));
    State left = State::merge(State::merge(a, b), c);
    State right = State::merge(a, State::merge(b, c));
    EXPECT_EQ(left.maximum, right.maximum);
    expectSame(left.sum, right.sum);
    expectSame(left.accumulator, right.accumulator);
  }
}

// The empty state changes no bit, on either side.
TEST(OnlineSoftmax, S15_identity) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 2000; ++i) {
    State state = stateOf(randomRow(random));
    for (State merged : {State::merge(state, State()), State::merge(State(), state)}) {
      EXPECT_EQ(merged.maximum, state.maximum);
      EXPECT_EQ(merged.sum, state.sum);
      EXPECT_EQ(merged.accumulator, state.accumulator);
    }
  }
}

// No keys, or only masked ones: output 0 and log-sum-exp -inf.
TEST(OnlineSoftmax, S3_fully_masked_row) {
  for (const std::vector<Key> &row : {std::vector<Key>{}, std::vector<Key>(3, {-infinity, 1.0})}) {
    State::Result result = stateOf(row).finalize();
    EXPECT_EQ(result.output, 0);
    EXPECT_EQ(result.logSumExp, -infinity);
    EXPECT_EQ(result.maximum, -infinity);
  }
}

// The value of a masked key is not looked at.
TEST(OnlineSoftmax, S8_masked_value) {
  for (double garbage : {nan, infinity}) {
    State::Result result = stateOf({{-infinity, garbage}, {2.0, 5.0}, {-infinity, garbage}}).finalize();
    EXPECT_EQ(result.output, 5.0);
    EXPECT_EQ(result.logSumExp, 2.0);
  }
}

// A NaN among the scores reaches the output and the log-sum-exp, wherever it
// stands and however the row is split; so does +inf, as in the unfused form.
TEST(OnlineSoftmax, S13_nan_and_inf_scores_propagate) {
  std::mt19937_64 random(5);
  for (int i = 0; i < 2000; ++i) {
    std::vector<Key> row = randomRow(random);
    double bad = i % 2 ? nan : infinity;
    row.insert(row.begin() + random() % (row.size() + 1), {bad, 1.0});
    for (const State::Result &result :
         {stateOf(row).finalize(), stateOf(row).finalize(1.0), mergeInAnyTree(row, random).finalize()}) {
      EXPECT_TRUE(std::isnan(result.output));
      EXPECT_TRUE(std::isnan(result.logSumExp));
      expectSame(result.maximum, bad);
    }
  }
}

// A NaN among the values of visible keys reaches the output only.
TEST(OnlineSoftmax, S13_nan_value_propagates) {
  State::Result result = stateOf({{1.0, 2.0}, {0.5, nan}}).finalize();
  EXPECT_TRUE(std::isnan(result.output));
  EXPECT_FALSE(std::isnan(result.logSumExp));
}

// A sink weighs as a key with value 0, but is none: the maximum leaves it out.
TEST(OnlineSoftmax, S5_sink) {
  std::mt19937_64 random(6);
  std::normal_distribution<double> unit;
  for (int i = 0; i < 2000; ++i) {
    std::vector<Key> row = randomRow(random);
    double sink = 5 * unit(random);
    State::Result result = mergeInAnyTree(row, random).finalize(sink);
    EXPECT_EQ(result.maximum, twoPasses(row).maximum);
    row.push_back({sink, 0.0});
    expectSame(result.output, twoPasses(row).output);
    expectSame(result.logSumExp, twoPasses(row).logSumExp);
  }
}

// With a sink, a fully masked row is an ordinary row; a sink of -inf is none.
TEST(OnlineSoftmax, S5_sink_of_fully_masked_row) {
  State::Result result = State().finalize(1.5);
  EXPECT_EQ(result.output, 0);
  EXPECT_EQ(result.logSumExp, 1.5);
  EXPECT_EQ(result.maximum, -infinity);
  expectSame(State().finalize(-infinity), State().finalize());
  expectSame(State::of(2, 3).finalize(-infinity), State::of(2, 3).finalize());
}

// Scores whose exponentials overflow on their own do not, in float either.
TEST(OnlineSoftmax, LargeScores) {
  OnlineSoftmax<float> state;
  state.push(1000.0f, 1.0f);
  state.push(1000.0f, 3.0f);
  state.push(-1000.0f, 7.0f);
  EXPECT_FLOAT_EQ(state.finalize().output, 2.0f);
  EXPECT_FLOAT_EQ(state.finalize().logSumExp, 1000.0f + std::log(2.0f));
}

} // namespace
