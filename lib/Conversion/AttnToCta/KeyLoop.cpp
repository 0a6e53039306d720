//===- KeyLoop.cpp - the loop over blocks of keys, renumbered -------------===//

#include "KeyLoop.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace fovea;

/// An affine function of up to two sizes, in which bounds that are multiples of the block size simplify.
static OpFoldResult affineOf(TileBuilder &builder, AffineExpr expr, ArrayRef<OpFoldResult> operands) {
  return affine::makeComposedFoldedAffineApply(builder, builder.getLoc(), AffineMap::get(operands.size(), 0, expr),
                                               operands);
}

KeyLoop::KeyLoop(const KernelBody &body, TileBuilder &builder) : body(body) {
  computeBlocks(builder);
  computeEdges(builder);
}

//===----------------------------------------------------------------------===//
// Blocks
//===----------------------------------------------------------------------===//

void KeyLoop::computeBlocks(TileBuilder &builder) {
  AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1);
  OpFoldResult end = extentOf(builder, body.slicedKeys, body.slicedKeyDim);
  begin = builder.getIndexAttr(0), count = builder.getIndexAttr(1);
  if (scf::ForOp loop = body.loop) {
    begin = getAsOpFoldResult(loop.getLowerBound());
    count = affineOf(builder, (d1 - d0).ceilDiv(body.step), {begin, getAsOpFoldResult(loop.getUpperBound())});
  }
  last = builder.toIndex(affineOf(builder, d0 + d1 * body.step - body.step, {begin, count}));
  keyEnd = builder.toIndex(end);

  std::optional<int64_t> knownCount = getConstantIntValue(count), knownEnd = getConstantIntValue(end);
  if (knownCount && *knownCount >= 1) {
    numBlocks = builder.i32(*knownCount);
  } else {
    // Without blocks: in front of all memory, beyond the end of the keys.
    SmallVector<Value> starts;
    for (const TiledView *tiled : {&body.key, &body.value}) {
      MemoryView view = tiled->view;
      if (body.loop)
        view.offsets[tiled->rowDim].pop_back(); // the block's position
      starts.push_back(view.offset(builder, tiled->rowDim, [](Value value) { return value; }));
    }
    Value start = starts[0] == starts[1] ? starts[0] : builder.createOrFold<arith::MaxSIOp>(starts[0], starts[1]);
    Value nowhere = builder.subIndex(builder.index(-body.keys), start);
    Value none =
        builder.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sle, builder.toIndex(count), builder.index(0));
    last = builder.createOrFold<arith::SelectOp>(none, nowhere, last);
    keyEnd = builder.createOrFold<arith::SelectOp>(none, nowhere, keyEnd);
    numBlocks = builder.createOrFold<arith::MaxSIOp>(builder.toI32(builder.toIndex(count)), builder.i32(1));
  }
  std::optional<int64_t> knownBegin = getConstantIntValue(begin);
  bool endsAtBlock = body.keys == body.step && knownBegin && knownEnd && (*knownEnd - *knownBegin) % body.step == 0;
  keyBound = !endsAtBlock || !knownCount || *knownCount < 1;
}

Value KeyLoop::position(TileBuilder &builder, Value j) const {
  Value behind =
      builder.mulIndex(builder.createOrFold<arith::IndexCastOp>(builder.getIndexType(), j), builder.index(body.step));
  return builder.subIndex(last, behind);
}

Value KeyLoop::remainingKeys(TileBuilder &builder, Value position) const {
  return builder.toI32(builder.subIndex(keyEnd, position));
}

//===----------------------------------------------------------------------===//
// Masks
//===----------------------------------------------------------------------===//

Value KeyLoop::blocksFrom(TileBuilder &builder, OpFoldResult bound) {
  AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1), d2 = builder.getAffineDimExpr(2);
  OpFoldResult blocks = affineOf(builder, d0 - (d1 - d2).ceilDiv(body.step), {count, bound, begin});
  return builder.toI32(builder.toIndex(blocks));
}

