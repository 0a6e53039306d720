//===- MatrixOperands.cpp - operands as a matrix unit takes them ----------===//
//
// Each packing exists twice, by whether the head dim has unit stride, which is known at run time only: with vectors and
// transposes in registers, or element by element. Its cost is that of reading an operand, once; the products read it
// once per tile of queries.
//
//===----------------------------------------------------------------------===//

#include "MatrixOperands.h"
#include "RowLoops.h"
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
      AffineExpr expr = isDim ? getAffineDimExpr(i, op->getContext())
                              : getAffineSymbolExpr(i - map.getNumDims(), op->getContext());
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

SmallVector<Value> MatrixOperands::split(Value value) {
  if (element.parts == 1)
    return {value};
  Value wide = lanes.toCompute(value);
  Value high = lanes.fromCompute(wide, element.type);
  Value rest = arith::SubFOp::create(builder, loc, wide, lanes.toCompute(high));
  // Infinity less itself is no number, and the whole is in the first part.
  Value isNumber = arith::CmpFOp::create(builder, loc, arith::CmpFPredicate::ORD, rest, rest);
  Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(rest.getType()));
  rest = arith::SelectOp::create(builder, loc, isNumber, rest, zero);
  return {high, lanes.fromCompute(rest, element.type)};
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

static Value zerosOf(LaneBuilder &lanes, int64_t width, Type element) {
  return arith::ConstantOp::create(lanes.builder, lanes.loc,
                                   lanes.builder.getZeroAttr(VectorType::get({width}, element)));
}

/// Pairs of elements as dwords, and back.
static Value toDwords(LaneBuilder &lanes, Value vector) {
  int64_t width = cast<VectorType>(vector.getType()).getNumElements();
  return vector::BitCastOp::create(lanes.builder, lanes.loc, VectorType::get({width / 2}, lanes.builder.getI32Type()),
                                   vector);
}
static Value fromDwords(LaneBuilder &lanes, Value dwords, Type element) {
  int64_t width = cast<VectorType>(dwords.getType()).getNumElements();
  return vector::BitCastOp::create(lanes.builder, lanes.loc, VectorType::get({2 * width}, element), dwords);
}

Value fovea::interleave(LaneBuilder &lanes, Value even, Value odd) {
  OpBuilder &builder = lanes.builder;
  int64_t width = cast<VectorType>(even.getType()).getNumElements();
  auto narrow = VectorType::get({width}, builder.getI16Type()), wide = VectorType::get({width}, builder.getI32Type());
  auto widen = [&](Value half) -> Value {
    return arith::ExtUIOp::create(builder, lanes.loc, wide,
                                  arith::BitcastOp::create(builder, lanes.loc, narrow, half));
  };
  Value sixteen = arith::ConstantOp::create(builder, lanes.loc,
                                            DenseElementsAttr::get(wide, builder.getI32IntegerAttr(16).getValue()));
  Value high = arith::ShLIOp::create(builder, lanes.loc, widen(odd), sixteen);
  return arith::OrIOp::create(builder, lanes.loc, widen(even), high);
}

//===----------------------------------------------------------------------===//
// K
//===----------------------------------------------------------------------===//

