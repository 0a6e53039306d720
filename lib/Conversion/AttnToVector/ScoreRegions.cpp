//===- ScoreRegions.cpp - score and mask regions on a block of scores -----===//
//
// A pass of its own over scores that are in the first-level cache, key by key: the code of a region exists once (or
// twice, with and without the mask), and not in every register block of the products.
//
//===----------------------------------------------------------------------===//

#include "ScoreRegions.h"
#include "RegionVectorizer.h"
#include "RowLoops.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

Value ScoreRegions::evaluate(Value queryPosition, Value keyPosition, Value score, bool masked) {
  auto position = [&](unsigned dim) -> Value {
    if (dim == 0)
      return lanes.lanePositions(lanes.add(at[0], queryPosition));
    return dim == 1 ? lanes.add(at[1], keyPosition) : at[dim];
  };
  auto load = [&](OpOperand &capture) {
    AffineMap map = cast<StructuredOpInterface>(op.getOperation()).getMapOf(capture);
    DomainPosition element = {queryPosition, keyPosition, Value(), Value()};
    SmallVector<Value> indices = operandIndices(lanes, map, element);
    return map.isFunctionOfDim(0) ? lanes.load(capture.get(), indices)
                                  : Value(memref::LoadOp::create(lanes.builder, lanes.loc, capture.get(), indices));
  };
  return applyRegions(lanes, cast<ScoreOpInterface>(op.getOperation()), score, masked, load, position);
}

SmallVector<Value> ScoreRegions::pass(const ScoreBlock &block, bool masked) {
  SmallVector<Value> init(block.vectors, lanes.negInf());
  Value scale = block.scale ? lanes.broadcast(block.scale) : Value();
  return lanes.loop(lanes.index(0), block.numKeys, 1, init, [&](Value n, ValueRange maxima) {
    SmallVector<Value> next;
    Value keyPosition = lanes.add(block.keyBegin, n);
    for (int64_t v = 0; v != block.vectors; ++v) {
      Value column = lanes.index(v * lanes.lanes);
      Value score = lanes.load(block.scores, {n, column});
      if (scale)
        score = lanes.mul(score, scale);
      score = evaluate(lanes.add(block.queryBegin, v * lanes.lanes), keyPosition, score, masked);
      lanes.store(score, block.scores, {n, column});
      next.push_back(lanes.max(maxima[v], score));
    }
    return next;
  });
}

SmallVector<Value> ScoreRegions::run(const ScoreBlock &block, function_ref<SmallVector<Value>()> plain) {
  auto scoreOp = cast<ScoreOpInterface>(op.getOperation());
  bool hasScore = scoreOp.hasScore() || block.scale, hasMask = scoreOp.hasMask();
  if (!hasScore && !hasMask)
    return plain();
  if (!hasMask || !op.getPartial())
    return pass(block, hasMask);
  SmallVector<Type> types(block.vectors, lanes.vectorType());
  return lanes.either(
      op.getPartial(), types, [&] { return pass(block, true); },
      [&] { return hasScore ? pass(block, false) : plain(); });
}
