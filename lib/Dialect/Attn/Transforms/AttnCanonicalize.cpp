//===- AttnCanonicalize.cpp - clauses become regions ----------------------===//
//
//   attn.attention causal(top_left) softcap(3.0e+01) ins(...) bias(%b : ...)
//
// becomes
//
//   attn.attention ins(...) captures(%b : ...) outs(...) maps [...]
//     score { ^bb0(%s: f32, %e: f32): 30 * tanh(%s / 30) + %e }
//     mask { ^bb0(%e: f32): attn.index 3 <= attn.index 2 }
//
// What follows in the compiler sees regions only, so that a mask written by
// hand is treated like a clause.
//
//===----------------------------------------------------------------------===//

#include "fovea/Dialect/Attn/Transforms/Passes.h"
#include "fovea/Dialect/Attn/Transforms/Transforms.h"

#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace mlir::attn {
#define GEN_PASS_DEF_ATTNCANONICALIZEPASS
#include "fovea/Dialect/Attn/Transforms/Passes.h.inc"
} // namespace mlir::attn

using namespace mlir;
using namespace mlir::attn;

//===----------------------------------------------------------------------===//
// Captures
//===----------------------------------------------------------------------===//

namespace {

/// What the regions of the expanded op read, by the position among its
/// captures.
class Captures {
public:
  explicit Captures(AttentionOp op) : count(op.getCaptures().size()) {}

  /// Adds a capture that is read at the position `map` gives; a scalar has a
  /// map without results.
  unsigned add(Value value, AffineMap map) {
    values.push_back(value);
    maps.push_back(map);
    return count++;
  }
  ValueRange getValues() const { return values; }
  ArrayRef<AffineMap> getMaps() const { return maps; }

private:
  unsigned count;
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
};

/// An index known at compile time plus, possibly, a captured one.
struct Offset {
  int64_t constant = 0;
  std::optional<unsigned> capture;
};

/// The clauses of one op on their way into its regions.
class ClauseExpansion {
public:
  ClauseExpansion(RewriterBase &rewriter, AttentionOp op)
      : rewriter(rewriter), op(op), builder(op.getLoc(), rewriter), captures(op),
        dims(*AttentionDims::infer(op.getMappedOperandMaps()[0], op.getMappedOperandMaps()[1],
                                   op.getMappedOperandMaps()[2])),
        numDims(op.getMappedOperandMaps()[0].getNumDims()) {}

  void run();

private:
  void capture();
  Offset captureOffset();
  unsigned captureBroadcast(Value value, ArrayRef<unsigned> trailing);

  bool needsScore() { return op.getSoftcap() || alibi || bias; }
  bool needsMask() { return op.getCausal() || op.getWindowLeft() || op.getWindowRight() || keep; }
  Block &openRegion(Region &region, bool isScore);
  void expandScore();
  void expandMask();

  Value index(int64_t value) { return arith::ConstantIndexOp::create(builder, value); }
  Value number(double value);
  Value toCompute(Value value);
  /// The query's position on the diagonal, moved by `distance` keys.
  Value diagonal(ArrayRef<BlockArgument> arguments, int64_t distance = 0);
  Value position(unsigned dim) { return IndexOp::create(builder, builder.getIndexType(), dim); }
  void conjoin(Value &kept, Value condition) {
    kept = kept ? arith::AndIOp::create(builder, kept, condition).getResult() : condition;
  }

  RewriterBase &rewriter;
  AttentionOp op;
  ImplicitLocOpBuilder builder;
  Captures captures;
  AttentionDims dims;
  unsigned numDims;
  Offset offset;
  std::optional<unsigned> alibi, bias, keep;
  SmallVector<Type> givenArguments; ///< Of the captures that the op had.
};

} // namespace

/// A clause operand lies along the last of the dimensions `trailing`; extent 1
/// broadcasts (S10).
unsigned ClauseExpansion::captureBroadcast(Value value, ArrayRef<unsigned> trailing) {
  ArrayRef<int64_t> shape = cast<ShapedType>(value.getType()).getShape();
  SmallVector<AffineExpr> results;
  for (auto [extent, dim] : llvm::zip_equal(shape, trailing.take_back(shape.size())))
    results.push_back(extent == 1 ? builder.getAffineConstantExpr(0) : builder.getAffineDimExpr(dim));
  return captures.add(value, AffineMap::get(numDims, 0, results, builder.getContext()));
}

static OpFoldResult extent(OpBuilder &builder, Location loc, Value value, int64_t dim) {
  if (isa<MemRefType>(value.getType()))
    return memref::getMixedSize(builder, loc, value, dim);
  return tensor::getMixedSize(builder, loc, value, dim);
}

