//===- ScoreFunction.h - Score and mask of one key --------------*- C++ -*-===//
//
// The score and mask regions of an op, with their captures, as a function of a
// position in the domain.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_EVALUATE_SCOREFUNCTION_H
#define FOVEA_LIB_EVALUATE_SCOREFUNCTION_H

#include "Frame.h"
#include "IndexedAccess.h"
#include "RegionProgram.h"

namespace fovea::evaluator {

class ScoreFunction {
public:
  /// `contracted` are dimensions along which a score has no position.
  static llvm::Expected<ScoreFunction> create(mlir::attn::ScoreOpInterface op, const Frame &frame,
                                              llvm::ArrayRef<int64_t> extents,
                                              llvm::ArrayRef<unsigned> contracted = {});

  /// Fixes all dimensions but the key's.
  void setRow(llvm::ArrayRef<int64_t> indices);

  double score(int64_t key, double logit);
  bool keep(int64_t key);

  bool hasScore() const { return scoreRegion.has_value(); }
  bool hasMask() const { return maskRegion.has_value(); }

  /// Undefined behaviour in a region, if any.
  llvm::Error takeError();

private:
  /// A capture of which each position reads one element.
  struct Element {
    IndexedAccess access;
    DenseTensor tensor;
    unsigned number;
    int64_t rowPosition = 0;
  };

  ScoreFunction() = default;
  void setKey(RegionProgram &program, unsigned firstCapture, int64_t key);

  unsigned keyDim = 0;
  llvm::SmallVector<int64_t> offsets;
  llvm::SmallVector<Element, 2> elements;
  std::optional<RegionProgram> scoreRegion, maskRegion;
};

} // namespace fovea::evaluator

#endif // FOVEA_LIB_EVALUATE_SCOREFUNCTION_H
