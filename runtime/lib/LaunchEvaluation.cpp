//===- LaunchEvaluation.cpp - The values of a descriptor's expressions ----===//
//
// Part of the Fovea project.
//
//===----------------------------------------------------------------------===//

#include "LaunchEvaluation.h"

#include "Error.h"

#include <algorithm>

using namespace fovea;
using namespace fovea::launch;

LaunchEvaluation::LaunchEvaluation(const LaunchDescriptor &descriptor, const FoveaCudaArgument *arguments,
                                   int64_t smCount)
    : descriptor(descriptor), arguments(arguments), smCount(smCount) {
  for (size_t i = 0; i < descriptor.expressions.size(); ++i)
    evaluate(i);
}

void LaunchEvaluation::evaluate(ExpressionIndex index) {
  const Expression &expression = descriptor.expressions[index];
  const std::array<uint32_t, 3> &operands = expression.operands;
  int64_t &value = values[index];
  State &state = states[index];
  auto copy = [&](uint32_t from) {
    value = values[from];
    state = states[from];
  };
  auto isKnown = [&](uint32_t operand) { return states[operand] == State::Known; };

  state = State::Known;
  switch (expression.operation) {
  case Operation::Constant:
    value = expression.value;
    return;
  case Operation::SmCount:
    value = smCount;
    return;
  case Operation::Size:
  case Operation::Stride:
  case Operation::Address:
  case Operation::Scalar: {
    if (!arguments) {
      state = State::Unknown;
      value = index;
      return;
    }
    const FoveaCudaArgument &argument = arguments[operands[0]];
    value = expression.operation == Operation::Size     ? argument.sizes[operands[1]]
            : expression.operation == Operation::Stride ? argument.strides[operands[1]]
            : expression.operation == Operation::Scalar
                ? argument.integer
                : static_cast<int64_t>(reinterpret_cast<uintptr_t>(argument.data));
    return;
  }
  case Operation::Select:
    if (!isKnown(operands[0]))
      return copy(operands[0]);
    return copy(values[operands[0]] != 0 ? operands[1] : operands[2]);
  default:
    for (unsigned i = 0; i < 2; ++i)
      if (!isKnown(operands[i]))
        return copy(operands[i]);
    compute(index, values[operands[0]], values[operands[1]]);
  }
}

void LaunchEvaluation::compute(ExpressionIndex index, int64_t lhs, int64_t rhs) {
  int64_t &value = values[index];
  auto isnt = [&](State state) {
    states[index] = state;
    value = index;
  };
  Operation operation = descriptor.expressions[index].operation;
  switch (operation) {
  case Operation::Add:
    if (__builtin_add_overflow(lhs, rhs, &value))
      isnt(State::Overflow);
    return;
  case Operation::Sub:
    if (__builtin_sub_overflow(lhs, rhs, &value))
      isnt(State::Overflow);
    return;
  case Operation::Mul:
    if (__builtin_mul_overflow(lhs, rhs, &value))
      isnt(State::Overflow);
    return;
  case Operation::FloorDiv:
  case Operation::CeilDiv:
  case Operation::FloorMod: {
    if (rhs == 0)
      return isnt(State::DivisionByZero);
    if (rhs == -1) { // the only divisor that a quotient can overflow with
      if (operation == Operation::FloorMod)
        value = 0;
      else if (__builtin_sub_overflow(int64_t(0), lhs, &value))
        isnt(State::Overflow);
      return;
    }
    int64_t quotient = lhs / rhs, remainder = lhs % rhs;
    bool isNegative = (lhs < 0) != (rhs < 0);
    if (operation == Operation::FloorMod)
      value = remainder != 0 && isNegative ? remainder + rhs : remainder;
    else if (operation == Operation::FloorDiv)
      value = quotient - (remainder != 0 && isNegative);
    else
      value = quotient + (remainder != 0 && !isNegative);
    return;
  }
  case Operation::Min:
    value = std::min(lhs, rhs);
    return;
  case Operation::Max:
    value = std::max(lhs, rhs);
    return;
  case Operation::Equal:
    value = lhs == rhs;
    return;
  case Operation::NotEqual:
    value = lhs != rhs;
    return;
  case Operation::Less:
    value = lhs < rhs;
    return;
  case Operation::LessEqual:
    value = lhs <= rhs;
    return;
  default:
    return; // not binary
  }
}

bool LaunchEvaluation::get(ExpressionIndex index, const char *what, int64_t &value) const {
  if (get(index, value))
    return true;
  auto cause = static_cast<ExpressionIndex>(value);
  const Expression &expression = descriptor.expressions[cause];
  switch (states[index]) {
  case State::Known:
    return true;
  case State::Unknown:
    return fail("%s depends on the arguments (expression %u)", what, cause);
  case State::DivisionByZero:
    return fail("%s divides %lld by zero (expression %u)", what, (long long)values[expression.operands[0]], cause);
  case State::Overflow:
    return fail("%s overflows 64 bits: %lld %s %lld (expression %u)", what, (long long)values[expression.operands[0]],
                expression.operation == Operation::Add   ? "+"
                : expression.operation == Operation::Sub ? "-"
                : expression.operation == Operation::Mul ? "*"
                                                         : "/",
                (long long)values[expression.operands[1]], cause);
  }
  return false;
}
