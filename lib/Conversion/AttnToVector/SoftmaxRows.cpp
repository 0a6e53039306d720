//===- SoftmaxRows.cpp - rows of a softmax on lanes -----------------------===//
//
// Buffers whose softmax dimension has unit stride, which is known at run time only, are read by vector loads, the last
// of a row under a mask; the code exists twice, and the other version gathers lane by lane.
//
//===----------------------------------------------------------------------===//

#include "SoftmaxRows.h"
#include "RegionVectorizer.h"
#include "Transpose.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/IR/TypeUtilities.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

/// Results larger than this leave the cache before anyone reads them.
constexpr int64_t bytesWorthStreaming = 8 << 20;
/// The least that one instruction stores past the cache.
constexpr int64_t leastRegisterBytes = 16;
/// Shorter rows are mostly ends that cannot be streamed.
constexpr int64_t rowBytesWorthStreaming = 8192;

SoftmaxRows::SoftmaxRows(OpBuilder &builder, ScoreOpInterface op, VectorUnit unit)
    : builder(builder), op(op), unit(unit), structured(cast<StructuredOpInterface>(op.getOperation())),
      lanes(builder, op.getLoc(), op.getComputeType(), unit.lanes(op.getComputeType())), dimension(op.getKeyDim()) {
  extents = domainExtents(lanes, structured);
  position.resize(extents.size());
  for (unsigned d = 0, e = extents.size(); d != e; ++d)
    if (d != dimension)
      rows.push_back(d);
  for (OpFoldResult offset : op.getMixedOffsets())
    at.push_back(getValueOrCreateConstantIndexOp(builder, op.getLoc(), offset));
  if (at.empty())
    at.assign(extents.size(), lanes.index(0));
}

void SoftmaxRows::walk(MutableArrayRef<Value> buffers, ArrayRef<unsigned> dims, function_ref<void()> body) {
  SmallVector<Value> original(buffers), views;
  bool isLast = dimension + 1 == extents.size();
  Value unit = arith::ConstantIntOp::create(builder, lanes.loc, isLast, 1);
  for (Value buffer : buffers)
    if (isLast) {
      UnitStrideView view(lanes, buffer);
      views.push_back(view.buffer);
      unit = builder.createOrFold<arith::AndIOp>(lanes.loc, unit, view.isUnit);
    }
  auto emit = [&](ArrayRef<Value> seen, bool fast) {
    unitStride = fast;
    llvm::copy(seen, buffers.begin());
    forEach(lanes, dims, extents, position, body);
    llvm::copy(original, buffers.begin());
  };
  lanes.either(unit, [&] { emit(views, true); }, [&] { emit(original, false); });
}

/// The first `valid` lanes.
static Value validLanes(LaneBuilder &lanes, Value valid) {
  return vector::CreateMaskOp::create(lanes.builder, lanes.loc, lanes.vectorOf(lanes.builder.getI1Type()), valid);
}

Value SoftmaxRows::loadLanes(Value buffer, Value begin, Value valid) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
  position[dimension] = begin;
  if (unitStride && !valid)
    return lanes.load(buffer, rowIndices(identity));
  // Lanes beyond the row repeat an element that exists.
  if (unitStride) {
    SmallVector<Value> indices = rowIndices(identity);
    Value first = lanes.broadcast(Value(memref::LoadOp::create(builder, lanes.loc, buffer, indices)));
    return vector::MaskedLoadOp::create(builder, lanes.loc, cast<VectorType>(first.getType()), buffer, indices,
                                        validLanes(lanes, valid), first);
  }
  Value last = valid ? lanes.add(begin, lanes.sub(valid, lanes.index(1))) : Value();
  return loadAlong(lanes, buffer, identity, position, dimension, begin, last);
}

bool SoftmaxRows::canStorePastCache(Value buffer) const {
  int64_t width = getElementTypeOrSelf(buffer.getType()).getIntOrFloatBitWidth();
  return width >= 32 || (unit.avx512 && lanes.lanes * width / 8 >= leastRegisterBytes);
}

Value SoftmaxRows::addressOf(Value buffer, Value begin) {
  Location loc = lanes.loc;
  auto metadata = memref::ExtractStridedMetadataOp::create(builder, loc, buffer);
  AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
  position[dimension] = begin;
  Value element = metadata.getOffset();
  for (auto [index, stride] : llvm::zip_equal(rowIndices(identity), metadata.getStrides()))
    element = lanes.add(element, arith::MulIOp::create(builder, loc, index, stride));
  Value bytes = lanes.index(getElementTypeOrSelf(buffer.getType()).getIntOrFloatBitWidth() / 8);
  Value base = memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, buffer);
  return lanes.add(base, arith::MulIOp::create(builder, loc, element, bytes));
}

