//===- IterationLength.cpp - how long iterations take ---------------------===//

#include "IterationLength.h"

#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

using namespace mlir;
using namespace fovea;

namespace {

/// How a value changes as the induction variable grows. Both: neither rises nor falls, so it is the same for all.
struct Trend {
  bool neverFalls, neverRises;

  static Trend constant() { return {true, true}; }
  static Trend rising() { return {true, false}; }
  static Trend unknown() { return {false, false}; }
  Trend negated() const { return {neverRises, neverFalls}; }
  /// Of a sum, a minimum or a maximum of the two.
  Trend with(Trend other) const { return {neverFalls && other.neverFalls, neverRises && other.neverRises}; }
};

class TrendFinder {
public:
  explicit TrendFinder(Value variable) : variable(variable) {}

  Trend of(Value value);

private:
  Trend compute(Value value);
  Trend of(AffineExpr expr, AffineMap map, ValueRange operands);
  Trend ofResults(AffineMap map, ValueRange operands);

  Value variable;
  DenseMap<Value, Trend> known;
};

} // namespace

Trend TrendFinder::of(Value value) {
  if (value == variable)
    return Trend::rising();
  if (auto found = known.find(value); found != known.end())
    return found->second;
  Trend trend = compute(value);
  known.try_emplace(value, trend);
  return trend;
}

Trend TrendFinder::of(AffineExpr expr, AffineMap map, ValueRange operands) {
  if (isa<AffineConstantExpr>(expr))
    return Trend::constant();
  if (auto dim = dyn_cast<AffineDimExpr>(expr))
    return of(operands[dim.getPosition()]);
  if (auto symbol = dyn_cast<AffineSymbolExpr>(expr))
    return of(operands[map.getNumDims() + symbol.getPosition()]);
  auto binary = cast<AffineBinaryOpExpr>(expr);
  Trend lhs = of(binary.getLHS(), map, operands);
  if (binary.getKind() == AffineExprKind::Add)
    return lhs.with(of(binary.getRHS(), map, operands));
  auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS());
  bool isConstant = lhs.neverFalls && lhs.neverRises;
  if (!factor || binary.getKind() == AffineExprKind::Mod)
    return isConstant && factor ? lhs : Trend::unknown();
  return factor.getValue() < 0 ? lhs.negated() : lhs; // a product, or a division, which has a positive divisor
}

Trend TrendFinder::ofResults(AffineMap map, ValueRange operands) {
  Trend trend = Trend::constant();
  for (AffineExpr expr : map.getResults())
    trend = trend.with(of(expr, map, operands));
  return trend;
}

Trend TrendFinder::compute(Value value) {
  Operation *op = value.getDefiningOp();
  if (!op) // another induction variable, or an argument of the function; but not what an inner loop carries
    return variable.getParentRegion()->isProperAncestor(value.getParentRegion()) ? Trend::unknown() : Trend::constant();
  if (!variable.getParentRegion()->isAncestor(op->getParentRegion()))
    return Trend::constant(); // from outside of the loop
  if (auto apply = dyn_cast<affine::AffineApplyOp>(op))
    return ofResults(apply.getAffineMap(), apply.getMapOperands());
  if (auto least = dyn_cast<affine::AffineMinOp>(op))
    return ofResults(least.getAffineMap(), least.getOperands());
  if (auto greatest = dyn_cast<affine::AffineMaxOp>(op))
    return ofResults(greatest.getAffineMap(), greatest.getOperands());
  if (isa<arith::AddIOp, arith::MinSIOp, arith::MaxSIOp>(op))
    return of(op->getOperand(0)).with(of(op->getOperand(1)));
  if (isa<arith::SubIOp>(op))
    return of(op->getOperand(0)).with(of(op->getOperand(1)).negated());
  if (isa<arith::IndexCastOp>(op))
    return of(op->getOperand(0));
  APInt factor;
  if (isa<arith::MulIOp>(op) && matchPattern(op->getOperand(1), m_ConstantInt(&factor)))
    return factor.isNegative() ? of(op->getOperand(0)).negated() : of(op->getOperand(0));
  bool allConstant = op->getNumRegions() == 0 && llvm::all_of(op->getOperands(), [&](Value operand) {
                       Trend trend = of(operand);
                       return trend.neverFalls && trend.neverRises;
                     });
  return allConstant && isMemoryEffectFree(op) ? Trend::constant() : Trend::unknown();
}

static unsigned depthOf(scf::ForOp loop) {
  unsigned depth = 0;
  loop.getBody()->walk([&](scf::ForOp inner) {
    unsigned found = 1;
    for (Operation *parent = inner->getParentOp(); parent != loop; parent = parent->getParentOp())
      found += isa<scf::ForOp>(parent);
    depth = std::max(depth, found);
  });
  return depth;
}

bool fovea::growsWith(scf::ForallOp loop, unsigned dimension) {
  scf::ForOp longest;
  unsigned deepest = 0;
  loop.getBody()->walk<WalkOrder::PreOrder>([&](scf::ForOp inner) {
    if (unsigned depth = depthOf(inner) + 1; depth > deepest) {
      deepest = depth;
      longest = inner;
    }
    return WalkResult::skip();
  });
  if (!longest)
    return false;
  TrendFinder trends(loop.getInductionVar(dimension));
  Trend count = trends.of(longest.getUpperBound()).with(trends.of(longest.getLowerBound()).negated());
  return count.neverFalls && !count.neverRises;
}
