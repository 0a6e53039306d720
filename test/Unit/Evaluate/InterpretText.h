//===- InterpretText.h - Running a kernel that a test writes ----*- C++ -*-===//

#ifndef FOVEA_TEST_UNIT_EVALUATE_INTERPRETTEXT_H
#define FOVEA_TEST_UNIT_EVALUATE_INTERPRETTEXT_H

#include "EvaluateText.h"
#include "fovea/Evaluate/TileInterpreter.h"

namespace fovea {

/// A kernel with one output, and how it is launched.
struct KernelText {
  std::string body;            ///< Ops of the kernel, up to gpu.return; %o is the output.
  std::string output;          ///< Shape and element type: `4x8xf32`.
  std::string tiles = "1";     ///< Extents of the tile space, separated by commas.
  std::string attributes = ""; ///< Of the kernel.
  std::string workspaces = ""; ///< Further arguments of the kernel, each with a comma in front.
};

/// What the kernel leaves in its output, of which every element was -1; an error fails the test.
std::vector<double> runKernel(const KernelText &kernel, TileInterpreterOptions options = {});

/// The text of the error of a run that must fail.
std::string errorOfKernel(const KernelText &kernel, TileInterpreterOptions options = {});

} // namespace fovea

#endif // FOVEA_TEST_UNIT_EVALUATE_INTERPRETTEXT_H
