//===- LinearLayoutAlgebra.cpp - New layouts from old ones ----------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "BitBasis.h"
#include "fovea/Support/LinearLayout.h"

#include <algorithm>
#include <cassert>

using namespace fovea;

namespace {

uint64_t lowMask(unsigned bits) { return (uint64_t(1) << bits) - 1; }

BitBasis basisOf(const std::vector<uint64_t> &columns) {
  BitBasis basis;
  for (size_t i = 0; i < columns.size(); ++i)
    basis.insert(columns[i], i);
  return basis;
}

} // namespace

bool LinearLayout::isSurjective() const { return int64_t(1) << basisOf(columns).rank() == outputSize(); }

bool LinearLayout::isInjective() const { return basisOf(columns).rank() == columns.size(); }

uint64_t LinearLayout::freeBits(Dim in) const {
  BitBasis basis;
  uint64_t free = 0;
  size_t i = 0;
  for (const DimBits &input : ins)
    for (unsigned bit = 0; bit < input.bits; ++bit, ++i)
      if (!basis.insert(columns[i], i) && input.dim == in)
        free |= uint64_t(1) << bit;
  return free;
}

LinearLayout LinearLayout::operator*(const LinearLayout &outer) const {
  LinearLayout result;
  auto join = [](const std::vector<DimBits> &low, const std::vector<DimBits> &high) {
    std::vector<DimBits> joined = low;
    for (const DimBits &dim : high) {
      auto same = std::find_if(joined.begin(), joined.end(), [&](DimBits d) { return d.dim == dim.dim; });
      if (same == joined.end())
        joined.push_back(dim);
      else
        same->bits += dim.bits;
    }
    return joined;
  };
  result.ins = join(ins, outer.ins);
  result.outs = join(outs, outer.outs);

  auto place = [&](const LinearLayout &part, uint64_t column, bool isOuter) {
    uint64_t placed = 0;
    for (const DimBits &out : part.outs) {
      unsigned shift = *result.outputShift(out.dim);
      if (isOuter)
        while (int64_t(1) << (shift - *result.outputShift(out.dim)) < outputSize(out.dim))
          ++shift;
      placed |= (column & lowMask(out.bits)) << shift;
      column >>= out.bits;
    }
    return placed;
  };
  auto appendColumns = [&](const LinearLayout &part, Dim dim, bool isOuter) {
    std::optional<unsigned> shift = part.inputShift(dim);
    for (unsigned bit = 0; int64_t(1) << bit < part.inputSize(dim); ++bit)
      result.columns.push_back(place(part, part.columns[*shift + bit], isOuter));
  };
  for (const DimBits &in : result.ins) {
    appendColumns(*this, in.dim, /*isOuter=*/false);
    appendColumns(outer, in.dim, /*isOuter=*/true);
  }
  assert(result.columns.size() < 64 && "too many bits");
  return result;
}

LinearLayout LinearLayout::compose(const LinearLayout &next) const {
  LinearLayout result;
  result.ins = ins;
  result.outs = next.outs;
  for (uint64_t column : columns) {
    uint64_t input = 0;
    for (const DimBits &out : outs) {
      assert(outputSize(out.dim) <= next.inputSize(out.dim) &&
             "an output is no input of the next layout, or does not fit");
      if (out.bits)
        input |= (column & lowMask(out.bits)) << *next.inputShift(out.dim);
      column >>= out.bits;
    }
    result.columns.push_back(next.applyPacked(input));
  }
  return result;
}

LinearLayout LinearLayout::inverse() const {
  BitBasis basis = basisOf(columns);
  LinearLayout result;
  result.ins = outs;
  result.outs = ins;
  for (uint64_t bit = 1; bit < uint64_t(outputSize()); bit <<= 1)
    result.columns.push_back(basis.solve(bit).combination);
  return result;
}