KeyRows MatrixOperands::packKeys() {
  Source source = trace(op.getKeyMutable(), /*columnDim=*/2);
  auto type = cast<MemRefType>(source.root.getType());
  int64_t headDim = cast<MemRefType>(op.getKey().getType()).getDimSize(source.columnAt);
  int64_t width = llvm::alignTo(headDim, tileDepth);
  KeyRows rows;
  SmallVector<Value> strides;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(source.anchor);
    FlatBuffer flat = FlatBuffer::of(lanes, source.root);
    Value unit = isUnitStride(lanes, flat.strides[source.columnAt]);
    Value asItLies = width == headDim && element.parts == 1
                         ? unit
                         : Value(arith::ConstantOp::create(builder, loc, builder.getBoolAttr(false)));
    std::optional<int64_t> known = getConstantIntValue(asItLies);
    if (known && *known) {
      rows.parts = {flat.elements};
      strides = flat.strides;
    } else {
      Value numKeys = memref::DimOp::create(builder, loc, source.root, source.keyAt);
      Value numBlocks = arith::CeilDivUIOp::create(builder, loc, numKeys, lanes.index(tileDepth));
      numBlocks = builder.createOrFold<arith::SelectOp>(loc, asItLies, lanes.index(0), numBlocks);
      // Row-major, in the order of the original's dimensions, but for the last two.
      strides.assign(type.getRank(), Value());
      strides[source.columnAt] = lanes.index(1);
      strides[source.keyAt] = lanes.index(width);
      Value size = arith::MulIOp::create(builder, loc, numBlocks, lanes.index(tileDepth * width));
      for (int64_t d = type.getRank() - 1; d >= 0; --d)
        if (!strides[d]) {
          strides[d] = size;
          size = arith::MulIOp::create(builder, loc, size, memref::DimOp::create(builder, loc, source.root, d));
        }
      SmallVector<Value> copies;
      auto copyType = MemRefType::get({ShapedType::kDynamic}, element.type);
      for (int64_t part = 0; part != element.parts; ++part)
        copies.push_back(memref::AllocOp::create(builder, loc, copyType, size, builder.getI64IntegerAttr(64)));
      FlatBuffer layout{Value(), strides};
      forEachBlock(source, numBlocks, [&](MutableArrayRef<Value> indices, Value block) {
        Value first = arith::MulIOp::create(builder, loc, block, lanes.index(tileDepth));
        lanes.loop(lanes.index(0), lanes.index(tileDepth), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
          indices[source.keyAt] = lanes.add(first, row);
          indices[source.columnAt] = lanes.index(0);
          Value isKey =
              arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, indices[source.keyAt], numKeys);
          Value to = layout.position(lanes, indices);
          auto storeAt = [&](Value value, int64_t part, Value at) {
            if (isa<VectorType>(value.getType()))
              vector::StoreOp::create(builder, loc, value, copies[part], at);
            else
              memref::StoreOp::create(builder, loc, value, copies[part], at);
          };
          auto fast = [&] {
            Value from = flat.position(lanes, indices);
            for (int64_t k = 0; k != width; k += tileDepth) {
              Value rest = lanes.index(std::min(headDim - k, tileDepth));
              Value count = arith::SelectOp::create(builder, loc, isKey, rest, lanes.index(0));
              Value vector = maskedLoad(flat.elements, lanes.add(from, k), count, tileDepth);
              for (auto [part, value] : llvm::enumerate(split(vector)))
                storeAt(value, part, lanes.add(to, k));
            }
          };
          auto general = [&] {
            for (int64_t part = 0; part != element.parts; ++part)
              for (int64_t k = 0; k != width; k += tileDepth)
                storeAt(zerosOf(lanes, tileDepth, element.type), part, lanes.add(to, k));
            Value count = arith::SelectOp::create(builder, loc, isKey, lanes.index(headDim), lanes.index(0));
            lanes.loop(lanes.index(0), count, 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
              indices[source.columnAt] = k;
              Value scalar = memref::LoadOp::create(builder, loc, flat.elements, flat.position(lanes, indices));
              for (auto [part, value] : llvm::enumerate(split(scalar)))
                storeAt(value, part, lanes.add(to, k));
              return {};
            });
          };
          either(lanes, unit, fast, general);
          return {};
        });
      });
      if (known) {
        for (Value copy : copies)
          rows.parts.push_back(memref::CastOp::create(
              builder, loc,
              MemRefType::get({ShapedType::kDynamic}, element.type,
                              StridedLayoutAttr::get(builder.getContext(), ShapedType::kDynamic, {1})),
              copy));
      } else {
        Value copy = memref::CastOp::create(builder, loc, flat.elements.getType(), copies.front());
        rows.parts = {arith::SelectOp::create(builder, loc, asItLies, flat.elements, copy)};
        for (auto [ours, theirs] : llvm::zip_equal(strides, flat.strides))
          ours = arith::SelectOp::create(builder, loc, asItLies, theirs, ours);
      }
    }
  }
  rows.begin = FlatBuffer{Value(), strides}.position(lanes, source.offsets);
  rows.stride = strides[source.keyAt];
  return rows;
}

//===----------------------------------------------------------------------===//
// Q
//===----------------------------------------------------------------------===//

/// The outermost loop or branch around `op`, within the parallel body, in front of which `value` exists.
static Operation *hoistedAnchor(Operation *op, Value value) {
  Operation *anchor = op;
  for (Operation *parent = op->getParentOp(); !isa<FunctionOpInterface, scf::ForallOp>(parent);
       parent = parent->getParentOp()) {
    if (parent->isAncestor(value.getParentBlock()->getParentOp()))
      break;
    anchor = parent;
  }
  return anchor;
}

