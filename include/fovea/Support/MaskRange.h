//===- MaskRange.h - Which keys a tile of query rows can see ----*- C++ -*-===//
//
// Part of the Fovea project. Free of IR, as MaskPredicate.h is.
//
//===----------------------------------------------------------------------===//
//
// An attention mask is a predicate of a query row i and a key j. Most masks in
// use are made of comparisons of affine functions of the two:
//
//     causal                j <= i + c            -j + i + c      >= 0
//     window                i - w <= j             j - i + w      >= 0
//     key length            j < n                 -j + (n - 1)    >= 0
//     prefix                causal or j < p
//     dilated blocks        2j >= i               2j - i          >= 0
//
// For a tile of rows [rowBegin, rowEnd) the fused kernel wants to know two
// intervals of keys:
//
//     live   every key that some row of the tile sees lies in it,
//     full   every key in it is seen by all rows of the tile,
//
// so that it visits the live keys only and evaluates the mask outside of the
// full ones only. Both are conservative: live may be too large and full too
// small, never the reverse.
//
// One comparison  cj*j + ci*i + c0 >= 0.  Over the rows of the tile, ci*i + c0
// takes its extremes at the first and at the last row. A key is live if the
// comparison holds for the larger extreme, and full if it does for the smaller
// one; solved for j, either is a bound below (cj > 0) or above (cj < 0), found
// by a division rounded towards the solutions. With cj = 0 it holds for all
// keys or for none, which the arithmetic below expresses without a branch.
//
// and:  intersects both intervals. Exact for full; exact for live where all
//       comparisons move along with i in the same way, as in causal + window.
// or:   live is the hull. Full is the union where it is an interval (known at
//       compile time if both sides are open in the same direction, otherwise
//       found by arithmetic), and the longer of the two where it is not.
// Opaque (anything else: a tensor of booleans, a document id): live everywhere,
// full nowhere.
//
// Exact as long as positions are at most 2^40, coefficients at most 2^20 and
// offsets c0 at most 2^61 in magnitude: nothing overflows an int64_t then.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_MASKRANGE_H
#define FOVEA_SUPPORT_MASKRANGE_H

#include "fovea/Support/MaskPredicate.h"

#include <cstdint>
#include <optional>
#include <utility>

