//===- DimensionNames.h - Sizes by name -------------------------*- C++ -*-===//
//
// The dimensions of a function's arguments, which share a size where they share
// a name.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EXECUTE_DIMENSIONNAMES_H
#define FOVEA_LIB_EXECUTE_DIMENSIONNAMES_H

#include "fovea/Execute/Signature.h"

#include "llvm/ADT/StringMap.h"

namespace fovea {

class DimensionNames {
public:
  /// Reads the attribute `fovea.dims` of the arguments; fails if it does not
  /// fit the argument or names contradict static sizes.
  static llvm::Expected<DimensionNames> of(mlir::func::FuncOp function, const Signature &signature);

  /// Takes `name=value`.
  llvm::Error assign(llvm::StringRef text);

  /// Takes the sizes of `argument` from a tensor; fails if it does not fit.
  llvm::Error bind(size_t argument, llvm::ArrayRef<int64_t> shape);

  /// Fails with all names that have no size.
  llvm::Error checkComplete() const;

  /// The shape of `argument` once all names have a size.
  llvm::SmallVector<int64_t> getShape(size_t argument) const;

private:
  struct Dimension {
    std::string name; ///< Empty for a static dimension without one.
    int64_t size;     ///< Where static.
  };
  struct Binding {
    int64_t size;
    std::string origin;
  };

  llvm::Error bindName(llvm::StringRef name, int64_t size, const llvm::Twine &origin);

  std::vector<std::vector<Dimension>> arguments;
  std::vector<std::string> order; ///< Names as they occur.
  llvm::StringMap<Binding> bindings;
};

} // namespace fovea

#endif // FOVEA_LIB_EXECUTE_DIMENSIONNAMES_H