Value SoftmaxRows::isWorthStreaming(Value buffer) {
  Location loc = lanes.loc;
  if (!canStorePastCache(buffer))
    return arith::ConstantOp::create(builder, loc, builder.getBoolAttr(false));
  Value whole = buffer; // of which the tile writes a part
  while (true) {
    if (auto view = whole.getDefiningOp<memref::SubViewOp>())
      whole = view.getSource();
    else if (auto cast = whole.getDefiningOp<memref::CastOp>())
      whole = cast.getSource();
    else
      break;
  }
  auto type = cast<MemRefType>(whole.getType());
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  Value elements = lanes.index(1);
  for (int64_t i = 0, e = type.getRank(); i != e; ++i)
    elements = builder.createOrFold<arith::MulIOp>(loc, elements, builder.createOrFold<memref::DimOp>(loc, whole, i));
  auto exceeds = [&](Value count, int64_t limit) {
    return builder.createOrFold<arith::CmpIOp>(loc, arith::CmpIPredicate::sgt, count, lanes.index(limit / bytes));
  };
  return builder.createOrFold<arith::AndIOp>(loc, exceeds(elements, bytesWorthStreaming),
                                             exceeds(extents[dimension], rowBytesWorthStreaming - 1));
}

Value SoftmaxRows::headLength(Value buffer, Value begin, Value end) {
  Location loc = lanes.loc;
  int64_t bytes = getElementTypeOrSelf(buffer.getType()).getIntOrFloatBitWidth() / 8;
  Value address = addressOf(buffer, begin);
  Value missing =
      arith::AndIOp::create(builder, loc, lanes.sub(lanes.index(0), address), lanes.index(lanes.lanes * bytes - 1));
  Value head = arith::DivUIOp::create(builder, loc, missing, lanes.index(bytes));
  return arith::MinSIOp::create(builder, loc, head, lanes.sub(end, begin));
}

/// LLVM 22 makes ordinary stores of such stores of 16-bit floats (and sees through casts to integers), so that the
/// instruction is written out for them.
void SoftmaxRows::storePastCache(Value vector, Value buffer, Value begin) {
  Location loc = lanes.loc;
  Type element = getElementTypeOrSelf(buffer.getType());
  int64_t bytes = lanes.lanes * element.getIntOrFloatBitWidth() / 8;
  if (element.getIntOrFloatBitWidth() >= 32) {
    position[dimension] = begin;
    AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
    auto store = vector::StoreOp::create(builder, loc, vector, buffer, rowIndices(identity));
    store.setNontemporal(true);
    store.setAlignment(bytes);
    return;
  }
  Value address = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), addressOf(buffer, begin));
  Value words = vector::BitCastOp::create(builder, loc, VectorType::get({bytes / 4}, builder.getI32Type()), vector);
  LLVM::InlineAsmOp::create(builder, loc, TypeRange(), ValueRange{words, address}, "vmovntdq $0, ($1)", "v,r,~{memory}",
                            /*has_side_effects=*/true, /*is_align_stack=*/false, LLVM::TailCallKind::None,
                            LLVM::AsmDialectAttr(), ArrayAttr());
}

void SoftmaxRows::storeLanes(Value vector, Value buffer, Value begin, Value valid, bool streaming) {
  AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
  Type element = getElementTypeOrSelf(buffer.getType());
  vector = lanes.fromCompute(vector, element);
  position[dimension] = begin;
  if (unitStride && !valid)
    return streaming ? storePastCache(vector, buffer, begin) : lanes.store(vector, buffer, rowIndices(identity));
  if (unitStride) {
    vector::MaskedStoreOp::create(builder, lanes.loc, buffer, rowIndices(identity), validLanes(lanes, valid), vector);
    return;
  }
  for (int64_t lane = 0; lane != lanes.lanes; ++lane) {
    Value element = vector::ExtractOp::create(builder, lanes.loc, vector, lane);
    auto storeOne = [&] {
      position[dimension] = lanes.add(begin, lane);
      memref::StoreOp::create(builder, lanes.loc, element, buffer, rowIndices(identity));
    };
    if (!valid) {
      storeOne();
      continue;
    }
    Value exists = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::slt, lanes.index(lane), valid);
    lanes.when(exists, storeOne);
  }
}

