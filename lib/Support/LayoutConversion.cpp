//===- LayoutConversion.cpp - From one register layout to another ---------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "BitBasis.h"
#include "fovea/Support/RegisterLayout.h"

#include <algorithm>
#include <cassert>
#include <map>

using namespace fovea;

namespace fovea {

/// The linear case: who in `from` holds what each one in `to` shall hold.
class LinearConversion {
public:
  LinearConversion(const LinearLayout &from, const LinearLayout &to)
      : from(from.sublayout(hardware(), dimsOf(to))), to(to.sublayout(hardware(), dimsOf(to))) {
    // Registers first: what they can express needs no other thread.
    for (size_t i = 0; i < this->from.columns.size(); ++i)
      basis.insert(this->from.columns[i], i);
  }

  /// Stays in the thread, warp or block that asks wherever that is possible.
  LinearLayout map() const {
    LinearLayout result;
    result.ins = to.ins;
    result.outs = from.ins;
    forEachColumn([&](uint64_t difference, uint64_t self) {
      BitBasis::Solution solution = basis.solve(difference);
      assert(!solution.rest && "`to` reaches what `from` does not");
      result.columns.push_back(solution.combination ^ self);
    });
    return result;
  }

  /// Nothing if some element has no holder in `from`.
  std::optional<ConversionKind> classify() const {
    ConversionKind kind = ConversionKind::RegistersOnly;
    bool isHeld = true;
    forEachColumn([&](uint64_t difference, uint64_t self) {
      BitBasis::Solution solution = basis.solve(difference);
      isHeld &= !solution.rest;
      // A register that depends on the lane takes selects, not a name.
      if (self && solution.combination)
        kind = std::max(kind, ConversionKind::ShufflesWithinWarp);
      unsigned bit = 0;
      for (const auto &in : from.ins)
        for (unsigned i = 0; i < in.bits; ++i, ++bit)
          if (solution.combination >> bit & 1)
            kind = std::max(kind, costOf(in.dim));
    });
    return isHeld ? std::optional(kind) : std::nullopt;
  }

private:
  static std::vector<Dim> hardware() { return {Dim::Register, Dim::Lane, Dim::Warp, Dim::Block}; }

  static std::vector<Dim> dimsOf(const LinearLayout &layout) {
    std::vector<Dim> dims;
    for (const auto &out : layout.outputs())
      dims.push_back(out.dim);
    return dims;
  }

  static ConversionKind costOf(Dim in) {
    switch (in) {
    case Dim::Register:
      return ConversionKind::RegistersOnly;
    case Dim::Lane:
      return ConversionKind::ShufflesWithinWarp;
    case Dim::Warp:
      return ConversionKind::ThroughShared;
    default:
      return ConversionKind::AcrossBlocks;
    }
  }

  /// For every bit of an index of `to`: what differs if the same lane, warp or
  /// block of `from` is asked, and that bit of `from`. Registers have no name
  /// in common, so a register bit asks from scratch.
  template <typename Visit> void forEachColumn(Visit visit) const {
    for (size_t i = 0, c = 0; i < to.ins.size(); ++i) {
      size_t shift = *from.inputShift(to.ins[i].dim);
      for (unsigned bit = 0; bit < to.ins[i].bits; ++bit, ++c) {
        if (to.ins[i].dim == Dim::Register)
          visit(to.columns[c], uint64_t(0));
        else
          visit(to.columns[c] ^ from.columns[shift + bit], uint64_t(1) << (shift + bit));
      }
    }
  }

  LinearLayout from, to;
  BitBasis basis;
};

} // namespace fovea

LinearLayout fovea::conversionMap(const LinearLayout &from, const LinearLayout &to) {
  return LinearConversion(from, to).map();
}

