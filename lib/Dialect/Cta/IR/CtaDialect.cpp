//===- CtaDialect.cpp - the cta dialect -----------------------------------===//

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::cta;

#include "fovea/Dialect/Cta/IR/CtaDialect.cpp.inc"

void CtaDialect::initialize() {
  registerAttributes();
  registerTypes();
  addOperations<
#define GET_OP_LIST
#include "fovea/Dialect/Cta/IR/CtaOps.cpp.inc"
      >();
}

template <typename AttrT> static LogicalResult expectAttr(Operation *op, NamedAttribute attribute, StringRef what) {
  if (isa<AttrT>(attribute.getValue()))
    return success();
  return op->emitError() << "expected '" << attribute.getName().getValue() << "' to be " << what << ", got "
                         << attribute.getValue();
}

LogicalResult CtaDialect::verifyOperationAttribute(Operation *op, NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  if (name == getScheduleAttrName())
    return expectAttr<ScheduleAttr>(op, attribute, "a #cta.schedule");
  if (name == getAtAttrName())
    return expectAttr<AtAttr>(op, attribute, "a #cta.at");
  if (name == getGridAttrName())
    return expectAttr<GridAttr>(op, attribute, "a #cta.grid");
  if (name == getSharedBytesAttrName() || name == getRescaleAttrName())
    return expectAttr<IntegerAttr>(op, attribute, "an integer");
  if (name == getParamsAttrName()) {
    if (failed(expectAttr<ArrayAttr>(op, attribute, "an array of #cta.param")))
      return failure();
    for (Attribute param : cast<ArrayAttr>(attribute.getValue()))
      if (!isa<ParamAttr>(param))
        return op->emitError() << "expected '" << name << "' to hold #cta.param only, got " << param;
    return success();
  }
  return op->emitError() << "unknown attribute '" << name << "' of the cta dialect";
}

LogicalResult CtaDialect::verifyRegionArgAttribute(Operation *op, unsigned, unsigned argument,
                                                   NamedAttribute attribute) {
  StringRef name = attribute.getName().getValue();
  if (name != getWorkspaceAttrName())
    return op->emitError() << "unknown attribute '" << name << "' of the cta dialect on argument " << argument;
  return expectAttr<WorkspaceAttr>(op, attribute, "a #cta.workspace");
}

#define GET_OP_CLASSES
#include "fovea/Dialect/Cta/IR/CtaOps.cpp.inc"
