//===- AttnDialect.cpp - the attn dialect and its attributes --------------===//

#include "fovea/Dialect/Attn/IR/Attn.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/Transforms/InliningUtils.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace mlir::attn;

#include "fovea/Dialect/Attn/IR/AttnDialect.cpp.inc"

#include "fovea/Dialect/Attn/IR/AttnEnums.cpp.inc"

#include "fovea/Dialect/Attn/IR/AttnInterfaces.cpp.inc"

#define GET_ATTRDEF_CLASSES
#include "fovea/Dialect/Attn/IR/AttnAttrs.cpp.inc"

namespace {
/// Everything in `attn` is pure and may be inlined, also into its own regions.
struct AttnInlinerInterface final : DialectInlinerInterface {
  using DialectInlinerInterface::DialectInlinerInterface;
  bool isLegalToInline(Operation *, Region *, bool, IRMapping &) const override { return true; }
  bool isLegalToInline(Region *, Region *, bool, IRMapping &) const override { return true; }
};
} // namespace

void AttnDialect::registerAttributes() {
  addAttributes<
#define GET_ATTRDEF_LIST
#include "fovea/Dialect/Attn/IR/AttnAttrs.cpp.inc"
      >();
}

void AttnDialect::initialize() {
  registerAttributes();
  addOperations<
#define GET_OP_LIST
#include "fovea/Dialect/Attn/IR/AttnOps.cpp.inc"
      >();
  addInterfaces<AttnInlinerInterface>();
  declarePromisedInterfaces<bufferization::BufferizableOpInterface, AttentionOp, OnlineAttentionOp, FinalizeOp, MergeOp,
                            PackOp, SoftmaxOp, OnlineSoftmaxOp, NormalizeOp, CrossEntropyOp>();
}

LogicalResult AttnDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  if (attribute.getName() != getConfigAttrName())
    return op->emitError() << "unknown attribute '" << attribute.getName().getValue() << "' of the attn dialect";
  if (!isa<ConfigAttr>(attribute.getValue()))
    return op->emitError() << "expected '" << getConfigAttrName() << "' to be a #attn.config, got "
                           << attribute.getValue();
  if (!isa<StructuredOpInterface>(op))
    return op->emitError() << "'" << getConfigAttrName() << "' has no meaning on this op";
  return success();
}

LogicalResult ConfigAttr::verify(function_ref<InFlightDiagnostic()> emitError, int64_t tileM, int64_t tileN,
                                 int64_t splits, int64_t rescaleLog2, LaneAxis lanes, int64_t tileG) {
  auto positive = [&](int64_t value, StringRef name) -> LogicalResult {
    if (value >= 1)
      return success();
    return emitError() << name << " must be at least 1, got " << value;
  };
  if (failed(positive(tileM, "tile_m")) || failed(positive(tileN, "tile_n")) || failed(positive(splits, "splits")) ||
      failed(positive(tileG, "tile_g")))
    return failure();
  if (rescaleLog2 < 0 || rescaleLog2 > 8)
    return emitError() << "rescale_log2 must be 0 to 8 (S12), got " << rescaleLog2;
  if (tileG != 1 && lanes != LaneAxis::Keys)
    return emitError() << "tile_g must be 1 unless lanes = keys, got " << tileG;
  return success();
}

#define GET_OP_CLASSES
#include "fovea/Dialect/Attn/IR/AttnOps.cpp.inc"
