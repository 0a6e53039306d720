//===- ScoreRegion.cpp - score and mask regions on tiles ------------------===//
//
//   ^bb0(%s: f32, %slope: f32):                        %slope = memref.load %slopes[%h]          in front of the loop
//     %j = attn.index 3                                %n = cta.splat %n0 : i32 -> tensor<128x128xi32>
//                                             ->       %j = arith.addi %n, (cta.iota dim 1)
//     %d = arith.subi %offset, %j : index              %d = arith.subi (cta.splat %offset), %j : tensor<128x128xi32>
//     ...                                              ...
//
//===----------------------------------------------------------------------===//

#include "ScoreRegion.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/TypeUtilities.h"
#include "llvm/Support/FormatVariadic.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

static bool isTile(Value value) { return isa<RankedTensorType>(value.getType()); }

/// The argument of a region that stands for capture `number`, and back.
static BlockArgument captureArgument(OnlineAttentionOp op, Region &region, unsigned number) {
  return region.getArgument(number + (&region == &op.getScore()));
}

static OpOperand &captureOperand(OnlineAttentionOp op, BlockArgument argument) {
  bool isScore = argument.getOwner()->getParent() == &op.getScore();
  return op.getCapturesMutable()[argument.getArgNumber() - isScore];
}

static bool isWholeCapture(Value value) { return isa<BlockArgument>(value) && isa<RankedTensorType>(value.getType()); }

//===----------------------------------------------------------------------===//
// What is supported
//===----------------------------------------------------------------------===//

static void checkOp(Operation &op, Reasons &reasons) {
  auto refuse = [&](const char *format, auto... args) { reasons.push_back(llvm::formatv(format, args...).str()); };
  if (isa<IndexOp, YieldOp>(op))
    return;
  if (isa<tensor::ExtractOp, tensor::DimOp>(op)) {
    if (!isWholeCapture(op.getOperand(0)))
      refuse("its regions have a '{0}' of what is no capture", op.getName());
    if (isa<tensor::DimOp>(op) && !matchPattern(op.getOperand(1), m_Constant()))
      refuse("its regions have a '{0}' of a computed dimension", op.getName());
    return;
  }
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    auto integer = dyn_cast<IntegerAttr>(constant.getValue());
    if (integer && constant.getType().isIndex() && !integer.getValue().isSignedIntN(32))
      refuse("its regions compute with the index {0}, which does not fit into 32 bits", integer.getInt());
    else if (!constant.getType().isIntOrIndexOrFloat())
      refuse("its regions have a constant of type {0}", constant.getType());
    return;
  }
  if (op.getNumRegions() != 0 || op.getNumResults() != 1 || !OpTrait::hasElementwiseMappableTraits(&op) ||
      !llvm::all_of(op.getOperandTypes(), [](Type type) { return type.isIntOrIndexOrFloat(); }))
    refuse("its regions have a '{0}', which is not elementwise", op.getName());
}

void fovea::checkRegions(OnlineAttentionOp attention, Reasons &reasons) {
  for (Region *region : {&attention.getScore(), &attention.getMask()})
    if (!region->empty())
      for (Operation &op : region->front())
        checkOp(op, reasons);
  for (auto [i, capture] : llvm::enumerate(attention.getCaptures())) {
    if (!isa<ShapedType>(capture.getType()))
      continue;
    std::string whyNot;
    std::optional<MemoryView> view = MemoryView::of(capture, whyNot);
    Region &region = attention.getScore().empty() ? attention.getMask() : attention.getScore();
    if (!view)
      reasons.push_back(llvm::formatv("capture {0} is no view of an argument of the kernel: {1}", i, whyNot));
    else if (isWholeCapture(captureArgument(attention, region, i)) && !view->isWhole())
      reasons.push_back(llvm::formatv("capture {0} is read at any position but is a part of a tensor", i));
  }
}

//===----------------------------------------------------------------------===//
// Values
//===----------------------------------------------------------------------===//

Value RegionTiles::invariant(function_ref<Value()> make) {
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(loop);
  return make();
}

Value RegionTiles::asTile(Value value) { return isTile(value) ? value : builder.splat(value, tileOf(value.getType())); }

/// A position in 32 bits, everything else as it is.
static Type narrowed(Type type) { return type.isIndex() ? IntegerType::get(type.getContext(), 32) : type; }

Value RegionTiles::lookup(Value value) {
  if (Value known = values.lookupOrNull(value))
    return known;
  Value result;
  if (region->isAncestor(value.getParentRegion())) { // a capture that was not read yet
    OnlineAttentionOp attention = body.attention;
    result = readCapture(captureOperand(attention, cast<BlockArgument>(value)));
  } else if (body.isInLoop(value)) { // differs from block to block
    result = map(value);
    result = asTile(result.getType().isIndex() ? builder.toI32(result) : result);
  } else {
    result = value.getType().isIndex() ? invariant([&] { return builder.toI32(value); }) : value;
  }
  values.map(value, result);
  return result;
}

