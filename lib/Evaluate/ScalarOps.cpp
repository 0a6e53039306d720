//===- ScalarOps.cpp - The scalar ops of arith and math -------------------===//

#include "ScalarOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/MathExtras.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace fovea;
using namespace fovea::evaluator;

namespace {

//===----------------------------------------------------------------------===//
// Integers of a width
//===----------------------------------------------------------------------===//

uint64_t asUnsigned(Number number, ElementType type) {
  return static_cast<uint64_t>(number.integer) & llvm::maskTrailingOnes<uint64_t>(getBitWidth(type));
}

/// A true `i1` is -1 where it is read as a signed number.
int64_t asSigned(Number number, ElementType type) { return type == ElementType::I1 ? -number.integer : number.integer; }

bool divides(int64_t lhs, int64_t rhs, bool &fault) {
  fault |= rhs == 0 || (rhs == -1 && lhs == std::numeric_limits<int64_t>::min());
  return !fault;
}

int64_t floorDivide(int64_t lhs, int64_t rhs) { return lhs / rhs - (lhs % rhs != 0 && (lhs < 0) != (rhs < 0)); }

int64_t ceilDivide(int64_t lhs, int64_t rhs) { return lhs / rhs + (lhs % rhs != 0 && (lhs < 0) == (rhs < 0)); }

//===----------------------------------------------------------------------===//
// IEEE minimum and maximum, comparison, bits
//===----------------------------------------------------------------------===//

double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

double minimum(double a, double b) { return -maximum(-a, -b); }

bool compareFloats(double a, double b, mlir::arith::CmpFPredicate predicate) {
  using P = mlir::arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::ORD:
    return !unordered;
  case P::UNO:
    return unordered;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return a != b;
  }
  llvm_unreachable("all predicates are handled");
}

bool compareIntegers(Number a, Number b, ElementType type, mlir::arith::CmpIPredicate predicate) {
  using P = mlir::arith::CmpIPredicate;
  int64_t sa = asSigned(a, type), sb = asSigned(b, type);
  uint64_t ua = asUnsigned(a, type), ub = asUnsigned(b, type);
  switch (predicate) {
  case P::eq:
    return ua == ub;
  case P::ne:
    return ua != ub;
  case P::slt:
    return sa < sb;
  case P::sle:
    return sa <= sb;
  case P::sgt:
    return sa > sb;
  case P::sge:
    return sa >= sb;
  case P::ult:
    return ua < ub;
  case P::ule:
    return ua <= ub;
  case P::ugt:
    return ua > ub;
  case P::uge:
    return ua >= ub;
  }
  llvm_unreachable("all predicates are handled");
}

/// Through memory in the formats of the two types, as a bitcast is.
Number bitcast(Number number, ElementType from, ElementType to) {
  char bytes[8] = {};
  Scalar in = isFloat(from) ? Scalar::ofFloat(number.floating) : Scalar::ofSigned(number.integer);
  if (isFloat(from) || from == ElementType::I1)
    in.store(from, bytes);
  else
    std::memcpy(bytes, &number.integer, sizeof(bytes));
  Scalar out = Scalar::load(to, bytes);
  return isFloat(to) ? Number::of(out.toDouble()) : Number::of(out.toInt());
}

//===----------------------------------------------------------------------===//
// The table
//===----------------------------------------------------------------------===//

// The parameters are named here once for all rows: operands x, context, fault.
#define FLOAT_OP(EXPRESSION)                                                                                           \
  [](const Number *x, const ScalarContext &, bool &) {                                                                 \
    double a = x[0].floating;                                                                                          \
    return Number::of(static_cast<double>(EXPRESSION));                                                                \
  }
#define FLOAT_BINARY(EXPRESSION)                                                                                       \
  [](const Number *x, const ScalarContext &, bool &) {                                                                 \
    double a = x[0].floating, b = x[1].floating;                                                                       \
    return Number::of(static_cast<double>(EXPRESSION));                                                                \
  }
#define FLOAT_TEST(EXPRESSION)                                                                                         \
  [](const Number *x, const ScalarContext &, bool &) {                                                                 \
    double a = x[0].floating;                                                                                          \
    return Number::of(static_cast<int64_t>(EXPRESSION));                                                               \
  }
#define SIGNED_OP(EXPRESSION)                                                                                          \
  [](const Number *x, const ScalarContext &context, bool &) {                                                          \
    int64_t a = asSigned(x[0], context.source);                                                                        \
    return Number::of(static_cast<int64_t>(EXPRESSION));                                                               \
  }
// Wraps around without being undefined.
#define UNSIGNED_OP(EXPRESSION)                                                                                        \
  [](const Number *x, const ScalarContext &context, bool &) {                                                          \
    uint64_t a = asUnsigned(x[0], context.source);                                                                     \
    return Number::of(static_cast<int64_t>(EXPRESSION));                                                               \
  }