QueryTiles MatrixOperands::packQueries(int64_t numQueries) {
  Value query = op.getQuery();
  AffineMap map = cast<StructuredOpInterface>(op.getOperation()).getMapOf(op.getQueryMutable());
  unsigned rowAt = 0, columnAt = 0;
  for (auto [i, expr] : llvm::enumerate(map.getResults())) {
    if (expr == getAffineDimExpr(0, op.getContext()))
      rowAt = i;
    else if (expr == getAffineDimExpr(2, op.getContext()))
      columnAt = i;
  }
  int64_t headDim = cast<MemRefType>(query.getType()).getDimSize(columnAt);
  int64_t groups = numQueries / tileRows, steps = llvm::divideCeil(headDim, tileDepth);
  QueryTiles tiles;
  for (int64_t part = 0; part != element.parts; ++part)
    tiles.parts.push_back(makeScratch(builder, op, {groups, steps, tileRows, tileDepth}, element.type));

  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPoint(hoistedAnchor(op, query));
  FlatBuffer flat = FlatBuffer::of(lanes, query);
  Value last = lanes.sub(memref::DimOp::create(builder, loc, query, rowAt), lanes.index(1));
  SmallVector<Value> indices(map.getNumResults(), lanes.index(0));
  // Queries beyond the tile repeat its last one.
  auto rowOf = [&](Value row) {
    indices[rowAt] = arith::MinSIOp::create(builder, loc, row, last);
    return flat.position(lanes, indices);
  };
  auto fast = [&] {
    lanes.loop(lanes.index(0), lanes.index(groups), 1, {}, [&](Value group, ValueRange) -> SmallVector<Value> {
      Value first = arith::MulIOp::create(builder, loc, group, lanes.index(tileRows));
      SmallVector<Value> rows;
      for (int64_t i = 0; i != tileRows; ++i)
        rows.push_back(rowOf(lanes.add(first, i)));
      lanes.loop(lanes.index(0), lanes.index(steps), 1, {}, [&](Value step, ValueRange) -> SmallVector<Value> {
        Value k = arith::MulIOp::create(builder, loc, step, lanes.index(tileDepth));
        Value count = headDim % tileDepth == 0
                          ? lanes.index(tileDepth)
                          : Value(arith::MinSIOp::create(builder, loc, lanes.sub(lanes.index(headDim), k),
                                                         lanes.index(tileDepth)));
        SmallVector<SmallVector<Value>> dwords(element.parts);
        for (Value row : rows)
          for (auto [part, value] :
               llvm::enumerate(split(maskedLoad(flat.elements, lanes.add(row, k), count, tileDepth))))
            dwords[part].push_back(toDwords(lanes, value));
        for (auto [part, matrix] : llvm::enumerate(dwords))
          for (auto [pair, vector] : llvm::enumerate(transpose16x16(lanes, matrix)))
            vector::StoreOp::create(builder, loc, fromDwords(lanes, vector, element.type), tiles.parts[part],
                                    ValueRange{group, step, lanes.index(pair), lanes.index(0)});
        return {};
      });
      return {};
    });
  };
  auto general = [&] {
    lanes.loop(lanes.index(0), lanes.index(numQueries), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
      rowOf(row);
      Value group = arith::DivUIOp::create(builder, loc, row, lanes.index(tileRows));
      Value lane = arith::RemUIOp::create(builder, loc, row, lanes.index(tileRows));
      lane = arith::MulIOp::create(builder, loc, lane, lanes.index(2));
      auto fill = [&](Value k, function_ref<SmallVector<Value>()> values) {
        Value step = arith::DivUIOp::create(builder, loc, k, lanes.index(tileDepth));
        Value inStep = arith::RemUIOp::create(builder, loc, k, lanes.index(tileDepth));
        Value pair = arith::DivUIOp::create(builder, loc, inStep, lanes.index(2));
        Value half = arith::RemUIOp::create(builder, loc, inStep, lanes.index(2));
        for (auto [part, value] : llvm::enumerate(values()))
          memref::StoreOp::create(builder, loc, value, tiles.parts[part],
                                  ValueRange{group, step, pair, lanes.add(lane, half)});
      };
      lanes.loop(lanes.index(0), lanes.index(headDim), 1, {}, [&](Value k, ValueRange) -> SmallVector<Value> {
        fill(k, [&] {
          indices[columnAt] = k;
          return split(memref::LoadOp::create(builder, loc, flat.elements, flat.position(lanes, indices)));
        });
        return {};
      });
      lanes.loop(lanes.index(headDim), lanes.index(steps * tileDepth), 1, {},
                 [&](Value k, ValueRange) -> SmallVector<Value> {
                   Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(element.type));
                   fill(k, [&] { return SmallVector<Value>(element.parts, zero); });
                   return {};
                 });
      return {};
    });
  };
  either(lanes, isUnitStride(lanes, flat.strides[columnAt]), fast, general);
  return tiles;
}

//===----------------------------------------------------------------------===//
// V
//===----------------------------------------------------------------------===//

