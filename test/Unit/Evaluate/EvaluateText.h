//===- EvaluateText.h - Evaluating MLIR that a test writes down -*- C++ -*-===//

#ifndef FOVEA_TEST_UNIT_EVALUATE_EVALUATETEXT_H
#define FOVEA_TEST_UNIT_EVALUATE_EVALUATETEXT_H

#include "fovea/Evaluate/Evaluator.h"

#include <limits>
#include <string>
#include <vector>

namespace fovea {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double notANumber = std::numeric_limits<double>::quiet_NaN();

/// A row-major tensor with `values`; the whole of one value if there is one.
HostTensor makeTensor(ElementType type, llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<double> values);

/// Reproducible values in [-2, 2] that differ from element to element.
HostTensor makeVaried(ElementType type, llvm::ArrayRef<int64_t> shape, unsigned seed);

/// The elements of each result in row-major order (one for a scalar).
using Results = std::vector<std::vector<double>>;

/// Parses and verifies `text` and evaluates its function `f`; a diagnostic or
/// an error fails the test and gives no results.
Results evaluateText(llvm::StringRef text, llvm::ArrayRef<EvaluateArgument> arguments,
                     Precision precision = Precision::Reference);

/// As `evaluateText`, for evaluations that must fail: the text of the error.
std::string errorOfText(llvm::StringRef text, llvm::ArrayRef<EvaluateArgument> arguments);

/// Fails unless both are NaN or differ by at most `tolerance`.
void expectNear(const std::vector<double> &actual, const std::vector<double> &expected, double tolerance = 1e-12);

} // namespace fovea

#endif // FOVEA_TEST_UNIT_EVALUATE_EVALUATETEXT_H
