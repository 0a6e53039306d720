//===- RegisterLayout.cpp - A linear piece and its repetitions ------------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/Support/RegisterLayout.h"

#include <algorithm>
#include <cassert>

using namespace fovea;

RegisterLayout::RegisterLayout(const LinearLayout &piece) {
  LinearLayout hardware;
  for (Dim in : {Dim::Register, Dim::Lane, Dim::Warp, Dim::Block})
    hardware = hardware * LinearLayout::identity1D(1, in, Dim::Row);
  std::vector<Dim> outs;
  for (unsigned i = 0; i < piece.outputs().size(); ++i) {
    assert(piece.hasOutput(coordinate(i)) && "the outputs are coordinates");
    outs.push_back(coordinate(i));
  }
  linear = (hardware * piece).sublayout({Dim::Register, Dim::Lane, Dim::Warp, Dim::Block}, outs);
}

RegisterLayout RegisterLayout::repeat(Dim in, std::optional<Dim> out, int64_t count) const {
  assert(count > 0 && (!out || linear.hasOutput(*out)));
  RegisterLayout result = *this;
  if (count == 1)
    return result;
  // Two repeats in a row of the same kind are one.
  std::vector<Repeat> &repeats = result.repetitions;
  if (!repeats.empty() && repeats.back().in == in && repeats.back().out == out) {
    int64_t merged = repeats.back().count * count;
    repeats.pop_back();
    return result.repeat(in, out, merged);
  }
  bool bordersOnPiece = std::none_of(repeats.begin(), repeats.end(), [&](const Repeat &repeat) {
    return repeat.in == in || (out && repeat.out == out);
  });
  if (bordersOnPiece) {
    int64_t powerOfTwo = count & -count;
    LinearLayout copies = LinearLayout::zeros1D(powerOfTwo, in, Dim::Row).sublayout({in}, {});
    result.linear = linear * (out ? LinearLayout::identity1D(powerOfTwo, in, *out) : copies);
    count /= powerOfTwo;
  }
  if (count > 1)
    repeats.push_back({in, out, count});
  return result;
}

int64_t RegisterLayout::extent(Dim coordinate) const {
  int64_t extent = linear.outputSize(coordinate);
  for (const Repeat &repeat : repetitions)
    if (repeat.out == coordinate)
      extent *= repeat.count;
  return extent;
}

std::vector<int64_t> RegisterLayout::shape() const {
  std::vector<int64_t> shape;
  for (unsigned i = 0; i < rank(); ++i)
    shape.push_back(extent(coordinate(i)));
  return shape;
}

int64_t RegisterLayout::size(Dim in) const {
  int64_t size = linear.inputSize(in);
  for (const Repeat &repeat : repetitions)
    if (repeat.in == in)
      size *= repeat.count;
  return size;
}

std::vector<int64_t> RegisterLayout::apply(const DimIndices &indices) const {
  DimIndices inPiece;
  std::vector<int64_t> position(rank(), 0);
  for (auto [in, index] : indices) {
    assert(index >= 0 && index < size(in) && "the index is out of range");
    inPiece.push_back({in, index % linear.inputSize(in)});
    int64_t rest = index / linear.inputSize(in);
    std::vector<int64_t> stride;
    for (const auto &out : linear.outputs())
      stride.push_back(linear.outputSize(out.dim));
    for (const Repeat &repeat : repetitions) {
      if (repeat.in == in) {
        if (repeat.out)
          position[coordinateIndex(*repeat.out)] += rest % repeat.count * stride[coordinateIndex(*repeat.out)];
        rest /= repeat.count;
      }
      if (repeat.out)
        stride[coordinateIndex(*repeat.out)] *= repeat.count;
    }
  }
  DimIndices inner = linear.apply(inPiece);
  for (unsigned i = 0; i < rank(); ++i)
    position[i] += inner[i].second;
  return position;
}

RegisterLayout RegisterLayout::slice(Dim coordinate) const {
  RegisterLayout result(linear.slice(coordinate));
  for (const Repeat &repeat : repetitions) {
    if (repeat.out == coordinate) {
      if (repeat.in != Dim::Register)
        result = result.repeat(repeat.in, std::nullopt, repeat.count);
      continue;
    }
    std::optional<Dim> out = repeat.out;
    if (out && *out > coordinate)
      out = fovea::coordinate(coordinateIndex(*out) - 1);
    result = result.repeat(repeat.in, out, repeat.count);
  }
  return result;
}

RegisterLayout RegisterLayout::transpose(const std::vector<unsigned> &order) const {
  RegisterLayout result(linear.transpose(order));
  for (const Repeat &repeat : repetitions) {
    std::optional<Dim> out = repeat.out;
    for (unsigned i = 0; i < order.size(); ++i)
      if (repeat.out == coordinate(order[i]))
        out = coordinate(i);
    result = result.repeat(repeat.in, out, repeat.count);
  }
  return result;
}

std::string RegisterLayout::toString() const {
  std::string text = linear.toString();
  for (const Repeat &repeat : repetitions) {
    text += " x" + std::to_string(repeat.count) + " " + fovea::toString(repeat.in);
    if (repeat.out)
      text += "->" + fovea::toString(*repeat.out);
  }
  return text;
}
