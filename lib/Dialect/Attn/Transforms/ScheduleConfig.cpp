//===- ScheduleConfig.cpp - the attn.config that governs an op ------------===//

#include "ScheduleConfig.h"

using namespace mlir;
using namespace mlir::attn;

static ConfigAttr configOf(Operation *op) { return op->getAttrOfType<ConfigAttr>(AttnDialect::getConfigAttrName()); }

ConfigAttr mlir::attn::findConfig(Operation *op) {
  // finalize <- merge <- online_attention is the longest chain there is.
  for (Operation *maker = op; isa_and_nonnull<StructuredOpInterface>(maker);) {
    if (ConfigAttr config = configOf(maker))
      return config;
    // The state comes from one op, whichever operand one looks at.
    Operation *next = nullptr;
    for (Value operand : maker->getOperands())
      if (Operation *producer = operand.getDefiningOp(); isa_and_nonnull<StructuredOpInterface>(producer))
        next = producer;
    maker = next;
  }
  for (Operation *reader = op; reader;) {
    if (ConfigAttr config = configOf(reader))
      return config;
    Operation *next = nullptr;
    for (Operation *user : reader->getUsers())
      if (isa<StructuredOpInterface>(user))
        next = user;
    reader = next;
  }
  return {};
}
