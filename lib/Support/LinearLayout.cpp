//===- LinearLayout.cpp - Building, applying and printing -----------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/LinearLayout.h"

#include <algorithm>
#include <cassert>

using namespace fovea;

namespace {

using DimBits = LinearLayout::DimBits;

std::optional<unsigned> exactLog2(int64_t size) {
  if (size <= 0 || (size & (size - 1)))
    return std::nullopt;
  unsigned bits = 0;
  while (int64_t(1) << bits < size)
    ++bits;
  return bits;
}

uint64_t lowMask(unsigned bits) { return (uint64_t(1) << bits) - 1; }

unsigned totalBits(const std::vector<DimBits> &dims) {
  unsigned total = 0;
  for (const DimBits &dim : dims)
    total += dim.bits;
  return total;
}

/// Where a dim begins among packed ones.
std::optional<unsigned> shiftOf(const std::vector<DimBits> &dims, Dim wanted) {
  unsigned shift = 0;
  for (const DimBits &dim : dims) {
    if (dim.dim == wanted)
      return shift;
    shift += dim.bits;
  }
  return std::nullopt;
}

int64_t sizeOf(const std::vector<DimBits> &dims, Dim wanted) {
  for (const DimBits &dim : dims)
    if (dim.dim == wanted)
      return int64_t(1) << dim.bits;
  return 1;
}

} // namespace

std::string fovea::toString(Dim dim) {
  switch (dim) {
  case Dim::Register:
    return "register";
  case Dim::Lane:
    return "lane";
  case Dim::Warp:
    return "warp";
  case Dim::Block:
    return "block";
  case Dim::Offset:
    return "offset";
  default:
    return "d" + std::to_string(coordinateIndex(dim));
  }
}

std::optional<LinearLayout> LinearLayout::fromBases(const std::vector<InputBases> &inputs, const DimIndices &outputs) {
  LinearLayout layout;
  unsigned outBits = 0, inBits = 0;
  for (auto [dim, size] : outputs) {
    std::optional<unsigned> bits = exactLog2(size);
    if (!bits || layout.hasOutput(dim) || (outBits += *bits) > 63)
      return std::nullopt;
    layout.outs.push_back({dim, *bits});
  }
  for (const InputBases &input : inputs) {
    if (layout.hasInput(input.dim) || (inBits += input.bases.size()) > 63)
      return std::nullopt;
    layout.addInput(input.dim, input.bases.size());
    for (const std::vector<int64_t> &basis : input.bases) {
      if (basis.size() != outputs.size())
        return std::nullopt;
      DimIndices position;
      for (size_t i = 0; i < basis.size(); ++i) {
        if (basis[i] < 0 || basis[i] >= outputs[i].second)
          return std::nullopt;
        position.push_back({outputs[i].first, basis[i]});
      }
      uint64_t column = 0;
      for (auto [dim, index] : position)
        column |= uint64_t(index) << *layout.outputShift(dim);
      layout.columns.push_back(column);
    }
  }
  return layout;
}

LinearLayout LinearLayout::identity1D(int64_t size, Dim in, Dim out) {
  std::optional<unsigned> bits = exactLog2(size);
  assert(bits && "the size of a dim is a power of two");
  LinearLayout layout;
  layout.addInput(in, *bits);
  layout.outs.push_back({out, *bits});
  for (unsigned i = 0; i < *bits; ++i)
    layout.columns.push_back(uint64_t(1) << i);
  return layout;
}

LinearLayout LinearLayout::zeros1D(int64_t size, Dim in, Dim out, int64_t outSize) {
  std::optional<unsigned> bits = exactLog2(size), outBits = exactLog2(outSize);
  assert(bits && outBits && "the size of a dim is a power of two");
  LinearLayout layout;
  layout.addInput(in, *bits);
  layout.outs.push_back({out, *outBits});
  layout.columns.assign(*bits, 0);
  return layout;
}

std::optional<unsigned> LinearLayout::inputShift(Dim dim) const { return shiftOf(ins, dim); }
std::optional<unsigned> LinearLayout::outputShift(Dim dim) const { return shiftOf(outs, dim); }
bool LinearLayout::hasInput(Dim dim) const { return inputShift(dim).has_value(); }
bool LinearLayout::hasOutput(Dim dim) const { return outputShift(dim).has_value(); }
int64_t LinearLayout::inputSize(Dim dim) const { return sizeOf(ins, dim); }
int64_t LinearLayout::outputSize(Dim dim) const { return sizeOf(outs, dim); }
int64_t LinearLayout::inputSize() const { return int64_t(1) << totalBits(ins); }
int64_t LinearLayout::outputSize() const { return int64_t(1) << totalBits(outs); }

int64_t LinearLayout::basis(Dim in, unsigned bit, Dim out) const {
  assert(int64_t(1) << bit < inputSize(in) && "the input has no such bit");
  if (!hasOutput(out))
    return 0;
  uint64_t column = columns[*inputShift(in) + bit];
  return (column >> *outputShift(out)) & (outputSize(out) - 1);
}

uint64_t LinearLayout::pack(const DimIndices &indices) const {
  uint64_t packed = 0;
  for (auto [dim, index] : indices) {
    assert(index >= 0 && index < inputSize(dim) && "the index is out of range");
    if (std::optional<unsigned> shift = inputShift(dim))
      packed |= uint64_t(index) << *shift;
  }
  return packed;
}

uint64_t LinearLayout::applyPacked(uint64_t input) const {
  assert(input >> columns.size() == 0 && "the index is out of range");
  uint64_t output = 0;
  for (size_t i = 0; i < columns.size(); ++i)
    if (input >> i & 1)
      output ^= columns[i];
  return output;
}

DimIndices LinearLayout::apply(const DimIndices &indices) const {
  uint64_t output = applyPacked(pack(indices));
  DimIndices result;
  for (const DimBits &out : outs) {
    result.push_back({out.dim, int64_t(output & lowMask(out.bits))});
    output >>= out.bits;
  }
  return result;
}

int64_t LinearLayout::apply(const DimIndices &indices, Dim out) const {
  for (auto [dim, index] : apply(indices))
    if (dim == out)
      return index;
  return 0;
}

std::string LinearLayout::toString() const {
  std::string text;
  for (const DimBits &in : ins) {
    text += fovea::toString(in.dim) + "=[";
    for (unsigned bit = 0; bit < in.bits; ++bit) {
      text += bit ? ",(" : "(";
      for (size_t i = 0; i < outs.size(); ++i)
        text += (i ? "," : "") + std::to_string(basis(in.dim, bit, outs[i].dim));
      text += ")";
    }
    text += "] ";
  }
  text += "->";
  for (const DimBits &out : outs)
    text += " " + fovea::toString(out.dim) + "=" + std::to_string(int64_t(1) << out.bits);
  return text;
}