Value RegionTiles::coordinate(int64_t dim) { return cta::IotaOp::create(builder, tileOf(builder.getI32Type()), dim); }

//===----------------------------------------------------------------------===//
// Captures
//===----------------------------------------------------------------------===//

/// Where an element lies whose position is divided: indices one by one.
Value RegionTiles::gatherCapture(const MemoryView &view, AffineMap dims) {
  SmallVector<Value> indices = view.allOffsets(builder, map);
  for (unsigned i = 0, rank = dims.getNumResults(); i != rank; ++i) {
    AffineExpr expr = dims.getResult(i);
    int64_t group = 1;
    if (auto division = dyn_cast<AffineBinaryOpExpr>(expr)) {
      group = cast<AffineConstantExpr>(division.getRHS()).getValue();
      expr = division.getLHS();
    }
    auto dim = dyn_cast<AffineDimExpr>(expr);
    bool isRow = dim && dim.getPosition() == body.dims.query(), isKey = dim && dim.getPosition() == body.dims.key;
    if (!isRow && !isKey)
      continue;
    Value local = coordinate(isKey);
    if (group != 1)
      local = arith::DivUIOp::create(builder, local, asTile(builder.i32(group)));
    Value &index = indices[view.dims[i]];
    index = arith::AddIOp::create(builder, asTile(builder.toI32(index)), local);
  }
  return cta::GatherOp::create(builder, tileOf(view.type().getElementType()), view.memref, indices);
}

Value RegionTiles::readCapture(OpOperand &operand) {
  OnlineAttentionOp attention = body.attention;
  unsigned number = operand.getOperandNumber() - attention.getCaptures().getBeginOperandIndex();
  Value &result = captures[number];
  if (result)
    return result;
  if (!isa<ShapedType>(operand.get().getType())) {
    Value scalar = operand.get();
    if (body.isInLoop(scalar))
      return result = asTile(scalar.getType().isIndex() ? builder.toI32(map(scalar)) : map(scalar));
    return result = scalar.getType().isIndex() ? invariant([&] { return builder.toI32(scalar); }) : scalar;
  }
  std::string whyNot;
  MemoryView view = *MemoryView::of(operand.get(), whyNot);
  AffineMap dims = body.mapOf(operand);
  Type element = view.type().getElementType();
  std::optional<unsigned> row = memoryDim(view, dims, body.dims.query()), key = memoryDim(view, dims, body.dims.key);
  auto read = [&](ArrayRef<int64_t> shape, ArrayRef<int64_t> along) -> Value {
    return cta::ReadOp::create(builder, builder.tile(shape, element), view.memref, view.allOffsets(builder, map),
                               along);
  };
  if (dims.isFunctionOfDim(body.dims.query()) != row.has_value() ||
      dims.isFunctionOfDim(body.dims.key) != key.has_value())
    result = gatherCapture(view, dims);
  else if (row && key)
    result = read({body.rows, body.keys}, {*row, *key});
  else if (row)
    result = builder.alongColumns(invariant([&] { return read(body.rows, *row); }), body.keys);
  else if (key)
    result = cta::BroadcastOp::create(builder, tileOf(element), read(body.keys, *key), /*dim=*/0);
  else
    result = invariant(
        [&]() -> Value { return memref::LoadOp::create(builder, view.memref, view.allOffsets(builder, map)); });
  if (element.isIndex())
    result = lowerIndexCast(result, builder.getIndexType(), /*isUnsigned=*/false);
  return result;
}

/// An element of a whole capture. A position that is the same for all is read once, in front of the loop.
Value RegionTiles::lowerExtract(Value capture, ValueRange indices) {
  OnlineAttentionOp attention = body.attention;
  std::string whyNot;
  MemoryView view = *MemoryView::of(captureOperand(attention, cast<BlockArgument>(capture)).get(), whyNot);
  SmallVector<Value> positions = llvm::map_to_vector(indices, [&](Value index) { return lookup(index); });
  Type element = view.type().getElementType();
  Value result;
  if (llvm::any_of(positions, isTile))
    result = cta::GatherOp::create(builder, tileOf(element), view.memref, positions);
  else
    result = invariant([&]() -> Value {
      for (Value &position : positions)
        position = builder.createOrFold<arith::IndexCastOp>(builder.getIndexType(), position);
      return memref::LoadOp::create(builder, view.memref, positions);
    });
  return element.isIndex() ? lowerIndexCast(result, element, /*isUnsigned=*/false) : result;
}

