//===- RowOwnership.cpp - The rows of a warpgroup -------------------------===//

#include "RowOwnership.h"
#include "fovea/Dialect/Cta/IR/Cta.h"

#include "llvm/ADT/SmallBitVector.h"

#include <numeric>
#include <set>

using namespace fovea;
using namespace fovea::tiles;

static llvm::Error makeTypeError(mlir::RankedTensorType type, const llvm::Twine &message) {
  std::string text;
  llvm::raw_string_ostream(text) << type << ' ' << message;
  return llvm::createStringError(text);
}

llvm::Error RowOwnership::compute(mlir::RankedTensorType type, std::vector<int64_t> &rows) const {
  if (ownsAll()) {
    rows.resize(type.getDimSize(0));
    std::iota(rows.begin(), rows.end(), 0);
    return llvm::Error::success();
  }
  constexpr int64_t warpsPerWarpgroup = 4;
  std::string whyNot;
  std::optional<RegisterLayout> layout = mlir::cta::getRegisterLayout(type, &whyNot);
  if (!layout)
    return makeTypeError(type, "cannot be split between warpgroups: " + whyNot);
  if (layout->size(Dim::Warp) != warpsPerWarpgroup * numWarpgroups)
    return makeTypeError(type, "is laid out over " + llvm::Twine(layout->size(Dim::Warp)) + " warps, expected " +
                                   llvm::Twine(warpsPerWarpgroup * numWarpgroups));
  int64_t cols = type.getRank() == 2 ? type.getDimSize(1) : 1;
  llvm::SmallBitVector elements(type.getDimSize(0) * cols);
  std::set<int64_t> owned;
  for (int64_t warp = 0; warp != warpsPerWarpgroup; ++warp)
    for (int64_t lane = 0, lanes = layout->size(Dim::Lane); lane != lanes; ++lane)
      for (int64_t i = 0, registers = layout->size(Dim::Register); i != registers; ++i) {
        std::vector<int64_t> at =
            layout->apply({{Dim::Register, i}, {Dim::Lane, lane}, {Dim::Warp, warpgroup * warpsPerWarpgroup + warp}});
        owned.insert(at[0]);
        elements.set(at[0] * cols + (at.size() == 2 ? at[1] : 0));
      }
  if (int64_t(elements.count()) != int64_t(owned.size()) * cols)
    return makeTypeError(type, "has rows of which a warpgroup holds a part");
  rows.assign(owned.begin(), owned.end());
  return llvm::Error::success();
}

llvm::Expected<llvm::ArrayRef<int64_t>> RowOwnership::getRows(mlir::RankedTensorType type) {
  auto [it, inserted] = known.try_emplace(type);
  if (inserted)
    if (llvm::Error error = compute(type, it->second)) {
      known.erase(it);
      return error;
    }
  return llvm::ArrayRef<int64_t>(it->second);
}