Value SoftmaxRows::scores(Value input, Value begin, Value valid) {
  Value score = lanes.toCompute(loadLanes(input, begin, valid));
  auto positionOf = [&](unsigned dim) -> Value {
    if (dim != dimension)
      return lanes.add(at[dim], position[dim]);
    Value positions = lanes.lanePositions(lanes.add(at[dim], begin));
    if (!valid)
      return positions;
    // Lanes that do not exist repeat the last position that does.
    Value last = lanes.add(lanes.add(at[dim], begin), lanes.sub(valid, lanes.index(1)));
    return arith::MinSIOp::create(builder, lanes.loc, positions, lanes.broadcast(last));
  };
  auto load = [&](OpOperand &capture) {
    Value last = valid ? lanes.sub(extents[dimension], lanes.index(1)) : Value();
    return loadAlong(lanes, capture.get(), structured.getMapOf(capture), position, dimension, begin, last);
  };
  score = applyRegions(lanes, op, score, op.hasMask(), load, positionOf);
  if (valid) {
    Value exists = arith::CmpIOp::create(builder, lanes.loc, arith::CmpIPredicate::slt,
                                         lanes.lanePositions(lanes.index(0)), lanes.broadcast(valid));
    score = arith::SelectOp::create(builder, lanes.loc, exists, score, lanes.negInf());
  }
  return score;
}

/// One value alone would wait for itself: four cover the latency of an addition. Regions are not repeated as often.
int64_t SoftmaxRows::copies() { return op.hasScore() || op.hasMask() ? 1 : 4; }

SoftmaxRows::Bounds SoftmaxRows::boundsOf(Value begin, Value end) {
  Value count = lanes.sub(end, begin);
  auto restOf = [&](int64_t step) -> Value {
    return arith::RemUIOp::create(builder, lanes.loc, count, lanes.index(step));
  };
  Value rest = restOf(lanes.lanes);
  return {lanes.sub(end, restOf(copies() * lanes.lanes)), lanes.sub(end, rest), rest};
}

void SoftmaxRows::inLanes(Value begin, Value end, function_ref<void(Value, Value)> body) {
  Bounds bounds = boundsOf(begin, end);
  auto loop = [&](Value from, Value to, int64_t vectors, Value valid) {
    lanes.loop(from, to, vectors * lanes.lanes, {}, [&](Value at, ValueRange) -> SmallVector<Value> {
      for (int64_t i = 0; i != vectors; ++i)
        body(lanes.add(at, i * lanes.lanes), valid);
      return {};
    });
  };
  loop(begin, bounds.blocksEnd, copies(), Value());
  if (copies() > 1)
    loop(bounds.blocksEnd, bounds.vectorsEnd, 1, Value());
  loop(bounds.vectorsEnd, end, 1, bounds.rest);
}

Value SoftmaxRows::reduceInLanes(Value begin, Value end, Value identity, function_ref<Value(Value, Value, Value)> body,
                                 function_ref<Value(Value, Value)> combine) {
  Bounds bounds = boundsOf(begin, end);
  auto loop = [&](Value from, Value to, Value valid, ValueRange init) {
    int64_t vectors = init.size();
    return lanes.loop(from, to, vectors * lanes.lanes, init, [&](Value at, ValueRange carried) {
      SmallVector<Value> next;
      for (int64_t i = 0; i != vectors; ++i)
        next.push_back(body(lanes.add(at, i * lanes.lanes), valid, carried[i]));
      return next;
    });
  };
  SmallVector<Value> values = loop(begin, bounds.blocksEnd, Value(), SmallVector<Value>(copies(), identity));
  while (values.size() > 1) {
    for (size_t i = 0; i != values.size() / 2; ++i)
      values[i] = combine(values[i], values[values.size() / 2 + i]);
    values.resize(values.size() / 2);
  }
  if (copies() > 1)
    values = loop(bounds.blocksEnd, bounds.vectorsEnd, Value(), values);
  return loop(bounds.vectorsEnd, end, bounds.rest, values)[0];
}

void SoftmaxRows::prefetch(Value input, Value begin, Value at) {
  DomainPosition ahead = position;
  ahead[dimension] = lanes.add(begin, at);
  if (!rows.empty()) {
    Location loc = lanes.loc;
    unsigned d = rows.back();
    Value inRow = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, begin, extents[dimension]);
    Value last = lanes.sub(extents[d], lanes.index(1));
    Value next = arith::MinSIOp::create(builder, loc, lanes.add(position[d], 1), last);
    ahead[d] = arith::SelectOp::create(builder, loc, inRow, position[d], next);
    ahead[dimension] = lanes.add(arith::SelectOp::create(builder, loc, inRow, begin, lanes.index(0)), at);
  }
  AffineMap identity = AffineMap::getMultiDimIdentityMap(extents.size(), op->getContext());
  memref::PrefetchOp::create(builder, lanes.loc, input, operandIndices(lanes, identity, ahead), /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}