namespace fovea {

/// Two half-open intervals, counted in keys or in blocks of keys. Neither ends
/// before it begins.
template <typename Int> struct MaskRange {
  Int liveBegin, liveEnd; ///< Nothing outside of it is visible to any row.
  Int fullBegin, fullEnd; ///< Everything in it is visible to every row.
};

namespace detail {

/// Larger than every position.
constexpr int64_t beyondAllKeys = int64_t(1) << 41;

/// Walks a predicate for one tile of rows.
template <typename Arith> class MaskRangeAnalysis {
public:
  using Int = typename Arith::Int;
  using Predicate = MaskPredicate<Int>;

  MaskRangeAnalysis(Int rowBegin, Int rowEnd, Int numKeys, Arith &arith)
      : arith(arith), firstRow(rowBegin), lastRow(arith.sub(rowEnd, arith.constant(1))), numKeys(numKeys) {}

  MaskRange<Int> run(const Predicate &mask) {
    Bounds bounds = visit(mask);
    auto [liveBegin, liveEnd] = clip(bounds.live);
    auto [fullBegin, fullEnd] = clip(bounds.full);
    return {liveBegin, arith.max(liveBegin, liveEnd), fullBegin, arith.max(fullBegin, fullEnd)};
  }

private:
  /// A bound that is absent is infinite, and costs no arithmetic.
  using Bound = std::optional<Int>;
  struct Interval {
    Bound begin, end;
  };
  struct Bounds {
    Interval live, full;
  };

  Bounds visit(const Predicate &mask) {
    switch (mask.kind) {
    case Predicate::Kind::Affine: {
      // The comparison is easiest to meet at one end of the tile and hardest
      // at the other.
      bool grows = mask.rowCoefficient >= 0;
      return {solve(mask, grows ? lastRow : firstRow), solve(mask, grows ? firstRow : lastRow)};
    }
    case Predicate::Kind::All:
    case Predicate::Kind::Any: {
      bool all = mask.kind == Predicate::Kind::All;
      Bounds result = visit(mask.operands.front());
      for (size_t i = 1; i < mask.operands.size(); ++i) {
        Bounds next = visit(mask.operands[i]);
        result.live = all ? intersection(result.live, next.live) : hull(result.live, next.live);
        result.full = all ? intersection(result.full, next.full) : unionWithin(result.full, next.full);
      }
      return result;
    }
    case Predicate::Kind::Constant:
      return mask.value ? Bounds{} : Bounds{nothing(), nothing()};
    case Predicate::Kind::Opaque:
      break;
    }
    return {{}, nothing()};
  }

  /// The keys for which a comparison holds at one row.
  Interval solve(const Predicate &mask, Int row) {
    Int rest = mask.offset;
    if (mask.rowCoefficient == -1)
      rest = arith.sub(rest, row);
    else if (mask.rowCoefficient == 1)
      rest = arith.add(rest, row);
    else if (mask.rowCoefficient != 0)
      rest = arith.add(rest, arith.mulConst(row, mask.rowCoefficient));
    int64_t c = mask.keyCoefficient;
    if (c > 0) { // j >= ceil(-rest / c)
      Int negated = arith.sub(arith.constant(0), rest);
      return {c == 1 ? negated : arith.ceilDivConst(negated, c), {}};
    }
    if (c < 0) { // j <= floor(rest / -c)
      Int last = c == -1 ? rest : arith.floorDivConst(rest, -c);
      return {{}, arith.add(last, arith.constant(1))};
    }
    // All keys or none; none is [beyond, 0), which adds nothing to a hull.
    Int end = arith.mulConst(isNonNegative(rest), beyondAllKeys);
    return {arith.sub(arith.constant(beyondAllKeys), end), end};
  }

  Interval nothing() { return {arith.constant(beyondAllKeys), arith.constant(0)}; }

  Interval intersection(const Interval &a, const Interval &b) {
    return {a.begin && b.begin ? arith.max(*a.begin, *b.begin) : (a.begin ? a.begin : b.begin),
            a.end && b.end ? arith.min(*a.end, *b.end) : (a.end ? a.end : b.end)};
  }

  Interval hull(const Interval &a, const Interval &b) {
    Interval result;
    if (a.begin && b.begin)
      result.begin = arith.min(*a.begin, *b.begin);
    if (a.end && b.end)
      result.end = arith.max(*a.end, *b.end);
    return result;
  }

  /// An interval within the union of two.
  Interval unionWithin(const Interval &a, const Interval &b) {
    // Both open on the same side: one contains the other.
    if ((!a.begin && !b.begin) || (!a.end && !b.end))
      return hull(a, b);
    // Two that overlap or touch make one; otherwise the longer must do. An
    // interval that ends before it begins touches nothing and is shorter than
    // any other.
    auto [beginA, endA] = clip(a);
    auto [beginB, endB] = clip(b);
    Int touch = isNonNegative(arith.sub(arith.min(endA, endB), arith.max(beginA, beginB)));
    Int aIsLonger = isNonNegative(arith.sub(arith.sub(endA, beginA), arith.sub(endB, beginB)));
    return {choose(touch, arith.min(beginA, beginB), choose(aIsLonger, beginA, beginB)),
            choose(touch, arith.max(endA, endB), choose(aIsLonger, endA, endB))};
  }

  /// The part of an interval within the keys, bounds in [0, numKeys].
  std::pair<Int, Int> clip(const Interval &interval) {
    auto clamp = [&](Int x) { return arith.min(arith.max(x, arith.constant(0)), numKeys); };
    return {interval.begin ? clamp(*interval.begin) : arith.constant(0), interval.end ? clamp(*interval.end) : numKeys};
  }

  /// 1 if x >= 0, else 0.
  Int isNonNegative(Int x) {
    Int one = arith.constant(1);
    return arith.min(arith.max(arith.add(x, one), arith.constant(0)), one);
  }

  /// Selects by a flag of 0 or 1 between two positions.
  Int choose(Int flag, Int ifOne, Int ifZero) {
    Int penalty = arith.mulConst(flag, beyondAllKeys);
    return arith.max(arith.add(ifOne, arith.sub(penalty, arith.constant(beyondAllKeys))), arith.sub(ifZero, penalty));
  }

  Arith &arith;
  Int firstRow, lastRow, numKeys;
};

} // namespace detail

/// The keys within [0, numKeys) that the rows [rowBegin, rowEnd) see. The tile
/// must not be empty and numKeys not negative.
template <typename Arith>
MaskRange<typename Arith::Int> maskKeyRange(const MaskPredicate<typename Arith::Int> &mask,
                                            typename Arith::Int rowBegin, typename Arith::Int rowEnd,
                                            typename Arith::Int numKeys, Arith &arith) {
  return detail::MaskRangeAnalysis<Arith>(rowBegin, rowEnd, numKeys, arith).run(mask);
}

/// The same in blocks of `blockSize` keys: live blocks hold a live key, full
/// blocks hold full keys only, so that a last block that reaches beyond the
/// keys is never full. The full blocks lie within the live ones even where
/// either interval is empty: partial, full and partial blocks follow each
/// other as [liveBegin, fullBegin), [fullBegin, fullEnd), [fullEnd, liveEnd).
template <typename Arith>
MaskRange<typename Arith::Int> maskBlockRange(const MaskRange<typename Arith::Int> &keys, int64_t blockSize,
                                              Arith &arith) {
  using Int = typename Arith::Int;
  Int liveBegin = arith.floorDivConst(keys.liveBegin, blockSize);
  // An empty interval in the middle of a block must not make that block live.
  Int isLive = arith.min(arith.sub(keys.liveEnd, keys.liveBegin), arith.constant(1));
  Int end = arith.min(keys.liveEnd, arith.mulConst(isLive, detail::beyondAllKeys));
  Int liveEnd = arith.max(liveBegin, arith.ceilDivConst(end, blockSize));
  auto clamp = [&](Int x, Int low) { return arith.min(arith.max(x, low), liveEnd); };
  Int fullBegin = clamp(arith.ceilDivConst(keys.fullBegin, blockSize), liveBegin);
  Int fullEnd = clamp(arith.floorDivConst(keys.fullEnd, blockSize), fullBegin);
  return {liveBegin, liveEnd, fullBegin, fullEnd};
}

} // namespace fovea

#endif // FOVEA_SUPPORT_MASKRANGE_H