namespace {

/// The elements that every thread holds, numbered row-major over the tile, in
/// the order of the registers; threads by lane, warp and block.
std::vector<std::vector<int64_t>> elementsOf(const RegisterLayout &layout) {
  std::vector<int64_t> shape = layout.shape();
  std::vector<std::vector<int64_t>> threads;
  for (int64_t b = 0; b < layout.size(Dim::Block); ++b)
    for (int64_t w = 0; w < layout.size(Dim::Warp); ++w)
      for (int64_t l = 0; l < layout.size(Dim::Lane); ++l) {
        threads.emplace_back();
        for (int64_t r = 0; r < layout.size(Dim::Register); ++r) {
          std::vector<int64_t> position =
              layout.apply({{Dim::Register, r}, {Dim::Lane, l}, {Dim::Warp, w}, {Dim::Block, b}});
          int64_t element = 0;
          for (size_t i = 0; i < shape.size(); ++i)
            element = element * shape[i] + position[i];
          threads.back().push_back(element);
        }
      }
  return threads;
}

/// Layouts that repeat different pieces: ask for every element.
std::optional<ConversionKind> classifyElements(const RegisterLayout &from, const RegisterLayout &to) {
  std::vector<std::vector<int64_t>> held = elementsOf(from), wanted = elementsOf(to);
  int64_t numElements = 1;
  for (int64_t extent : from.shape())
    numElements *= extent;
  int64_t perWarp = from.size(Dim::Lane);
  int64_t perBlock = perWarp * from.size(Dim::Warp);
  int64_t numThreads = held.size();

  // Whether an element is held by a group of threads: per element, the last
  // group that was seen to hold it. Groups are visited one after the other.
  auto isHeldIn = [&](int64_t threadsPerGroup) {
    std::vector<int64_t> lastHolder(numElements, -1);
    for (int64_t begin = 0; begin < numThreads; begin += threadsPerGroup) {
      for (int64_t t = begin; t < begin + threadsPerGroup; ++t)
        for (int64_t element : held[t])
          lastHolder[element] = begin;
      for (int64_t t = begin; t < begin + threadsPerGroup; ++t)
        for (int64_t element : wanted[t])
          if (lastHolder[element] != begin)
            return false;
    }
    return true;
  };
  if (!isHeldIn(perBlock))
    return isHeldIn(numThreads) ? std::optional(ConversionKind::AcrossBlocks) : std::nullopt;
  if (!isHeldIn(perWarp))
    return ConversionKind::ThroughShared;
  if (!isHeldIn(1))
    return ConversionKind::ShufflesWithinWarp;
  // The renaming that suits the first thread must suit them all.
  std::vector<int64_t> permutation = registerPermutation(from, to);
  for (int64_t t = 0; t < numThreads; ++t)
    for (size_t r = 0; r < permutation.size(); ++r)
      if (held[t][permutation[r]] != wanted[t][r])
        return ConversionKind::ShufflesWithinWarp;
  return ConversionKind::RegistersOnly;
}

} // namespace

std::optional<ConversionKind> fovea::classifyConversion(const RegisterLayout &from, const RegisterLayout &to) {
  if (from.shape() != to.shape())
    return std::nullopt;
  for (Dim in : {Dim::Lane, Dim::Warp, Dim::Block})
    if (from.size(in) != to.size(in))
      return std::nullopt;
  // With the same repetitions of pieces of the same shape and threads, all
  // repetitions convert as the first one.
  if (from.repeats() == to.repeats() && from.piece().outputs() == to.piece().outputs() &&
      from.piece().inputSize(Dim::Lane) == to.piece().inputSize(Dim::Lane) &&
      from.piece().inputSize(Dim::Warp) == to.piece().inputSize(Dim::Warp) &&
      from.piece().inputSize(Dim::Block) == to.piece().inputSize(Dim::Block))
    return LinearConversion(from.piece(), to.piece()).classify();
  return classifyElements(from, to);
}

std::vector<int64_t> fovea::registerPermutation(const RegisterLayout &from, const RegisterLayout &to) {
  std::map<std::vector<int64_t>, int64_t> registerOf;
  for (int64_t r = 0; r < from.size(Dim::Register); ++r)
    registerOf.insert({from.apply({{Dim::Register, r}}), r});
  std::vector<int64_t> permutation;
  for (int64_t r = 0; r < to.size(Dim::Register); ++r) {
    auto source = registerOf.find(to.apply({{Dim::Register, r}}));
    assert(source != registerOf.end() && "not a conversion within threads");
    permutation.push_back(source->second);
  }
  return permutation;
}
