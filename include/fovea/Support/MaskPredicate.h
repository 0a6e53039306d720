//===- MaskPredicate.h - A mask as a tree of comparisons --------*- C++ -*-===//
//
// Part of the Fovea project. Free of IR: what an attention mask says, in the
// form that MaskRange.h reasons about. The arithmetic is a policy, so that the
// code which computes with int64_t in the unit tests emits index arithmetic in
// the compiler.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_MASKPREDICATE_H
#define FOVEA_SUPPORT_MASKPREDICATE_H

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

namespace fovea {

/// The policy that computes at once. It is also the list of what a policy has
/// to offer; divisors are positive.
struct Int64Arith {
  using Int = int64_t;
  Int constant(int64_t value) { return value; }
  Int add(Int a, Int b) { return a + b; }
  Int sub(Int a, Int b) { return a - b; }
  Int mulConst(Int a, int64_t factor) { return a * factor; }
  Int min(Int a, Int b) { return std::min(a, b); }
  Int max(Int a, Int b) { return std::max(a, b); }
  Int floorDivConst(Int a, int64_t divisor) { return a / divisor - (a % divisor < 0); }
  Int ceilDivConst(Int a, int64_t divisor) { return a / divisor + (a % divisor > 0); }
};

/// A mask as a tree of conjunctions and disjunctions of comparisons. `Int` is
/// the type of the integers known only to the program that is compiled.
/// Make one by the factories, which fold constants.
template <typename Int> struct MaskPredicate {
  enum class Kind { Affine, All, Any, Opaque, Constant };

  Kind kind;
  int64_t keyCoefficient = 0, rowCoefficient = 0;
  Int offset{};
  bool value = false;
  std::vector<MaskPredicate> operands{};

  /// keyCoefficient * key + rowCoefficient * row + offset >= 0.
  static MaskPredicate affine(int64_t keyCoefficient, int64_t rowCoefficient, Int offset) {
    return {Kind::Affine, keyCoefficient, rowCoefficient, offset};
  }
  /// Something that depends on the position in ways not known here.
  static MaskPredicate opaque() { return {Kind::Opaque}; }
  static MaskPredicate constant(bool value) { return {Kind::Constant, 0, 0, {}, value}; }
  /// The conjunction; true if there is no operand.
  static MaskPredicate allOf(std::vector<MaskPredicate> operands) {
    return combine(Kind::All, /*neutral=*/true, std::move(operands));
  }
  /// The disjunction; false if there is no operand.
  static MaskPredicate anyOf(std::vector<MaskPredicate> operands) {
    return combine(Kind::Any, /*neutral=*/false, std::move(operands));
  }

private:
  static MaskPredicate combine(Kind kind, bool neutral, std::vector<MaskPredicate> operands) {
    std::vector<MaskPredicate> kept;
    for (MaskPredicate &operand : operands) {
      if (operand.kind != Kind::Constant)
        kept.push_back(std::move(operand));
      else if (operand.value != neutral)
        return constant(!neutral);
    }
    if (kept.empty())
      return constant(neutral);
    if (kept.size() == 1)
      return kept.front();
    return {kind, 0, 0, {}, false, std::move(kept)};
  }
};

/// The complement of a mask, with the negations pushed into the comparisons.
template <typename Arith>
MaskPredicate<typename Arith::Int> negate(const MaskPredicate<typename Arith::Int> &mask, Arith &arith) {
  using Predicate = MaskPredicate<typename Arith::Int>;
  std::vector<Predicate> operands;
  for (const Predicate &operand : mask.operands)
    operands.push_back(negate(operand, arith));
  switch (mask.kind) {
  case Predicate::Kind::Affine: // not (e >= 0)  <=>  -1 - e >= 0
    return Predicate::affine(-mask.keyCoefficient, -mask.rowCoefficient, arith.sub(arith.constant(-1), mask.offset));
  case Predicate::Kind::All:
    return Predicate::anyOf(std::move(operands));
  case Predicate::Kind::Any:
    return Predicate::allOf(std::move(operands));
  case Predicate::Kind::Constant:
    return Predicate::constant(!mask.value);
  case Predicate::Kind::Opaque:
    break;
  }
  return Predicate::opaque();
}

} // namespace fovea

#endif // FOVEA_SUPPORT_MASKPREDICATE_H
