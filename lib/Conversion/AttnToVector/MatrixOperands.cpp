//===- MatrixOperands.cpp - where operands come from, and their elements --===//
//
// An operand of a tile is a slice of one that all tiles share; what is packed is the whole, once, if nothing stands in
// the way.
//
//===----------------------------------------------------------------------===//

#include "MatrixOperands.h"
#include "mlir/IR/TypeUtilities.h"
#include "mlir/Interfaces/FunctionInterfaces.h"
#include "mlir/Interfaces/ViewLikeInterface.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

//===----------------------------------------------------------------------===//
// Where an operand comes from, and where it can be packed
//===----------------------------------------------------------------------===//

/// Whether `value`, which is index arithmetic, is certainly a multiple of `factor`.
static bool isKnownMultiple(Value value, int64_t factor) {
  if (std::optional<int64_t> constant = getConstantIntValue(value))
    return *constant % factor == 0;
  if (auto argument = dyn_cast<BlockArgument>(value)) {
    auto loop = dyn_cast<LoopLikeOpInterface>(argument.getOwner()->getParentOp());
    std::optional<SmallVector<Value>> variables = loop ? loop.getLoopInductionVars() : std::nullopt;
    if (!variables)
      return false;
    auto known = [&](OpFoldResult bound) {
      if (std::optional<int64_t> constant = getConstantIntValue(bound))
        return *constant % factor == 0;
      return isKnownMultiple(cast<Value>(bound), factor);
    };
    for (auto [i, variable] : llvm::enumerate(*variables))
      if (variable == value)
        return known((*loop.getLoopLowerBounds())[i]) && known((*loop.getLoopSteps())[i]);
    return false;
  }
  Operation *op = value.getDefiningOp();
  auto both = [&] { return isKnownMultiple(op->getOperand(0), factor) && isKnownMultiple(op->getOperand(1), factor); };
  if (isa<arith::AddIOp, arith::SubIOp, arith::MinSIOp, arith::MaxSIOp, arith::MinUIOp, arith::MaxUIOp>(op))
    return both();
  if (isa<arith::MulIOp>(op))
    return isKnownMultiple(op->getOperand(0), factor) || isKnownMultiple(op->getOperand(1), factor);
  if (isa<arith::SelectOp>(op))
    return isKnownMultiple(op->getOperand(1), factor) && isKnownMultiple(op->getOperand(2), factor);
  if (isa<affine::AffineApplyOp, affine::AffineMinOp, affine::AffineMaxOp>(op)) {
    // Operands that are multiples are written as a multiple of another symbol.
    AffineMap map = isa<affine::AffineApplyOp>(op) ? cast<affine::AffineApplyOp>(op).getAffineMap()
                    : isa<affine::AffineMinOp>(op) ? cast<affine::AffineMinOp>(op).getAffineMap()
                                                   : cast<affine::AffineMaxOp>(op).getAffineMap();
    SmallVector<AffineExpr> dims, symbols;
    for (auto [i, operand] : llvm::enumerate(op->getOperands())) {
      int64_t known = isKnownMultiple(operand, factor) ? factor : 1;
      bool isDim = i < map.getNumDims();
      AffineExpr expr =
          isDim ? getAffineDimExpr(i, op->getContext()) : getAffineSymbolExpr(i - map.getNumDims(), op->getContext());
      (isDim ? dims : symbols).push_back(expr * known);
    }
    map = map.replaceDimsAndSymbols(dims, symbols, map.getNumDims(), map.getNumSymbols());
    return llvm::all_of(map.getResults(), [&](AffineExpr expr) { return expr.isMultipleOf(factor); });
  }
  return false;
}

/// Whether nothing within `scope` writes to memory that `base` or a view of it addresses.
static bool isOnlyRead(Value base, Operation *scope) {
  SmallVector<Value> aliases = {base};
  for (size_t i = 0; i != aliases.size(); ++i)
    for (OpOperand &use : aliases[i].getUses()) {
      Operation *user = use.getOwner();
      if (isa<ViewLikeOpInterface>(user)) {
        llvm::append_range(aliases, user->getResults());
      } else if (scope->isProperAncestor(user) && !isa<memref::LoadOp, memref::DimOp>(user)) {
        auto destination = dyn_cast<DestinationStyleOpInterface>(user);
        if (!isa_and_nonnull<StructuredOpInterface>(user) || !destination || destination.isDpsInit(&use))
          return false;
      }
    }
  return true;
}