/// The distance of the diagonal from the top left corner (S1).
Offset ClauseExpansion::captureOffset() {
  Value distance = op.getAlignmentOffset();
  if (op.getAlignment() == Alignment::BottomRight) {
    int64_t row = cast<ShapedType>(op.getQuery().getType()).getRank() - 2;
    OpFoldResult rows = extent(builder, op.getLoc(), op.getQuery(), row);
    OpFoldResult keys = extent(builder, op.getLoc(), op.getKey(), row);
    if (std::optional<int64_t> m = getConstantIntValue(rows), n = getConstantIntValue(keys); m && n)
      return {*n - *m, std::nullopt};
    distance = arith::SubIOp::create(builder, getValueOrCreateConstantIndexOp(builder, op.getLoc(), keys),
                                     getValueOrCreateConstantIndexOp(builder, op.getLoc(), rows));
  }
  if (!distance)
    return {};
  if (std::optional<int64_t> constant = getConstantIntValue(distance))
    return {*constant, std::nullopt};
  return {0, captures.add(distance, AffineMap::get(numDims, 0, builder.getContext()))};
}

void ClauseExpansion::capture() {
  SmallVector<unsigned> batch = llvm::to_vector(llvm::seq<unsigned>(0, dims.query())), scores = batch;
  scores.append({dims.query(), dims.key});
  if (op.hasScore())
    llvm::append_range(givenArguments, llvm::drop_begin(op.getScore().getArgumentTypes()));
  else if (op.hasMask())
    llvm::append_range(givenArguments, op.getMask().getArgumentTypes());
  offset = captureOffset();
  if (op.getAlibi())
    alibi = captureBroadcast(op.getAlibi(), batch);
  if (op.getBias())
    bias = captureBroadcast(op.getBias(), scores);
  if (op.getKeep())
    keep = captureBroadcast(op.getKeep(), scores);
}

//===----------------------------------------------------------------------===//
// Regions
//===----------------------------------------------------------------------===//

/// The region's block with an argument for every capture.
Block &ClauseExpansion::openRegion(Region &region, bool isScore) {
  bool isNew = region.empty();
  Block &block = isNew ? region.emplaceBlock() : region.front();
  if (isNew && isScore)
    block.addArgument(op.getComputeType(), op.getLoc());
  if (isNew)
    for (Type type : givenArguments)
      block.addArgument(type, op.getLoc());
  for (Value value : captures.getValues())
    block.addArgument(getElementTypeOrSelf(value.getType()), op.getLoc());
  return block;
}

Value ClauseExpansion::number(double value) {
  return arith::ConstantOp::create(builder, builder.getFloatAttr(op.getComputeType(), value));
}

Value ClauseExpansion::toCompute(Value value) {
  unsigned from = value.getType().getIntOrFloatBitWidth(), to = op.getComputeType().getWidth();
  if (from < to)
    return arith::ExtFOp::create(builder, op.getComputeType(), value);
  if (from > to)
    return arith::TruncFOp::create(builder, op.getComputeType(), value);
  return value;
}

Value ClauseExpansion::diagonal(ArrayRef<BlockArgument> arguments, int64_t distance) {
  Value diagonal = position(dims.query());
  if (offset.capture)
    diagonal = arith::AddIOp::create(builder, diagonal, arguments[*offset.capture]);
  // Beyond this no key can lie, and the sum cannot overflow.
  constexpr int64_t unbounded = int64_t(1) << 60;
  int64_t constant = offset.constant + std::clamp(distance, -unbounded, unbounded);
  return constant == 0 ? diagonal : arith::AddIOp::create(builder, diagonal, index(constant)).getResult();
}

/// softcap, then alibi, then bias (S2).
void ClauseExpansion::expandScore() {
  Block &block = openRegion(op.getScore(), /*isScore=*/true);
  builder.setInsertionPointToEnd(&block);
  ArrayRef<BlockArgument> arguments = block.getArguments().drop_front();
  Value score = block.getArgument(0);
  if (std::optional<APFloat> softcap = op.getSoftcap()) {
    // Multiplying by the reciprocal: a division per score would cost as much as
    // the hyperbolic tangent.
    double cap = softcap->convertToDouble();
    Value reduced = arith::MulFOp::create(builder, score, number(1 / cap));
    Value saturated = math::TanhOp::create(builder, reduced);
    score = arith::MulFOp::create(builder, saturated, number(cap));
  }
  if (alibi) {
    Value i = diagonal(arguments), j = position(dims.key);
    Value distance = math::AbsIOp::create(builder, arith::SubIOp::create(builder, i, j));
    distance = arith::IndexCastOp::create(builder, builder.getI64Type(), distance);
    distance = arith::SIToFPOp::create(builder, op.getComputeType(), distance);
    Value penalty = arith::MulFOp::create(builder, toCompute(arguments[*alibi]), distance);
    score = arith::SubFOp::create(builder, score, penalty);
  }
  if (bias)
    score = arith::AddFOp::create(builder, score, toCompute(arguments[*bias]));
  YieldOp::create(builder, score);
}

