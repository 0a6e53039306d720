//===- LoopFolding.h - what every step of stage 11 ends with ----*- C++ -*-===//
//
// Folds constants, branches and iteration arguments that a transformation of loops left behind, and answers what
// integer range analysis knows of a value.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_DIALECT_CTA_TRANSFORMS_LOOPFOLDING_H
#define FOVEA_LIB_DIALECT_CTA_TRANSFORMS_LOOPFOLDING_H

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Analysis/DataFlowFramework.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
#include <optional>

namespace mlir::cta {

/// Applies the canonicalization of arith, math and scf, and `patterns`, to the kernel. `config` may bring a listener.
LogicalResult foldLoops(gpu::GPUFuncOp kernel, RewritePatternSet &&patterns,
                        GreedyRewriteConfig config = GreedyRewriteConfig());

/// The place of an op in its scheduled loop, null where it has none.
inline AtAttr getAt(Operation *op) { return op->getAttrOfType<AtAttr>(CtaDialect::getAtAttrName()); }

/// Ranges of the integers of a kernel, as it is when this is made.
class IntegerRanges {
public:
  explicit IntegerRanges(gpu::GPUFuncOp kernel);

  struct Range {
    int64_t min, max;
  };
  /// The signed range of a value of at most 64 bits. Nothing if the analysis did not reach it.
  std::optional<Range> get(Value value) const;

private:
  DataFlowSolver solver;
};

} // namespace mlir::cta

#endif // FOVEA_LIB_DIALECT_CTA_TRANSFORMS_LOOPFOLDING_H