MatrixOperands::Source MatrixOperands::trace(OpOperand &operand, unsigned columnDim) {
  Source source;
  source.map = cast<StructuredOpInterface>(op.getOperation()).getMapOf(operand);
  for (auto [i, expr] : llvm::enumerate(source.map.getResults())) {
    if (expr == getAffineDimExpr(1, op.getContext()))
      source.keyAt = i;
    else if (expr == getAffineDimExpr(columnDim, op.getContext()))
      source.columnAt = i;
  }
  source.root = operand.get();
  source.anchor = op;
  source.offsets.assign(source.map.getNumResults(), lanes.index(0));

  Operation *loop = nullptr;
  for (Operation *parent = op->getParentOp(); !isa<FunctionOpInterface>(parent); parent = parent->getParentOp())
    if (isa<scf::ForallOp>(parent))
      loop = parent;
  if (!loop)
    return source;
  Value root = operand.get();
  SmallVector<Value> offsets = source.offsets;
  while (Operation *view = root.getDefiningOp()) {
    if (auto cast = dyn_cast<memref::CastOp>(view)) {
      root = cast.getSource();
      continue;
    }
    auto subview = dyn_cast<memref::SubViewOp>(view);
    if (!subview || subview.getSourceType().getRank() != int64_t(offsets.size()) ||
        subview.getType().getRank() != int64_t(offsets.size()) || !subview.hasUnitStride())
      break;
    for (auto [sum, offset] : llvm::zip_equal(offsets, subview.getMixedOffsets()))
      sum = lanes.add(sum, getValueOrCreateConstantIndexOp(builder, loc, offset));
    root = subview.getSource();
  }
  Value base = root;
  while (auto view = base.getDefiningOp<ViewLikeOpInterface>())
    base = view.getViewSource();
  if (loop->isAncestor(root.getParentBlock()->getParentOp()) || !isOnlyRead(base, loop))
    return source;
  if (getConstantIntValue(offsets[source.columnAt]) != 0 || !isKnownMultiple(offsets[source.keyAt], tileDepth))
    return source;
  source.root = root;
  source.offsets = std::move(offsets);
  source.anchor = loop;
  source.shared = true;
  return source;
}

void MatrixOperands::forEachBlock(const Source &source, Value numBlocks,
                                  function_ref<void(MutableArrayRef<Value>, Value)> body) {
  SmallVector<Value> indices(source.offsets.size(), lanes.index(0));
  SmallVector<unsigned> batch;
  for (unsigned d = 0, e = indices.size(); d != e; ++d)
    if (d != source.keyAt && d != source.columnAt)
      batch.push_back(d);
  if (!source.shared) {
    // A slice has extent 1 along all others.
    lanes.loop(lanes.index(0), numBlocks, 1, {}, [&](Value block, ValueRange) -> SmallVector<Value> {
      body(indices, block);
      return {};
    });
    return;
  }
  SmallVector<OpFoldResult> extents;
  for (unsigned d : batch)
    extents.push_back(memref::getMixedSize(builder, loc, source.root, d));
  extents.push_back(numBlocks);
  auto loop = scf::ForallOp::create(builder, loc, extents, ValueRange(), std::nullopt);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(loop.getBody());
  for (auto [d, variable] : llvm::zip(batch, loop.getInductionVars()))
    indices[d] = variable;
  body(indices, loop.getInductionVars().back());
}

//===----------------------------------------------------------------------===//
// Elements
//===----------------------------------------------------------------------===//

/// An integer constant of the shape of `like`.
static Value integerLike(LaneBuilder &lanes, Value like, unsigned width, uint64_t value) {
  IntegerType type = lanes.builder.getIntegerType(width);
  auto scalar = lanes.builder.getIntegerAttr(type, APInt(width, value));
  if (auto vector = dyn_cast<VectorType>(like.getType()))
    return arith::ConstantOp::create(
        lanes.builder, lanes.loc, DenseElementsAttr::get(VectorType::get(vector.getShape(), type), Attribute(scalar)));
  return arith::ConstantOp::create(lanes.builder, lanes.loc, scalar);
}

/// The bits of a float or of a vector of them.
static Value bitsOf(LaneBuilder &lanes, Value value) {
  Type type = lanes.builder.getIntegerType(getElementTypeOrSelf(value.getType()).getIntOrFloatBitWidth());
  if (auto vector = dyn_cast<VectorType>(value.getType()))
    type = VectorType::get(vector.getShape(), type);
  return arith::BitcastOp::create(lanes.builder, lanes.loc, type, value);
}