//===----------------------------------------------------------------------===//
// Ops
//===----------------------------------------------------------------------===//

Value RegionTiles::lowerIndex(unsigned dim) {
  OnlineAttentionOp attention = body.attention;
  SmallVector<OpFoldResult> at = cast<ScoreOpInterface>(attention.getOperation()).getMixedOffsets();
  OpFoldResult offset = at.empty() ? builder.getIndexAttr(0) : at[dim];
  auto begin = [&]() -> Value { return builder.toI32(map(builder.toIndex(offset))); };
  bool isRow = dim == body.dims.query(), isKey = dim == body.dims.key;
  if (!isRow && !isKey)
    return invariant(begin);
  return arith::AddIOp::create(builder, asTile(isRow ? invariant(begin) : begin()), coordinate(isKey));
}

/// Between positions, which are i32 here, and integers.
Value RegionTiles::lowerIndexCast(Value value, Type to, bool isUnsigned) {
  Type from = getElementTypeOrSelf(value.getType());
  to = narrowed(to);
  Type type = isTile(value) ? Type(tileOf(to)) : to;
  auto cast = [&]() -> Value {
    if (from.isIndex())
      return arith::IndexCastOp::create(builder, type, value);
    if (from == to)
      return value;
    if (from.getIntOrFloatBitWidth() > to.getIntOrFloatBitWidth())
      return arith::TruncIOp::create(builder, type, value);
    if (isUnsigned)
      return arith::ExtUIOp::create(builder, type, value);
    return arith::ExtSIOp::create(builder, type, value);
  };
  return isTile(value) ? cast() : invariant(cast);
}

Value RegionTiles::lowerElementwise(Operation &op) {
  SmallVector<Value> operands = llvm::map_to_vector(op.getOperands(), [&](Value operand) { return lookup(operand); });
  // A conversion of a position is one of 32 bits.
  if (isa<arith::SIToFPOp>(op))
    if (auto extension = operands[0].getDefiningOp<arith::ExtSIOp>())
      operands[0] = extension.getIn();
  bool onTiles = llvm::any_of(operands, isTile);
  auto make = [&]() -> Value {
    Type element = narrowed(op.getResult(0).getType());
    if (onTiles)
      for (Value &operand : operands)
        operand = asTile(operand);
    OperationState state(op.getLoc(), op.getName(), operands, onTiles ? Type(tileOf(element)) : element,
                         llvm::to_vector(op.getDiscardableAttrs()));
    state.propertiesAttr = op.getPropertiesAsAttribute();
    return builder.create(state)->getResult(0);
  };
  return onTiles ? make() : invariant(make);
}

void RegionTiles::lowerOp(Operation &op) {
  Value result;
  if (auto index = dyn_cast<IndexOp>(op)) {
    result = lowerIndex(index.getDim());
  } else if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    result = lowerExtract(extract.getTensor(), extract.getIndices());
  } else if (auto dim = dyn_cast<tensor::DimOp>(op)) {
    OnlineAttentionOp attention = body.attention;
    Value capture = captureOperand(attention, cast<BlockArgument>(dim.getSource())).get();
    std::string whyNot;
    result = invariant([&] {
      Value memref = MemoryView::of(capture, whyNot)->memref;
      Value number = builder.createOrFold<arith::IndexCastOp>(builder.getIndexType(), lookup(dim.getIndex()));
      return builder.toI32(builder.createOrFold<memref::DimOp>(memref, number));
    });
  } else if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    TypedAttr value = constant.getValue();
    if (value.getType().isIndex())
      value = builder.getI32IntegerAttr(cast<IntegerAttr>(value).getInt());
    result = invariant([&] { return arith::ConstantOp::create(builder, value); });
  } else if (isa<arith::IndexCastOp, arith::IndexCastUIOp>(op)) {
    result = lowerIndexCast(lookup(op.getOperand(0)), op.getResult(0).getType(), isa<arith::IndexCastUIOp>(op));
  } else {
    result = lowerElementwise(op);
  }
  values.map(op.getResult(0), result);
}

Value RegionTiles::lower(Region &lowered, Value scores) {
  region = &lowered;
  values.clear();
  Block &block = lowered.front();
  if (scores)
    values.map(block.getArgument(0), scores);
  for (Operation &op : block.without_terminator())
    lowerOp(op);
  return asTile(lookup(cast<YieldOp>(block.getTerminator()).getValue()));
}

Value RegionTiles::score(Value scores) {
  OnlineAttentionOp attention = body.attention;
  return attention.getScore().empty() ? scores : lower(attention.getScore(), scores);
}

Value RegionTiles::mask() {
  OnlineAttentionOp attention = body.attention;
  return lower(attention.getMask(), Value());
}
