//===- RowOwnership.h - The rows of a warpgroup -----------------*- C++ -*-===//

#ifndef FOVEA_LIB_EVALUATE_ROWOWNERSHIP_H
#define FOVEA_LIB_EVALUATE_ROWOWNERSHIP_H

#include "mlir/IR/BuiltinTypes.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/Support/Error.h"

#include <vector>

namespace fovea::tiles {

/// Which rows (indices along dimension 0) of a register tile one of several warpgroups holds, by the tile's layout: all
/// where there is one warpgroup.
class RowOwnership {
public:
  RowOwnership(int64_t warpgroup, int64_t numWarpgroups) : warpgroup(warpgroup), numWarpgroups(numWarpgroups) {}

  /// In ascending order. Fails where the tile has no layout over so many warpgroups, or one that splits its columns
  /// between them.
  llvm::Expected<llvm::ArrayRef<int64_t>> getRows(mlir::RankedTensorType type);

  int64_t getWarpgroup() const { return warpgroup; }
  int64_t getNumWarpgroups() const { return numWarpgroups; }
  bool ownsAll() const { return numWarpgroups == 1; }

private:
  llvm::Error compute(mlir::RankedTensorType type, std::vector<int64_t> &rows) const;

  int64_t warpgroup, numWarpgroups;
  llvm::DenseMap<mlir::Type, std::vector<int64_t>> known;
};

} // namespace fovea::tiles

#endif // FOVEA_LIB_EVALUATE_ROWOWNERSHIP_H