/// The first part has the sign and, towards zero, the first bits of the whole; the second has the rest, or the smallest
/// number where there is none. So no part is zero unless all is, and products with infinity are infinite, of one sign.
SmallVector<Value> MatrixOperands::split(Value value) {
  if (element.parts == 1)
    return {value};
  Value wide = lanes.toCompute(value), bits = bitsOf(lanes, wide);
  Type narrow = builder.getI16Type(), part = element.type;
  if (auto vector = dyn_cast<VectorType>(value.getType())) {
    narrow = VectorType::get(vector.getShape(), narrow);
    part = VectorType::get(vector.getShape(), part);
  }
  auto mask = [&](uint32_t constant) { return integerLike(lanes, value, 32, constant); };
  // bf16 is the upper half of f32.
  auto upperHalf = [&](Value of) -> Value {
    Value shifted = arith::TruncIOp::create(builder, loc, narrow, arith::ShRUIOp::create(builder, loc, of, mask(16)));
    return arith::BitcastOp::create(builder, loc, part, shifted);
  };
  Value high = arith::AndIOp::create(builder, loc, bits, mask(0xffff0000));
  Value rest = arith::SubFOp::create(builder, loc, wide, arith::BitcastOp::create(builder, loc, wide.getType(), high));
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(wide.getType()));
  Value isRest = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ONE, rest, zero);
  constexpr uint32_t sign = 0x80000000, smallestNormal = 0x00800000;
  Value smallest =
      arith::OrIOp::create(builder, loc, arith::AndIOp::create(builder, loc, bits, mask(sign)), mask(smallestNormal));
  Value low = arith::SelectOp::create(builder, loc, isRest, bitsOf(lanes, rest), smallest);
  return {upperHalf(bits), upperHalf(low)};
}

/// Whether `value`, in 16 bits, is infinite or no number.
Value MatrixOperands::isNotFinite(Value value) {
  uint64_t exponent = getElementTypeOrSelf(value.getType()).isF16() ? 0x7c00 : 0x7f80;
  // Without the sign, by a shift: under a mask LLVM sees a comparison of floats, for which it extends them.
  Value bits = arith::ShLIOp::create(builder, loc, bitsOf(lanes, value), integerLike(lanes, value, 16, 1));
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::uge, bits,
                               integerLike(lanes, value, 16, exponent << 1));
}

/// `width` elements of which those from `count` on are 0 and not read.
Value MatrixOperands::maskedLoad(Value flat, Value position, Value count, int64_t width) {
  auto type = VectorType::get({width}, cast<MemRefType>(flat.getType()).getElementType());
  if (std::optional<int64_t> constant = getConstantIntValue(count); constant && *constant >= width)
    return vector::LoadOp::create(builder, loc, type, flat, ValueRange{position});
  Value mask = vector::CreateMaskOp::create(builder, loc, VectorType::get({width}, builder.getI1Type()), count);
  Value zeros = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(type));
  return vector::MaskedLoadOp::create(builder, loc, type, flat, ValueRange{position}, mask, zeros);
}

Value fovea::zerosOf(LaneBuilder &lanes, int64_t width, Type element) {
  return arith::ConstantOp::create(lanes.builder, lanes.loc,
                                   lanes.builder.getZeroAttr(VectorType::get({width}, element)));
}

Value fovea::toDwords(LaneBuilder &lanes, Value vector) {
  int64_t width = cast<VectorType>(vector.getType()).getNumElements();
  return vector::BitCastOp::create(lanes.builder, lanes.loc, VectorType::get({width / 2}, lanes.builder.getI32Type()),
                                   vector);
}
Value fovea::fromDwords(LaneBuilder &lanes, Value dwords, Type element) {
  int64_t width = cast<VectorType>(dwords.getType()).getNumElements();
  return vector::BitCastOp::create(lanes.builder, lanes.loc, VectorType::get({2 * width}, element), dwords);
}

Value fovea::interleave(LaneBuilder &lanes, Value even, Value odd) {
  OpBuilder &builder = lanes.builder;
  int64_t width = cast<VectorType>(even.getType()).getNumElements();
  auto narrow = VectorType::get({width}, builder.getI16Type()), wide = VectorType::get({width}, builder.getI32Type());
  auto widen = [&](Value half) -> Value {
    return arith::ExtUIOp::create(builder, lanes.loc, wide, arith::BitcastOp::create(builder, lanes.loc, narrow, half));
  };
  Value sixteen = arith::ConstantOp::create(builder, lanes.loc,
                                            DenseElementsAttr::get(wide, builder.getI32IntegerAttr(16).getValue()));
  Value high = arith::ShLIOp::create(builder, lanes.loc, widen(odd), sixteen);
  return arith::OrIOp::create(builder, lanes.loc, widen(even), high);
}