ValueTiles MatrixOperands::packValues() {
  Source source = trace(op.getValueMutable(), /*columnDim=*/3);
  auto type = cast<MemRefType>(source.root.getType());
  int64_t valueDim = cast<MemRefType>(op.getValue().getType()).getDimSize(source.columnAt);
  int64_t height = llvm::alignTo(valueDim, tileRows);
  SmallVector<unsigned> batch;
  for (unsigned d = 0, e = type.getRank(); d != e; ++d)
    if (d != source.keyAt && d != source.columnAt)
      batch.push_back(d);
  ValueTiles tiles;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPoint(source.anchor);
    FlatBuffer flat = FlatBuffer::of(lanes, source.root);
    Value numKeys = memref::DimOp::create(builder, loc, source.root, source.keyAt);
    Value numBlocks = arith::CeilDivUIOp::create(builder, loc, numKeys, lanes.index(tileDepth));
    SmallVector<int64_t> shape(batch.size() + 1, ShapedType::kDynamic);
    shape.append({height, tileDepth});
    SmallVector<Value> sizes;
    for (unsigned d : batch)
      sizes.push_back(memref::DimOp::create(builder, loc, source.root, d));
    sizes.push_back(numBlocks);
    for (int64_t part = 0; part != element.parts; ++part)
      tiles.parts.push_back(memref::AllocOp::create(builder, loc, MemRefType::get(shape, element.type), sizes,
                                                    builder.getI64IntegerAttr(64)));
    forEachBlock(source, numBlocks, [&](MutableArrayRef<Value> indices, Value block) {
      Value first = arith::MulIOp::create(builder, loc, block, lanes.index(tileDepth));
      SmallVector<Value> target;
      for (unsigned d : batch)
        target.push_back(indices[d]);
      target.append({block, lanes.index(0), lanes.index(0)});
      auto storeRow = [&](Value vector, int64_t part, Value row) {
        target[target.size() - 2] = row;
        vector::StoreOp::create(builder, loc, vector, tiles.parts[part], target);
      };
      auto fast = [&] {
        SmallVector<Value> rows, isKey;
        for (int64_t r = 0; r != tileDepth; ++r) {
          indices[source.keyAt] = lanes.add(first, r);
          isKey.push_back(arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, indices[source.keyAt], numKeys));
          rows.push_back(flat.position(lanes, indices));
        }
        lanes.loop(lanes.index(0), lanes.index(height), tileRows, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
          Value columns = lanes.index(tileRows);
          if (valueDim != height)
            columns = arith::MinSIOp::create(builder, loc, lanes.sub(lanes.index(valueDim), d), columns);
          SmallVector<SmallVector<Value>> dwords(element.parts);
          for (int64_t r = 0; r != tileDepth; r += 2) {
            SmallVector<Value> halves[2];
            for (int64_t half : {0, 1}) {
              Value count = arith::SelectOp::create(builder, loc, isKey[r + half], columns, lanes.index(0));
              halves[half] = split(maskedLoad(flat.elements, lanes.add(rows[r + half], d), count, tileRows));
            }
            for (int64_t part = 0; part != element.parts; ++part)
              dwords[part].push_back(interleave(lanes, halves[0][part], halves[1][part]));
          }
          for (auto [part, matrix] : llvm::enumerate(dwords))
            for (auto [row, vector] : llvm::enumerate(transpose16x16(lanes, matrix)))
              storeRow(fromDwords(lanes, vector, element.type), part, lanes.add(d, row));
          return {};
        });
      };
      auto general = [&] {
        lanes.loop(lanes.index(0), lanes.index(height), 1, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
          for (int64_t part = 0; part != element.parts; ++part)
            storeRow(zerosOf(lanes, tileDepth, element.type), part, d);
          return {};
        });
        Value count = arith::MinSIOp::create(builder, loc, lanes.sub(numKeys, first), lanes.index(tileDepth));
        lanes.loop(lanes.index(0), count, 1, {}, [&](Value r, ValueRange) -> SmallVector<Value> {
          lanes.loop(lanes.index(0), lanes.index(valueDim), 1, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
            indices[source.keyAt] = lanes.add(first, r);
            indices[source.columnAt] = d;
            SmallVector<Value> to(target);
            to[to.size() - 2] = d;
            to.back() = r;
            Value scalar = memref::LoadOp::create(builder, loc, flat.elements, flat.position(lanes, indices));
            for (auto [part, value] : llvm::enumerate(split(scalar)))
              memref::StoreOp::create(builder, loc, value, tiles.parts[part], to);
            return {};
          });
          return {};
        });
      };
      either(lanes, isUnitStride(lanes, flat.strides[source.columnAt]), fast, general);
    });
  }
  for (unsigned d : batch)
    tiles.position.push_back(source.offsets[d]);
  tiles.position.push_back(
      arith::DivUIOp::create(builder, loc, source.offsets[source.keyAt], lanes.index(tileDepth)));
  return tiles;
}
