//===- RooflineSvg.h - programs on a roofline -------------------*- C++ -*-===//
//
// Williams et al. 2009: attainable flops per second = min(peak, intensity * bandwidth), in logarithmic scales.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_ROOFLINESVG_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_ROOFLINESVG_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/Support/raw_ostream.h"
#include <algorithm>
#include <optional>
#include <string>

namespace mlir::attn {

struct Roofline {
  double peakFlops; ///< Per second.
  double bandwidth; ///< Bytes per second.

  double getAttainable(double intensity) const { return std::min(peakFlops, intensity * bandwidth); }
  bool isMemoryBound(double intensity) const { return intensity * bandwidth < peakFlops; }
};

struct RooflinePoint {
  std::string label;
  double intensity;   ///< Flops per byte.
  unsigned level = 0; ///< Lines that the label is moved down, off those of other points.
  /// Flops per second that were measured; without, the point lies on the roof.
  std::optional<double> measuredFlops = std::nullopt;
};

void writeRooflineSvg(llvm::raw_ostream &os, const Roofline &roof, llvm::ArrayRef<RooflinePoint> points);

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_ROOFLINESVG_H
