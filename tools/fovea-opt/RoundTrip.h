//===- RoundTrip.h - IR survives printing and parsing -----------*- C++ -*-===//

#ifndef FOVEA_TOOLS_FOVEA_OPT_ROUNDTRIP_H
#define FOVEA_TOOLS_FOVEA_OPT_ROUNDTRIP_H

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace fovea {

/// A pass that writes the IR as pretty text, as generic text and as bytecode,
/// reads each back, and fails where the result is not the IR it started from.
/// It leaves behind what it read, so the passes after it run on that.
std::unique_ptr<mlir::Pass> createRoundTripPass();

} // namespace fovea

#endif // FOVEA_TOOLS_FOVEA_OPT_ROUNDTRIP_H