/// Reads `partial` as comparisons of the induction variable, joined by "or"; false where it has another form.
bool KeyLoop::readPartial(TileBuilder &builder, Value partial) {
  if (auto either = partial.getDefiningOp<arith::OrIOp>())
    return readPartial(builder, either.getLhs()) && readPartial(builder, either.getRhs());
  APInt constant;
  if (matchPattern(partial, m_ConstantInt(&constant))) {
    alwaysMasked |= !constant.isZero();
    return true;
  }
  auto compare = partial.getDefiningOp<arith::CmpIOp>();
  if (!compare || !body.loop)
    return false;
  Value bound = compare.getRhs();
  arith::CmpIPredicate predicate = compare.getPredicate();
  if (compare.getRhs() == body.loopPosition()) {
    bound = compare.getLhs();
    switch (predicate) {
    case arith::CmpIPredicate::slt:
      predicate = arith::CmpIPredicate::sgt;
      break;
    case arith::CmpIPredicate::sle:
      predicate = arith::CmpIPredicate::sge;
      break;
    case arith::CmpIPredicate::sgt:
      predicate = arith::CmpIPredicate::slt;
      break;
    case arith::CmpIPredicate::sge:
      predicate = arith::CmpIPredicate::sle;
      break;
    default:
      return false;
    }
  } else if (compare.getLhs() != body.loopPosition()) {
    return false;
  }
  if (body.isInLoop(bound))
    return false;
  bool isInclusive = predicate == arith::CmpIPredicate::sle || predicate == arith::CmpIPredicate::sgt;
  OpFoldResult from = affineOf(builder, builder.getAffineDimExpr(0) + int64_t(isInclusive), {getAsOpFoldResult(bound)});
  bool isHead = predicate == arith::CmpIPredicate::slt || predicate == arith::CmpIPredicate::sle;
  std::optional<int64_t> first = getConstantIntValue(begin), atMost = upperBound(from);
  if (isHead && first && atMost && *atMost <= *first) // no block begins in front of the first one
    return true;
  Value blocks = blocksFrom(builder, from);
  switch (predicate) {
  case arith::CmpIPredicate::sge:
  case arith::CmpIPredicate::sgt:
    tail = tail ? builder.createOrFold<arith::MaxSIOp>(tail, blocks) : blocks;
    return true;
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::sle:
    head = head ? builder.createOrFold<arith::MinSIOp>(head, blocks) : blocks;
    return true;
  default:
    return false;
  }
}

void KeyLoop::computeEdges(TileBuilder &builder) {
  attn::OnlineAttentionOp attention = body.attention;
  if (!attention.getMask().empty()) {
    Value partial = attention.getPartial();
    if (!partial) {
      alwaysMasked = true;
    } else if (!readPartial(builder, partial)) {
      tail = head = Value();
      alwaysMasked = false;
      opaque = partial;
    }
  }
  regionMasks = alwaysMasked || tail || head || opaque;
  if (!keyBound || alwaysMasked)
    return;
  // 1 where the keys end within block 0, or there are none.
  Value end = builder.addIndex(last, builder.index(body.keys));
  Value ends = builder.createOrFold<arith::CmpIOp>(arith::CmpIPredicate::sgt, end, keyEnd);
  Value one = builder.createOrFold<arith::ExtUIOp>(builder.getI32Type(), ends);
  tail = tail ? builder.createOrFold<arith::MaxSIOp>(tail, one) : one;
}

KeyLoop::Masking KeyLoop::masking() const {
  if (alwaysMasked)
    return Masking::Always;
  return tail || head || opaque ? Masking::Sometimes : Masking::Never;
}

Value KeyLoop::edge(TileBuilder &builder, Value j, ScalarMapping map) const {
  Value edge;
  auto join = [&](Value condition) { edge = edge ? arith::OrIOp::create(builder, edge, condition) : condition; };
  if (opaque)
    join(map(opaque));
  if (tail)
    join(arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, j, tail));
  if (head)
    join(arith::CmpIOp::create(builder, arith::CmpIPredicate::sge, j, head));
  return edge;
}

//===----------------------------------------------------------------------===//
// Scalars of a block
//===----------------------------------------------------------------------===//

Value BlockScalars::operator()(Value value) {
  if (!body.isInLoop(value))
    return value;
  if (value == body.loopPosition())
    return position;
  Operation *definition = value.getDefiningOp();
  IRMapping operands;
  for (Value operand : definition->getOperands())
    operands.map(operand, (*this)(operand));
  return builder.clone(*definition, operands)->getResult(cast<OpResult>(value).getResultNumber());
}