/// The mask that is there, causal, window and keep, all of them.
void ClauseExpansion::expandMask() {
  Block &block = openRegion(op.getMask(), /*isScore=*/false);
  ArrayRef<BlockArgument> arguments = block.getArguments();
  Value kept;
  if (block.mightHaveTerminator()) {
    auto yield = cast<YieldOp>(block.getTerminator());
    kept = yield.getValue();
    rewriter.eraseOp(yield);
  }
  builder.setInsertionPointToEnd(&block);
  auto compare = [&](arith::CmpIPredicate predicate, Value bound) {
    Value j = position(dims.key);
    conjoin(kept, arith::CmpIOp::create(builder, predicate, j, bound));
  };
  if (op.getCausal())
    compare(arith::CmpIPredicate::sle, diagonal(arguments));
  if (std::optional<uint64_t> left = op.getWindowLeft())
    compare(arith::CmpIPredicate::sge, diagonal(arguments, -int64_t(*left)));
  if (std::optional<uint64_t> right = op.getWindowRight())
    compare(arith::CmpIPredicate::sle, diagonal(arguments, int64_t(*right)));
  if (keep)
    conjoin(kept, arguments[*keep]);
  YieldOp::create(builder, kept);
}

void ClauseExpansion::run() {
  rewriter.setInsertionPoint(op);
  builder.setInsertionPoint(op);
  SmallVector<AffineMap> maps = op.getMappedOperandMaps();
  capture();
  rewriter.modifyOpInPlace(op, [&] {
    if (needsScore())
      expandScore();
    else if (op.hasScore())
      openRegion(op.getScore(), /*isScore=*/true);
    if (needsMask())
      expandMask();
    else if (op.hasMask())
      openRegion(op.getMask(), /*isScore=*/false);

    maps.insert(maps.begin() + 3 + op.getCaptures().size(), captures.getMaps().begin(), captures.getMaps().end());
    op.setMapsAttr(builder.getAffineMapArrayAttr(maps));
    op.getCapturesMutable().append(captures.getValues());
    op.getAlignmentOffsetMutable().clear();
    op.getBiasMutable().clear();
    op.getKeepMutable().clear();
    op.getAlibiMutable().clear();
    op.setCausal(false);
    op.removeAlignmentAttr();
    op.removeWindowLeftAttr();
    op.removeWindowRightAttr();
    op.removeSoftcapAttr();
  });
}

FailureOr<AttentionOp> mlir::attn::expandClauses(RewriterBase &rewriter, AttentionOp op) {
  if (!op.hasSugar())
    return op;
  OpBuilder::InsertionGuard guard(rewriter);
  ClauseExpansion(rewriter, op).run();
  return op;
}

//===----------------------------------------------------------------------===//
// The pass
//===----------------------------------------------------------------------===//

namespace {

struct AttnCanonicalizePass final : attn::impl::AttnCanonicalizePassBase<AttnCanonicalizePass> {
  using Base::Base;

  void runOnOperation() override {
    IRRewriter rewriter(&getContext());
    WalkResult walk = getOperation()->walk([&](AttentionOp op) {
      return failed(expandClauses(rewriter, op)) ? WalkResult::interrupt() : WalkResult::advance();
    });
    if (walk.wasInterrupted())
      return signalPassFailure();

    RewritePatternSet patterns(&getContext());
    AttentionOp::getCanonicalizationPatterns(patterns, &getContext());
    OnlineAttentionOp::getCanonicalizationPatterns(patterns, &getContext());
    SoftmaxOp::getCanonicalizationPatterns(patterns, &getContext());
    OnlineSoftmaxOp::getCanonicalizationPatterns(patterns, &getContext());
    NormalizeOp::getCanonicalizationPatterns(patterns, &getContext());
    // Constants stay in their regions, which are read and tested as they are
    // written.
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns), config)))
      signalPassFailure();
  }
};

} // namespace
