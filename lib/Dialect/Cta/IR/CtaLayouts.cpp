//===- CtaLayouts.cpp - encodings as layouts ------------------------------===//

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Support/FragmentLayout.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::cta;
using fovea::RegisterLayout;

using Layout = std::optional<RegisterLayout>;

static Layout refuse(std::string *whyNot, const Twine &reason) {
  if (whyNot)
    *whyNot = reason.str();
  return std::nullopt;
}

static fovea::WarpGrid warpGrid(MmaAttr mma) { return {mma.getWarps()[0], mma.getWarps()[1]}; }

static Layout layoutOfMatrix(Attribute encoding, int64_t rows, int64_t cols, unsigned elementBits,
                             std::string *whyNot) {
  if (auto mma = dyn_cast<MmaAttr>(encoding)) {
    if (Layout layout = fovea::mmaAccumulator(rows, cols, warpGrid(mma)))
      return layout;
    return refuse(whyNot, "an accumulator of " + Twine(mma.getWarps()[0]) + " x " + Twine(mma.getWarps()[1]) +
                              " warps needs a multiple of " + Twine(16 * mma.getWarps()[0]) + " rows and of " +
                              Twine(8 * mma.getWarps()[1]) + " columns, got " + Twine(rows) + " x " + Twine(cols));
  }
  auto operand = cast<OperandAAttr>(encoding);
  if (Layout layout = fovea::mmaOperandA(rows, cols, elementBits, warpGrid(operand.getParent())))
    return layout;
  return refuse(whyNot, "an operand A of " + Twine(elementBits) + "-bit elements needs a multiple of " +
                            Twine(16 * operand.getParent().getWarps()[0]) + " rows and of " +
                            Twine(256 / std::max(elementBits, 1u)) + " columns, got " + Twine(rows) + " x " +
                            Twine(cols));
}

/// Rows x 4: register -> row 8, lane -> column (bits 0, 1) and row, warps -> rows.
static Layout layoutOfLanes(LanesAttr lanes, ArrayRef<int64_t> shape, std::string *whyNot) {
  if (shape.size() != 2 || shape[1] != 4)
    return refuse(whyNot, "a #cta.lanes tile has 4 columns");
  // A slice of two accumulator columns per lane keeps the lanes' columns apart.
  Layout accumulator = layoutOfMatrix(lanes.getParent(), shape[0], 8, 32, whyNot);
  if (!accumulator)
    return std::nullopt;
  if (lanes.getParent().getWarps()[1] != 1)
    return refuse(whyNot, "a #cta.lanes tile has one warp along the columns");
  using fovea::Dim;
  std::optional<fovea::LinearLayout> piece =
      fovea::LinearLayout::fromBases({{Dim::Register, {{8, 0}}}, {Dim::Lane, {{0, 1}, {0, 2}, {1, 0}, {2, 0}, {4, 0}}}},
                                     {{Dim::Row, 16}, {fovea::coordinate(1), 4}});
  if (!piece)
    return refuse(whyNot, "a #cta.lanes tile has no layout");
  int64_t warps = lanes.getParent().getWarps()[0];
  RegisterLayout layout = RegisterLayout(*piece).repeat(Dim::Warp, Dim::Row, warps);
  if (int64_t more = shape[0] / (16 * warps); more > 1)
    layout = layout.repeat(Dim::Register, Dim::Row, more);
  return layout;
}

std::optional<RegisterLayout> mlir::cta::getRegisterLayout(RankedTensorType type, std::string *whyNot) {
  Attribute encoding = type.getEncoding();
  if (!encoding)
    return refuse(whyNot, "the tile has no layout");
  ArrayRef<int64_t> shape = type.getShape();
  unsigned bits = type.getElementType().isIntOrFloat() ? type.getElementTypeBitWidth() : 32;
  if (auto lanes = dyn_cast<LanesAttr>(encoding))
    return layoutOfLanes(lanes, shape, whyNot);
  if (isa<MmaAttr, OperandAAttr>(encoding)) {
    if (shape.size() != 2)
      return refuse(whyNot, "a layout of a matrix needs a tile of rank 2, got " + Twine(shape.size()));
    return layoutOfMatrix(encoding, shape[0], shape[1], bits, whyNot);
  }
  if (auto slice = dyn_cast<SliceAttr>(encoding)) {
    if (shape.size() != 1)
      return refuse(whyNot, "a slice is a tile of rank 1, got " + Twine(shape.size()));
    // The least parent that the slice can come from: what it leaves does not depend on the extent that goes.
    auto mma = dyn_cast<MmaAttr>(slice.getParent());
    ArrayRef<int64_t> warps = mma ? mma.getWarps() : cast<OperandAAttr>(slice.getParent()).getParent().getWarps();
    int64_t other = slice.getDim() == 0 ? 16 * warps[0] : 16 * warps[1];
    Layout parent = slice.getDim() == 0 ? layoutOfMatrix(slice.getParent(), other, shape[0], bits, whyNot)
                                        : layoutOfMatrix(slice.getParent(), shape[0], other, bits, whyNot);
    if (!parent)
      return std::nullopt;
    return parent->slice(fovea::coordinate(slice.getDim()));
  }
  std::string text;
  llvm::raw_string_ostream(text) << "the encoding " << encoding << " is no layout of the cta dialect";
  return refuse(whyNot, text);
}

int64_t mlir::cta::getElementsPerThread(RankedTensorType type) {
  return getRegisterLayout(type)->size(fovea::Dim::Register);
}