#define SIGNED_BINARY(EXPRESSION)                                                                                      \
  [](const Number *x, const ScalarContext &context, bool &) {                                                          \
    int64_t a = asSigned(x[0], context.source);                                                                        \
    int64_t b = asSigned(x[1], context.source);                                                                        \
    return Number::of(static_cast<int64_t>(EXPRESSION));                                                               \
  }
#define UNSIGNED_BINARY(EXPRESSION)                                                                                    \
  [](const Number *x, const ScalarContext &context, bool &) {                                                          \
    uint64_t a = asUnsigned(x[0], context.source);                                                                     \
    uint64_t b = asUnsigned(x[1], context.source);                                                                     \
    return Number::of(static_cast<int64_t>(EXPRESSION));                                                               \
  }
#define SIGNED_DIVISION(EXPRESSION)                                                                                    \
  [](const Number *x, const ScalarContext &context, bool &fault) {                                                     \
    int64_t a = asSigned(x[0], context.source);                                                                        \
    int64_t b = asSigned(x[1], context.source);                                                                        \
    return Number::of(divides(a, b, fault) ? static_cast<int64_t>(EXPRESSION) : int64_t(0));                           \
  }
#define UNSIGNED_DIVISION(EXPRESSION)                                                                                  \
  [](const Number *x, const ScalarContext &context, bool &fault) {                                                     \
    uint64_t a = asUnsigned(x[0], context.source);                                                                     \
    uint64_t b = asUnsigned(x[1], context.source);                                                                     \
    fault |= b == 0;                                                                                                   \
    return Number::of(b == 0 ? int64_t(0) : static_cast<int64_t>(EXPRESSION));                                         \
  }
// Shifting by the width or more is poison.
#define SHIFT(EXPRESSION)                                                                                              \
  [](const Number *x, const ScalarContext &context, bool &fault) {                                                     \
    uint64_t a = asUnsigned(x[0], context.source);                                                                     \
    uint64_t b = asUnsigned(x[1], context.source);                                                                     \
    int64_t s = asSigned(x[0], context.source);                                                                        \
    (void)a, (void)s;                                                                                                  \
    bool poison = b >= getBitWidth(context.source);                                                                    \
    fault |= poison;                                                                                                   \
    return Number::of(poison ? int64_t(0) : static_cast<int64_t>(EXPRESSION));                                         \
  }

struct Row {
  llvm::StringLiteral name;
  ScalarFunction function;
};

