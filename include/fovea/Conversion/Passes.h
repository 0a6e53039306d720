//===- Passes.h - conversions out of the attn dialect -----------*- C++ -*-===//

#ifndef FOVEA_CONVERSION_PASSES_H
#define FOVEA_CONVERSION_PASSES_H

#include "mlir/Pass/Pass.h"

namespace fovea {

#define GEN_PASS_DECL
#define GEN_PASS_REGISTRATION
#include "fovea/Conversion/Passes.h.inc"

} // namespace fovea

#endif // FOVEA_CONVERSION_PASSES_H
