//===- OnlineSoftmax.h - The associative state of a softmax -----*- C++ -*-===//
//
// Part of the Fovea project. Free of IR: this is the mathematics that the
// compiler's rewriting relies on, as a value class with tests of its own.
//
//===----------------------------------------------------------------------===//
//
// Softmax-weighted sums over a row of scores s_j with values v_j,
//
//     o = sum_j exp(s_j - m) v_j / l,   l = sum_j exp(s_j - m),   m = max_j
//     s_j,
//
// seem to need the maximum before the first exponential. They do not: for any
// set of keys, the triple
//
//     m,   l = sum_j exp(s_j - m),   acc = sum_j exp(s_j - m) v_j
//
// can be corrected later to a larger maximum m', by multiplying l and acc by
// exp(m - m'). So the triples of two disjoint sets merge into that of their
// union:
//
//     m' = max(m1, m2)
//     l' = l1 exp(m1 - m') + l2 exp(m2 - m')
//     acc' = acc1 exp(m1 - m') + acc2 exp(m2 - m')
//
// This operation is associative and commutative, and (-inf, 0, 0) is its
// identity. Everything else follows from that: one pass over the keys (push),
// tiles (merge one tile at a time), several workers on one row (merge their
// partial states at the end, in any tree).
//
// The running maximum and sum are due to Milakov and Gimelshein, "Online
// normalizer calculation for softmax" (2018). Dao et al., "FlashAttention"
// (2022), carried the accumulator along with them, tile by tile; Dao,
// "FlashAttention-2" (2023), moved the division by l out of the loop, which is
// the form kept here, and returned m + log(l) for the backward pass.
//
// Two cases need care, and both are settled in `weight`:
//  * nothing seen yet, or only masked keys: m = -inf, and -inf - -inf would be
//    NaN. A key at -inf weighs 0 by definition, and its value is not looked at;
//  * a score of NaN or +inf is an error upstream which must not be hidden: l
//    and acc become NaN, and stay so.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_ONLINESOFTMAX_H
#define FOVEA_SUPPORT_ONLINESOFTMAX_H

#include <cmath>
#include <limits>
#include <optional>

namespace fovea {

/// The state of a softmax-weighted sum over some set of keys, for one query
/// row and one column of the values. Rows with many columns share `maximum`
/// and `sum`.
template <typename T> struct OnlineSoftmax {
  static_assert(std::numeric_limits<T>::is_iec559, "the identity of the merge is an IEEE infinity");
  static constexpr T negativeInfinity = -std::numeric_limits<T>::infinity();

  /// The default is the state of the empty set, the identity of `merge`.
  T maximum = negativeInfinity;
  T sum = 0;
  T accumulator = 0;

  /// What is left of a softmax-weighted sum when all keys have been seen.
  struct Result {
    T output;    ///< The weighted sum; 0 if no key was visible.
    T logSumExp; ///< Natural logarithm, with the sink; -inf for an empty row.
    T maximum;   ///< The largest score of a key; a sink is no key.
  };

  /// The state of the set that holds one key.
  static OnlineSoftmax of(T score, T value) {
    T p = weight(score, score); // 1, or 0 if masked, or NaN
    return {score, p, score == negativeInfinity ? T(0) : p * value};
  }

  /// The state of the union of two disjoint sets of keys.
  static OnlineSoftmax merge(const OnlineSoftmax &a, const OnlineSoftmax &b) {
    T m = largerOrNaN(a.maximum, b.maximum);
    T scaleA = weight(a.maximum, m), scaleB = weight(b.maximum, m);
    return {m, a.sum * scaleA + b.sum * scaleB, a.accumulator * scaleA + b.accumulator * scaleB};
  }

  /// Adds one key. A score of -inf leaves the state as it was.
  void push(T score, T value) { *this = merge(*this, of(score, value)); }

  /// Normalises. A sink is one more logit that takes part in the denominator
  /// and in the log-sum-exp and carries no value.
  Result finalize(std::optional<T> sink = std::nullopt) const {
    OnlineSoftmax all = sink ? merge(*this, of(*sink, T(0))) : *this;
    if (all.sum == 0) // no logit above -inf
      return {T(0), negativeInfinity, maximum};
    return {all.accumulator / all.sum, all.maximum + std::log(all.sum), maximum};
  }

private:
  /// exp(score - reference), where a masked score weighs nothing whatever the
  /// reference is.
  static T weight(T score, T reference) { return score == negativeInfinity ? T(0) : std::exp(score - reference); }

  /// Unlike std::max, returns NaN whichever side it stands on.
  static T largerOrNaN(T a, T b) { return a > b || std::isnan(a) ? a : b; }
};

} // namespace fovea

#endif // FOVEA_SUPPORT_ONLINESOFTMAX_H
