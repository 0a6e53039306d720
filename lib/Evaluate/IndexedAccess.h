//===- IndexedAccess.h - Where a map reads in a tensor ----------*- C++ -*-===//
//
// The indexing maps of `attn` operands, compiled against actual shapes: each
// map result is a dimension, `dim floordiv g` or 0 (AttnInterfaces.td).
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_INDEXEDACCESS_H
#define FOVEA_LIB_EVALUATE_INDEXEDACCESS_H

#include "DenseTensor.h"

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/IR/AffineMap.h"

namespace fovea::evaluator {

class Frame;

class IndexedAccess {
public:
  /// Fails where the domain reaches beyond the tensor.
  static llvm::Expected<IndexedAccess> create(mlir::AffineMap map, llvm::ArrayRef<int64_t> shape,
                                              llvm::ArrayRef<int64_t> extents);

  /// Aligns `shape` to the trailing ones of the leading `numDims` dimensions;
  /// an extent of 1 broadcasts (S10).
  static llvm::Expected<IndexedAccess> createBroadcast(llvm::ArrayRef<int64_t> shape, unsigned numDims,
                                                       llvm::ArrayRef<int64_t> extents);

  /// Row-major position of the element that belongs to `indices`.
  int64_t at(llvm::ArrayRef<int64_t> indices) const {
    int64_t position = 0;
    for (const Term &term : terms)
      position += indices[term.dim] / term.divisor * term.stride;
    return position;
  }

  /// The part of `at` that comes from dimension `dim` alone.
  int64_t along(unsigned dim, int64_t index) const {
    int64_t position = 0;
    for (const Term &term : terms)
      if (term.dim == dim)
        position += index / term.divisor * term.stride;
    return position;
  }

private:
  struct Term {
    unsigned dim;
    int64_t divisor;
    int64_t stride;
  };
  llvm::SmallVector<Term, 4> terms;
};

/// Extents of the domain of `op` for the shapes that its operands have in
/// `frame`; fails where operands disagree.
llvm::Expected<llvm::SmallVector<int64_t>> getExtents(mlir::attn::StructuredOpInterface op, const Frame &frame);

/// Calls `visit` for all values of `indices[dims...]` in row-major order and
/// leaves them 0.
template <typename Fn>
void forEachIndex(llvm::ArrayRef<unsigned> dims, llvm::ArrayRef<int64_t> extents,
                  llvm::MutableArrayRef<int64_t> indices, Fn visit) {
  for (unsigned d : dims) {
    indices[d] = 0;
    if (extents[d] == 0)
      return;
  }
  while (true) {
    visit();
    size_t position = dims.size();
    while (position > 0) {
      unsigned d = dims[position - 1];
      if (++indices[d] < extents[d])
        break;
      indices[d] = 0;
      --position;
    }
    if (position == 0)
      return;
  }
}

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_INDEXEDACCESS_H