LinearLayout LinearLayout::sublayout(const std::vector<Dim> &inputDims, const std::vector<Dim> &outputDims) const {
  LinearLayout result;
  auto bitsOf = [](const std::vector<DimBits> &dims, Dim wanted) {
    for (const DimBits &dim : dims)
      if (dim.dim == wanted)
        return dim.bits;
    return 0u;
  };
  for (Dim dim : outputDims)
    result.outs.push_back({dim, bitsOf(outs, dim)});
  for (Dim dim : inputDims) {
    unsigned bits = bitsOf(ins, dim);
    result.addInput(dim, bits);
    for (unsigned bit = 0; bit < bits; ++bit) {
      uint64_t column = 0;
      for (const DimBits &out : result.outs)
        column |= uint64_t(basis(dim, bit, out.dim)) << *result.outputShift(out.dim);
      result.columns.push_back(column);
    }
  }
  return result;
}

LinearLayout LinearLayout::slice(Dim coordinate) const {
  std::vector<Dim> inputDims, outputDims;
  for (const DimBits &in : ins)
    inputDims.push_back(in.dim);
  for (const DimBits &out : outs)
    if (out.dim != coordinate)
      outputDims.push_back(out.dim);
  LinearLayout rest = sublayout(inputDims, outputDims);

  // Registers that hold what lower ones hold go. Judged among the registers
  // alone, wherever they stand among the inputs.
  LinearLayout result;
  result.outs = rest.outs;
  for (DimBits &out : result.outs)
    if (isCoordinate(out.dim) && out.dim > coordinate)
      out.dim = fovea::coordinate(coordinateIndex(out.dim) - 1);
  size_t i = 0;
  for (const DimBits &in : rest.ins) {
    BitBasis registers;
    unsigned kept = 0;
    for (unsigned bit = 0; bit < in.bits; ++bit, ++i)
      if (in.dim != Dim::Register || registers.insert(rest.columns[i], bit)) {
        result.columns.push_back(rest.columns[i]);
        ++kept;
      }
    result.addInput(in.dim, kept);
  }
  return result;
}

LinearLayout LinearLayout::transpose(const std::vector<unsigned> &order) const {
  std::vector<Dim> inputDims, outputDims;
  for (const DimBits &in : ins)
    inputDims.push_back(in.dim);
  for (unsigned i : order)
    outputDims.push_back(coordinate(i));
  LinearLayout result = sublayout(inputDims, outputDims);
  assert(result.outputSize() == outputSize() && "not a permutation");
  for (size_t i = 0; i < order.size(); ++i)
    result.outs[i].dim = coordinate(i);
  return result;
}

LinearLayout LinearLayout::flattenInputs(Dim dim) const {
  LinearLayout result = *this;
  result.ins = {{dim, unsigned(columns.size())}};
  return result;
}

LinearLayout LinearLayout::flattenOutputs(Dim dim) const {
  LinearLayout result = *this;
  unsigned bits = 0;
  for (const DimBits &out : outs)
    bits += out.bits;
  result.outs = {{dim, bits}};
  return result;
}

std::optional<LinearLayout> LinearLayout::divideLeft(const LinearLayout &inner) const {
  // The only candidate: drop the inner bits of every input and every output.
  LinearLayout quotient;
  for (const DimBits &out : outs) {
    unsigned bits = out.bits;
    for (int64_t size = inner.outputSize(out.dim); size > 1; size /= 2)
      if (bits-- == 0)
        return std::nullopt;
    quotient.outs.push_back({out.dim, bits});
  }
  for (const DimBits &in : ins) {
    unsigned innerBits = 0;
    while (int64_t(1) << innerBits < inner.inputSize(in.dim))
      ++innerBits;
    if (innerBits > in.bits)
      return std::nullopt;
    quotient.addInput(in.dim, in.bits - innerBits);
    for (unsigned bit = innerBits; bit < in.bits; ++bit) {
      uint64_t column = 0;
      for (const DimBits &out : quotient.outs)
        column |= uint64_t(basis(in.dim, bit, out.dim) / inner.outputSize(out.dim)) << *quotient.outputShift(out.dim);
      quotient.columns.push_back(column);
    }
  }
  // Dims in the order of this layout, whatever the order of the inner one.
  LinearLayout frame;
  for (const DimBits &in : ins)
    frame.addInput(in.dim, 0);
  for (const DimBits &out : outs)
    frame.outs.push_back({out.dim, 0});
  if (frame * inner * quotient != *this)
    return std::nullopt;
  return quotient;
}
