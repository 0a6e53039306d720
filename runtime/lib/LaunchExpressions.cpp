//===- LaunchExpressions.cpp - Builds a descriptor's expressions ----------===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "fovea/LaunchExpressions.h"

using namespace fovea::launch;

ExpressionIndex ExpressionBuilder::insert(const Expression &expression) {
  for (size_t i = 0; i < table.size(); ++i)
    if (table[i].operation == expression.operation && table[i].operands == expression.operands &&
        table[i].value == expression.value)
      return i;
  table.push_back(expression);
  return table.size() - 1;
}

ExpressionIndex ExpressionBuilder::constant(int64_t value) { return insert({Operation::Constant, {}, value}); }
ExpressionIndex ExpressionBuilder::size(uint32_t argument, uint32_t dim) {
  return insert({Operation::Size, {argument, dim, 0}, 0});
}
ExpressionIndex ExpressionBuilder::stride(uint32_t argument, uint32_t dim) {
  return insert({Operation::Stride, {argument, dim, 0}, 0});
}
ExpressionIndex ExpressionBuilder::address(uint32_t argument) {
  return insert({Operation::Address, {argument, 0, 0}, 0});
}
ExpressionIndex ExpressionBuilder::scalar(uint32_t argument) {
  return insert({Operation::Scalar, {argument, 0, 0}, 0});
}
ExpressionIndex ExpressionBuilder::smCount() { return insert({Operation::SmCount, {}, 0}); }
ExpressionIndex ExpressionBuilder::binary(Operation operation, ExpressionIndex lhs, ExpressionIndex rhs) {
  return insert({operation, {lhs, rhs, 0}, 0});
}
ExpressionIndex ExpressionBuilder::select(ExpressionIndex condition, ExpressionIndex ifTrue, ExpressionIndex ifFalse) {
  return insert({Operation::Select, {condition, ifTrue, ifFalse}, 0});
}