const Row table[] =
    {
        {"arith.addf", FLOAT_BINARY(a + b)},
        {"arith.subf", FLOAT_BINARY(a - b)},
        {"arith.mulf", FLOAT_BINARY(a * b)},
        {"arith.divf", FLOAT_BINARY(a / b)},
        {"arith.remf", FLOAT_BINARY(std::fmod(a, b))},
        {"arith.maximumf", FLOAT_BINARY(maximum(a, b))},
        {"arith.minimumf", FLOAT_BINARY(minimum(a, b))},
        {"arith.maxnumf", FLOAT_BINARY(std::fmax(a, b))},
        {"arith.minnumf", FLOAT_BINARY(std::fmin(a, b))},
        {"arith.negf", FLOAT_OP(-a)},
        {"arith.extf", FLOAT_OP(a)},
        {"arith.truncf", FLOAT_OP(a)},

        {"math.absf", FLOAT_OP(std::fabs(a))},
        {"math.acos", FLOAT_OP(std::acos(a))},
        {"math.acosh", FLOAT_OP(std::acosh(a))},
        {"math.asin", FLOAT_OP(std::asin(a))},
        {"math.asinh", FLOAT_OP(std::asinh(a))},
        {"math.atan", FLOAT_OP(std::atan(a))},
        {"math.atan2", FLOAT_BINARY(std::atan2(a, b))},
        {"math.atanh", FLOAT_OP(std::atanh(a))},
        {"math.cbrt", FLOAT_OP(std::cbrt(a))},
        {"math.ceil", FLOAT_OP(std::ceil(a))},
        {"math.copysign", FLOAT_BINARY(std::copysign(a, b))},
        {"math.cos", FLOAT_OP(std::cos(a))},
        {"math.cosh", FLOAT_OP(std::cosh(a))},
        {"math.erf", FLOAT_OP(std::erf(a))},
        {"math.erfc", FLOAT_OP(std::erfc(a))},
        {"math.exp", FLOAT_OP(std::exp(a))},
        {"math.exp2", FLOAT_OP(std::exp2(a))},
        {"math.expm1", FLOAT_OP(std::expm1(a))},
        {"math.floor", FLOAT_OP(std::floor(a))},
        {"math.fma", FLOAT_BINARY(std::fma(a, b, x[2].floating))},
        {"math.fpowi",
         [](const Number *x, const ScalarContext &, bool &) {
           return Number::of(std::pow(x[0].floating, double(x[1].integer)));
         }},
        {"math.isfinite", FLOAT_TEST(std::isfinite(a))},
        {"math.isinf", FLOAT_TEST(std::isinf(a))},
        {"math.isnan", FLOAT_TEST(std::isnan(a))},
        {"math.log", FLOAT_OP(std::log(a))},
        {"math.log10", FLOAT_OP(std::log10(a))},
        {"math.log1p", FLOAT_OP(std::log1p(a))},
        {"math.log2", FLOAT_OP(std::log2(a))},
        {"math.powf", FLOAT_BINARY(std::pow(a, b))},
        {"math.round", FLOAT_OP(std::round(a))},
        {"math.roundeven", FLOAT_OP(std::nearbyint(a))},
        {"math.rsqrt", FLOAT_OP(1 / std::sqrt(a))},
        {"math.sin", FLOAT_OP(std::sin(a))},
        {"math.sinh", FLOAT_OP(std::sinh(a))},
        {"math.sqrt", FLOAT_OP(std::sqrt(a))},
        {"math.tan", FLOAT_OP(std::tan(a))},
        {"math.tanh", FLOAT_OP(std::tanh(a))},
        {"math.trunc", FLOAT_OP(std::trunc(a))},

        {"arith.addi", UNSIGNED_BINARY(a + b)},
        {"arith.subi", UNSIGNED_BINARY(a - b)},
        {"arith.muli", UNSIGNED_BINARY(a * b)},
        {"arith.divsi", SIGNED_DIVISION(a / b)},
        {"arith.remsi", SIGNED_DIVISION(a % b)},
        {"arith.floordivsi", SIGNED_DIVISION(floorDivide(a, b))},
        {"arith.ceildivsi", SIGNED_DIVISION(ceilDivide(a, b))},
        {"arith.divui", UNSIGNED_DIVISION(a / b)},
        {"arith.remui", UNSIGNED_DIVISION(a % b)},
        {"arith.ceildivui", UNSIGNED_DIVISION(a / b + (a % b != 0))},
        {"arith.maxsi", SIGNED_BINARY(a > b ? a : b)},
        {"arith.minsi", SIGNED_BINARY(a < b ? a : b)},
        {"arith.maxui", UNSIGNED_BINARY(a > b ? a : b)},
        {"arith.minui", UNSIGNED_BINARY(a < b ? a : b)},
        {"arith.andi", UNSIGNED_BINARY(a & b)},
        {"arith.ori", UNSIGNED_BINARY(a | b)},
        {"arith.xori", UNSIGNED_BINARY(a ^ b)},
        {"arith.shli", SHIFT(a << b)},
        {"arith.shrui", SHIFT(a >> b)},
        {"arith.shrsi", SHIFT(s >> b)},
        {"math.absi", UNSIGNED_OP(asSigned(x[0], context.source) < 0 ? -a : a)},

        {"arith.extsi", SIGNED_OP(a)},
        {"arith.extui", UNSIGNED_OP(a)},
        {"arith.trunci", UNSIGNED_OP(a)},
        {"arith.index_cast", SIGNED_OP(a)},
        {"arith.index_castui", UNSIGNED_OP(a)},
        {"arith.sitofp",
         [](const Number *x, const ScalarContext &context, bool &) {
           return Number::of(double(asSigned(x[0], context.source)));
         }},
        {"arith.uitofp",
         [](const Number *x, const ScalarContext &context, bool &) {
           return Number::of(double(asUnsigned(x[0], context.source)));
         }},
        {"arith.fptosi",
         [](const Number *x, const ScalarContext &, bool &fault) {
           double a = std::trunc(x[0].floating);
           bool fits = a >= -0x1p63 && a < 0x1p63;
           fault |= !fits;
           return Number::of(fits ? int64_t(a) : int64_t(0));
         }},
        {"arith.fptoui",
         [](const Number *x, const ScalarContext &, bool &fault) {
           double a = std::trunc(x[0].floating);
           bool fits = a >= 0 && a < 0x1p64;
           fault |= !fits;
           return Number::of(fits ? int64_t(uint64_t(a)) : int64_t(0));
         }},
        {"arith.bitcast",
         [](const Number *x, const ScalarContext &context, bool &) {
           return bitcast(x[0], context.source, context.result);
         }},

        {"arith.select", [](const Number *x, const ScalarContext &,
                            bool &) { return x[0].integer ? x[1] : x[2]; }},
        {"arith.cmpf",
         [](const Number *x, const ScalarContext &context, bool &) {
           return Number::of(int64_t(compareFloats(
               x[0].floating, x[1].floating,
               static_cast<mlir::arith::CmpFPredicate>(context.predicate))));
         }},
        {"arith.cmpi",
         [](const Number *x, const ScalarContext &context, bool &) {
           return Number::of(int64_t(compareIntegers(
               x[0], x[1], context.source,
               static_cast<mlir::arith::CmpIPredicate>(context.predicate))));
         }},
};

} // namespace

ScalarFunction evaluator::findScalarFunction(mlir::Operation *op) {
  static const llvm::StringMap<ScalarFunction> functions = [] {
    llvm::StringMap<ScalarFunction> map;
    for (const Row &row : table)
      map[row.name] = row.function;
    return map;
  }();
  return functions.lookup(op->getName().getStringRef());
}
