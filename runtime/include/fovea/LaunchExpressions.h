//===- LaunchExpressions.h - Builds a descriptor's expressions --*- C++ -*-===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LAUNCHEXPRESSIONS_H
#define FOVEA_LAUNCHEXPRESSIONS_H

#include "fovea/LaunchDescriptor.h"

namespace fovea::launch {

/// Appends expressions to a descriptor; an expression that the table already
/// has is not added again.
class ExpressionBuilder {
public:
  explicit ExpressionBuilder(LaunchDescriptor &descriptor) : table(descriptor.expressions) {}

  ExpressionIndex constant(int64_t value);
  ExpressionIndex size(uint32_t argument, uint32_t dim);
  ExpressionIndex stride(uint32_t argument, uint32_t dim);
  ExpressionIndex address(uint32_t argument);
  ExpressionIndex scalar(uint32_t argument);
  ExpressionIndex smCount();
  /// Add to LessEqual.
  ExpressionIndex binary(Operation operation, ExpressionIndex lhs, ExpressionIndex rhs);
  ExpressionIndex select(ExpressionIndex condition, ExpressionIndex ifTrue, ExpressionIndex ifFalse);

private:
  ExpressionIndex insert(const Expression &expression);

  std::vector<Expression> &table;
};

} // namespace fovea::launch

#endif // FOVEA_LAUNCHEXPRESSIONS_H
