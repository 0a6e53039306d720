//===- PackMatrixOperands.cpp - K, Q and V as a matrix unit takes them ----===//
//
// Each packing exists twice, by whether the head dim has unit stride, which is known at run time only: with vectors and
// transposed squares, or element by element. Its cost is that of reading an operand, once; the products read it
// once per tile of queries.
//
//===----------------------------------------------------------------------===//

#include "MatrixOperands.h"
#include "Transpose.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

static Value flagOf(LaneBuilder &lanes, bool value) {
  return arith::ConstantOp::create(lanes.builder, lanes.loc, lanes.builder.getBoolAttr(value));
}

/// A row of a tile.
static VectorType dwordsType(OpBuilder &builder) { return VectorType::get({tileRows}, builder.getI32Type()); }

//===----------------------------------------------------------------------===//
// K
//===----------------------------------------------------------------------===//

/// Memory on the heap until what `source` is packed for has run. Freed here: to find out where, upstream's
/// buffer deallocation takes a fifth of the time of all passes.
Value MatrixOperands::allocate(const Source &source, MemRefType type, ValueRange sizes) {
  StringRef manual = bufferization::BufferizationDialect::kManualDeallocation;
  auto buffer = memref::AllocOp::create(builder, loc, type, sizes, builder.getI64IntegerAttr(64));
  buffer->setDiscardableAttr(manual, builder.getUnitAttr());
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointAfter(source.anchor);
  memref::DeallocOp::create(builder, loc, buffer)->setDiscardableAttr(manual, builder.getUnitAttr());
  return buffer;
}

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
        copies.push_back(allocate(source, copyType, size));
      FlatBuffer layout{Value(), strides};
      forEachBlock(source, numBlocks, [&](MutableArrayRef<Value> indices, Value block) {
        Value first = arith::MulIOp::create(builder, loc, block, lanes.index(tileDepth));
        lanes.loop(lanes.index(0), lanes.index(tileDepth), 1, {}, [&](Value row, ValueRange) -> SmallVector<Value> {
          indices[source.keyAt] = lanes.add(first, row);
          indices[source.columnAt] = lanes.index(0);
          Value isKey = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, indices[source.keyAt], numKeys);
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
          lanes.either(unit, fast, general);
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
    tiles.parts.push_back(makeScratch(builder, loc, {groups, steps, tileRows, tileDepth}, element.type));

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
    SquareTranspose square(lanes, dwordsType(builder), element.parts);
    lanes.loop(lanes.index(0), lanes.index(groups), 1, {}, [&](Value group, ValueRange) -> SmallVector<Value> {
      Value first = arith::MulIOp::create(builder, loc, group, lanes.index(tileRows));
      lanes.loop(lanes.index(0), lanes.index(steps), 1, {}, [&](Value step, ValueRange) -> SmallVector<Value> {
        Value k = arith::MulIOp::create(builder, loc, step, lanes.index(tileDepth));
        Value count = headDim % tileDepth == 0
                          ? lanes.index(tileDepth)
                          : Value(arith::MinSIOp::create(builder, loc, lanes.sub(lanes.index(headDim), k),
                                                         lanes.index(tileDepth)));
        auto getRow = [&](Value i, MutableArrayRef<Value>) {
          Value from = lanes.add(rowOf(lanes.add(first, i)), k);
          return llvm::map_to_vector(split(maskedLoad(flat.elements, from, count, tileDepth)),
                                     [&](Value value) { return toDwords(lanes, value); });
        };
        square.emit(getRow, [&](int64_t part, Value pair, Value vector) {
          vector::StoreOp::create(builder, loc, fromDwords(lanes, vector, element.type), tiles.parts[part],
                                  ValueRange{group, step, pair, lanes.index(0)});
        });
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
  lanes.either(isUnitStride(lanes, flat.strides[columnAt]), fast, general);
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
      tiles.parts.push_back(allocate(source, MemRefType::get(shape, element.type), sizes));
    bool guarded = cast<ScoreOpInterface>(op.getOperation()).hasMask();
    if (guarded)
      tiles.notFinite = allocate(source, MemRefType::get(ArrayRef(shape).drop_back(2), builder.getI1Type()), sizes);
    // Takes what is not finite out of `value`; returns the result and whether there was any, for one or all lanes.
    auto finite = [&](Value value) -> std::pair<Value, Value> {
      if (!guarded)
        return {value, Value()};
      Value bad = isNotFinite(value);
      Value zero = arith::ConstantOp::create(builder, loc, builder.getZeroAttr(value.getType()));
      return {arith::SelectOp::create(builder, loc, bad, zero, value), bad};
    };
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
        SquareTranspose square(lanes, dwordsType(builder), element.parts);
        SmallVector<Value> noneYet;
        if (guarded)
          noneYet.push_back(zerosOf(lanes, tileRows, builder.getI1Type()));
        auto packColumns = [&](Value d, ValueRange badBefore) {
          Value columns = lanes.index(tileRows);
          if (valueDim != height)
            columns = arith::MinSIOp::create(builder, loc, lanes.sub(lanes.index(valueDim), d), columns);
          auto getRow = [&](Value pair, MutableArrayRef<Value> anyBad) {
            SmallVector<Value> halves[2], dwords;
            Value key = lanes.add(first, arith::MulIOp::create(builder, loc, pair, lanes.index(2)));
            for (int64_t half : {0, 1}) {
              indices[source.keyAt] = lanes.add(key, half);
              Value isKey =
                  arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::slt, indices[source.keyAt], numKeys);
              Value count = arith::SelectOp::create(builder, loc, isKey, columns, lanes.index(0));
              Value from = lanes.add(flat.position(lanes, indices), d);
              auto [vector, bad] = finite(maskedLoad(flat.elements, from, count, tileRows));
              halves[half] = split(vector);
              if (guarded)
                anyBad[0] = arith::OrIOp::create(builder, loc, anyBad[0], bad);
            }
            for (auto [even, odd] : llvm::zip_equal(halves[0], halves[1]))
              dwords.push_back(interleave(lanes, even, odd));
            return dwords;
          };
          auto putColumn = [&](int64_t part, Value row, Value vector) {
            storeRow(fromDwords(lanes, vector, element.type), part, lanes.add(d, row));
          };
          return square.emit(getRow, putColumn, badBefore);
        };
        SmallVector<Value> found = lanes.loop(lanes.index(0), lanes.index(height), tileRows, noneYet, packColumns);
        if (guarded) {
          Value any = vector::ReductionOp::create(builder, loc, vector::CombiningKind::OR, found[0]);
          memref::StoreOp::create(builder, loc, any, tiles.notFinite, ArrayRef(target).drop_back(2));
        }
      };
      auto general = [&] {
        lanes.loop(lanes.index(0), lanes.index(height), 1, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
          for (int64_t part = 0; part != element.parts; ++part)
            storeRow(zerosOf(lanes, tileDepth, element.type), part, d);
          return {};
        });
        Value count = arith::MinSIOp::create(builder, loc, lanes.sub(numKeys, first), lanes.index(tileDepth));
        if (guarded)
          memref::StoreOp::create(builder, loc, flagOf(lanes, false), tiles.notFinite, ArrayRef(target).drop_back(2));
        lanes.loop(lanes.index(0), count, 1, {}, [&](Value r, ValueRange) -> SmallVector<Value> {
          lanes.loop(lanes.index(0), lanes.index(valueDim), 1, {}, [&](Value d, ValueRange) -> SmallVector<Value> {
            indices[source.keyAt] = lanes.add(first, r);
            indices[source.columnAt] = d;
            SmallVector<Value> to(target);
            to[to.size() - 2] = d;
            to.back() = r;
            auto [scalar, bad] =
                finite(memref::LoadOp::create(builder, loc, flat.elements, flat.position(lanes, indices)));
            for (auto [part, value] : llvm::enumerate(split(scalar)))
              memref::StoreOp::create(builder, loc, value, tiles.parts[part], to);
            if (guarded) {
              SmallVector<Value> flag(ArrayRef(target).drop_back(2));
              Value before = memref::LoadOp::create(builder, loc, tiles.notFinite, flag);
              memref::StoreOp::create(builder, loc, arith::OrIOp::create(builder, loc, before, bad), tiles.notFinite,
                                      flag);
            }
            return {};
          });
          return {};
        });
      };
      lanes.either(isUnitStride(lanes, flat.strides[source.columnAt]), fast, general);
    });
  }
  for (unsigned d : batch)
    tiles.position.push_back(source.offsets[d]);
  tiles.position.push_back(arith::DivUIOp::create(builder, loc, source.offsets[source.keyAt], lanes.index(tileDepth)));
  return tiles;
}
