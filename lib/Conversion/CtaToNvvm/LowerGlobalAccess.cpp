//===- LowerGlobalAccess.cpp - global memory, element by element -----------===//
//
//   cta.write %l, %lse[%b, %h, %m] dims [2] : tensor<128xf32, #row>, memref<?x8x?xf32>
// becomes, for each of the two rows of a thread, where it is the first of the four lanes that hold them,
//   @in_bounds st.global.b32 [pointer + 4 * (b * stride0 + h * stride1 + (m + row) * stride2)], value
// cta.read, cta.gather and memref.load likewise, with zero where they are out of bounds. Addresses are 64-bit.
//
//===----------------------------------------------------------------------===//

#include "InlinePtx.h"
#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

namespace {

Value i64Constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIntOp::create(builder, loc, builder.getI64Type(), value);
}

/// index, i32 or i64 as i64.
Value toI64(OpBuilder &builder, Location loc, Value value) {
  Type i64 = builder.getI64Type();
  if (value.getType().isIndex())
    return arith::IndexCastOp::create(builder, loc, i64, value);
  return value.getType() == i64 ? value : arith::ExtSIOp::create(builder, loc, i64, value).getResult();
}

Value bothOrNull(OpBuilder &builder, Location loc, Value a, Value b) {
  return !a ? b : !b ? a : arith::AndIOp::create(builder, loc, a, b).getResult();
}

unsigned bitsOf(Type element) {
  return element.isInteger(1) ? 8 : element.isIndex() ? 64 : element.getIntOrFloatBitWidth();
}

/// Element types that are moved as registers of their width.
bool isMovable(Type element) {
  if (!element.isIntOrIndexOrFloat())
    return false;
  unsigned bits = bitsOf(element);
  return bits == 8 || bits == 16 || bits == 32 || bits == 64;
}

/// The element's bits, in a register that ld and st take: 8 bits travel in 16.
Value toRegister(OpBuilder &builder, Location loc, Value value) {
  unsigned bits = bitsOf(value.getType());
  if (isa<FloatType>(value.getType()))
    value = arith::BitcastOp::create(builder, loc, builder.getIntegerType(bits), value);
  if (value.getType().isIndex())
    value = arith::IndexCastOp::create(builder, loc, builder.getI64Type(), value);
  if (bits == 8)
    value = arith::ExtUIOp::create(builder, loc, builder.getI16Type(), value);
  return value;
}

Value fromRegister(OpBuilder &builder, Location loc, Value bits, Type element) {
  if (element.isInteger(1))
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ne, bits,
                                 arith::ConstantIntOp::create(builder, loc, bits.getType(), 0));
  if (element.isIndex())
    return arith::IndexCastOp::create(builder, loc, element, bits);
  if (bitsOf(element) == 8)
    bits = arith::TruncIOp::create(builder, loc, builder.getI8Type(), bits);
  return isa<FloatType>(element) ? arith::BitcastOp::create(builder, loc, element, bits).getResult() : bits;
}

/// A memref and what has been computed of it.
class GlobalElements {
public:
  GlobalElements(OpBuilder &builder, Location loc, const KernelAbi &abi, Value memref)
      : builder(builder), loc(loc), abi(abi), memref(memref), type(cast<MemRefType>(memref.getType())) {}

  Type element() const { return type.getElementType(); }
  int64_t rank() const { return type.getRank(); }

  /// Elements from the beginning of the memref, along one dimension.
  Value along(int64_t dim, Value index) {
    return arith::MulIOp::create(builder, loc, index, abi.stride(builder, loc, memref, dim));
  }
  /// Of positions of tiles, which are below 2^31.
  Value inBounds32(int64_t dim, Value index) {
    Value size = arith::TruncIOp::create(builder, loc, builder.getI32Type(), abi.size(builder, loc, memref, dim));
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index, size);
  }
  /// Negative indices are out of bounds, too.
  Value inBounds(int64_t dim, Value index) {
    return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::ult, index, abi.size(builder, loc, memref, dim));
  }

  /// Offset and condition of the element at a position: an index or i32 for each dimension.
  std::pair<Value, Value> at(ArrayRef<Value> position) {
    Value offset, predicate;
    for (auto [dim, index] : llvm::enumerate(position)) {
      Value wide = toI64(builder, loc, index), distance = along(dim, wide);
      offset = offset ? arith::AddIOp::create(builder, loc, offset, distance).getResult() : distance;
      predicate = bothOrNull(builder, loc, predicate, inBounds(dim, wide));
    }
    return {offset ? offset : i64Constant(builder, loc, 0), predicate};
  }

  /// The element that is `steps` elements along `innerDim` from the one at `offset`. The step is multiplied within the
  /// inline PTX: as products of their own, the distances of all columns would be kept in registers around the loop.
  Value load(Value offset, Value predicate, int64_t innerDim = 0, int64_t steps = 0) {
    InlinePtx ptx(builder, loc);
    unsigned bits = bitsOf(element());
    std::string result = ptx.output(builder.getIntegerType(std::max(bits, 16u)));
    std::string move = "mov.b" + std::to_string(std::max(bits, 16u)) + " " + result + ", 0;\n";
    std::string guard = predicate ? "@" + ptx.input(predicate) + " " : "";
    std::string address = ptx.input(addressOf(offset)), far;
    if (steps != 0) {
      std::string stride = ptx.input(abi.stride(builder, loc, memref, innerDim));
      far = "mad.lo.s64 there, " + stride + ", " + std::to_string(steps * (bits / 8)) + ", " + address + ";\n";
      address = "there";
    }
    std::string text =
        (predicate ? move : "") + far + guard + "ld.global." + suffix() + " " + result + ", [" + address + "];";
    Value loaded = ptx.emit(steps == 0 ? text : "{\n.reg .b64 there;\n" + text + "\n}",
                            isConstant() ? InlinePtx::Effect::None : InlinePtx::Effect::Order)[0];
    return fromRegister(builder, loc, loaded, element());
  }

  void store(Value value, Value offset, Value predicate) {
    InlinePtx ptx(builder, loc);
    std::string guard = predicate ? "@" + ptx.input(predicate) + " " : "";
    std::string address = ptx.input(addressOf(offset)), source = ptx.input(toRegister(builder, loc, value));
    ptx.emit(guard + "st.global." + suffix() + " [" + address + "], " + source + ";", InlinePtx::Effect::Memory);
  }

private:
  /// Whether the kernel writes nothing to the memref: then a load may be anywhere.
  bool isConstant() const {
    return llvm::none_of(memref.getUsers(), [](Operation *user) { return isa<WriteOp, StoreOp>(user); });
  }

  std::string suffix() const {
    unsigned bits = bitsOf(element());
    return (bits == 8 ? "u" : "b") + std::to_string(bits);
  }

  Value addressOf(Value offset) {
    if (!base)
      base = LLVM::PtrToIntOp::create(builder, loc, builder.getI64Type(), abi.pointer(memref));
    Value bytes = i64Constant(builder, loc, bitsOf(element()) / 8);
    return arith::AddIOp::create(builder, loc, base, arith::MulIOp::create(builder, loc, offset, bytes));
  }

  OpBuilder &builder;
  Location loc;
  const KernelAbi &abi;
  Value memref, base;
  MemRefType type;
};

/// The elements of a rectangular access: those of a tile's registers, at offsets plus the tile's coordinates.
class TileElements {
public:
  /// Where an element is: `steps` along `innerDim` from the one at `offset`, if `predicate` holds or is null.
  struct Place {
    Value offset, predicate;
    int64_t innerDim = 0, steps = 0;
  };

  TileElements(OpBuilder &builder, Location loc, GlobalElements &memory, const LayoutPosition &position,
               ArrayRef<Value> offsets, ArrayRef<int64_t> dims)
      : builder(builder), loc(loc), memory(memory), position(position), dims(dims) {
    for (int64_t dim = 0; dim != memory.rank(); ++dim) {
      if (llvm::is_contained(dims, dim))
        continue;
      offset = sum(offset, memory.along(dim, offsets[dim]));
      predicate = bothOrNull(builder, loc, predicate, memory.inBounds(dim, offsets[dim]));
    }
    for (auto [coordinate, dim] : llvm::enumerate(dims)) {
      Value start;
      if (dim >= 0)
        start = arith::AddIOp::create(builder, loc, offsets[dim],
                                      toI64(builder, loc, position.ofThread(builder, loc, coordinate)));
      starts.push_back(start);
      if (dim >= 0)
        inner = coordinate;
    }
    knownOffsets.resize(dims.size());
    knownBounds.resize(dims.size());
  }

  /// Of the element in a register.
  Place of(int64_t index) {
    Place place{offset, predicate};
    for (auto [coordinate, dim] : llvm::enumerate(dims)) {
      if (dim < 0)
        continue;
      int64_t constant = position.ofRegister(index, coordinate);
      if (coordinate == inner) {
        place.innerDim = dim;
        place.steps = constant;
      }
      place.offset = sum(place.offset, along(coordinate, coordinate == inner ? 0 : constant));
      place.predicate = bothOrNull(builder, loc, place.predicate, inBounds(coordinate, constant));
    }
    if (!place.offset)
      place.offset = i64Constant(builder, loc, 0);
    return place;
  }

private:
  Value sum(Value a, Value b) { return !a ? b : arith::AddIOp::create(builder, loc, a, b).getResult(); }

  /// The distance of a coordinate at a constant from the thread's first: computed once.
  Value along(unsigned coordinate, int64_t constant) {
    auto [entry, isNew] = knownOffsets[coordinate].try_emplace(constant);
    if (isNew)
      entry->second = memory.along(dims[coordinate], sum(starts[coordinate], i64Constant(builder, loc, constant)));
    return entry->second;
  }

  Value inBounds(unsigned coordinate, int64_t constant) {
    auto [entry, isNew] = knownBounds[coordinate].try_emplace(constant);
    if (isNew) {
      Value start = arith::TruncIOp::create(builder, loc, builder.getI32Type(), starts[coordinate]);
      entry->second = memory.inBounds32(
          dims[coordinate], arith::AddIOp::create(builder, loc, start, i32Constant(builder, loc, constant)));
    }
    return entry->second;
  }

  OpBuilder &builder;
  Location loc;
  GlobalElements &memory;
  const LayoutPosition &position;
  ArrayRef<int64_t> dims;
  Value offset, predicate; ///< Of the dims that the tile does not move along.
  size_t inner = 0;        ///< The last coordinate that the memory has.
  SmallVector<Value> starts;
  SmallVector<llvm::DenseMap<int64_t, Value>> knownOffsets, knownBounds;
};

LogicalResult checkAccess(Operation *op, const LayoutPosition &position, RankedTensorType tile, bool isProducer) {
  if (isProducer)
    return op->emitOpError("is executed by a producer, of which one thread runs");
  if (!isMovable(tile.getElementType()))
    return op->emitOpError() << "moves elements of 1, 8, 16, 32 or 64 bits or index, got " << tile.getElementType();
  for (int64_t i = 0; i != tile.getRank(); ++i)
    if (!position.isSum(i))
      return op->emitOpError() << "has a layout in which bits of coordinate " << i << " depend on thread and register";
  return success();
}

SmallVector<Value> offsetsOf(OpBuilder &builder, Location loc, ArrayRef<ValueRange> offsets) {
  SmallVector<Value> results;
  for (ValueRange offset : offsets)
    results.push_back(toI64(builder, loc, offset.front()));
  return results;
}

struct LowerRead final : KernelPattern<ReadOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(ReadOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getTile().getType());
    RegisterLayout layout = *getRegisterLayout(type);
    const ProgramThreads &threads = kernel.threadsOf(op);
    LayoutPosition position(layout, threads);
    if (failed(checkAccess(op, position, type, threads.isProducer)))
      return failure();
    GlobalElements memory(rewriter, loc, kernel.abi, op.getSource());
    TileElements tile(rewriter, loc, memory, position, offsetsOf(rewriter, loc, adaptor.getOffsets()), op.getDims());
    // Registers that differ only along a coordinate that the source lacks hold the same.
    llvm::DenseMap<std::pair<int64_t, int64_t>, Value> loaded;
    SmallVector<Value> elements;
    for (int64_t r = 0, e = layout.size(Dim::Register); r != e; ++r) {
      int64_t key[2] = {0, 0};
      for (auto [coordinate, dim] : llvm::enumerate(op.getDims()))
        key[coordinate] = dim < 0 ? 0 : position.ofRegister(r, coordinate);
      Value &element = loaded[{key[0], key[1]}];
      if (!element) {
        TileElements::Place place = tile.of(r);
        element = memory.load(place.offset, place.predicate, place.innerDim, place.steps);
      }
      elements.push_back(element);
    }
    rewriter.replaceOpWithMultiple(op, {packElements(rewriter, loc, type, elements)});
    return success();
  }
};

/// cta.write, and cta.store where no shared tile is given.
template <typename OpT> struct LowerWrite final : KernelPattern<OpT> {
  using KernelPattern<OpT>::KernelPattern;

  LogicalResult matchAndRewrite(OpT op, typename KernelPattern<OpT>::OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if constexpr (std::is_same_v<OpT, StoreOp>)
      if (op.getVia())
        return rewriter.notifyMatchFailure(op, "stores through shared memory");
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getTile().getType());
    RegisterLayout layout = *getRegisterLayout(type);
    const ProgramThreads &threads = this->kernel.threadsOf(op);
    LayoutPosition position(layout, threads);
    if (failed(checkAccess(op, position, type, threads.isProducer)))
      return failure();
    GlobalElements memory(rewriter, loc, this->kernel.abi, op.getDestination());
    TileElements tile(rewriter, loc, memory, position, offsetsOf(rewriter, loc, adaptor.getOffsets()), op.getDims());
    Value isHolder = position.isHolder(rewriter, loc);
    SmallVector<Value> elements = unpackElements(rewriter, loc, type, adaptor.getTile());
    for (auto [r, element] : llvm::enumerate(elements)) {
      TileElements::Place place = tile.of(r);
      Value offset = place.offset;
      if (place.steps != 0)
        offset = arith::AddIOp::create(rewriter, loc, offset,
                                       memory.along(place.innerDim, i64Constant(rewriter, loc, place.steps)));
      memory.store(element, offset, bothOrNull(rewriter, loc, place.predicate, isHolder));
    }
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerGather final : KernelPattern<GatherOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(GatherOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    auto type = cast<RankedTensorType>(op.getTile().getType());
    if (!isMovable(type.getElementType()))
      return op.emitOpError() << "moves elements of 1, 8, 16, 32 or 64 bits or index, got " << type.getElementType();
    GlobalElements memory(rewriter, loc, kernel.abi, op.getSource());
    SmallVector<Value> elements;
    for (int64_t r = 0, e = getElementsPerThread(type); r != e; ++r) {
      SmallVector<Value> position;
      for (ValueRange index : adaptor.getIndices())
        position.push_back(index.size() == 1 ? index.front() : index[r]);
      auto [offset, predicate] = memory.at(position);
      elements.push_back(memory.load(offset, predicate));
    }
    rewriter.replaceOpWithMultiple(op, {packElements(rewriter, loc, type, elements)});
    return success();
  }
};

/// A scalar that every thread reads; zero out of bounds, like elements of tiles.
struct LowerLoad final : KernelPattern<memref::LoadOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(memref::LoadOp op, OpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    if (!isMovable(op.getType()))
      return op.emitOpError() << "moves elements of 1, 8, 16, 32 or 64 bits or index, got " << op.getType();
    GlobalElements memory(rewriter, loc, kernel.abi, op.getMemRef());
    auto [offset, predicate] = memory.at(SmallVector<Value>(adaptor.getIndices()));
    rewriter.replaceOp(op, memory.load(offset, predicate));
    return success();
  }
};

struct LowerDim final : KernelPattern<memref::DimOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(memref::DimOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    Value size = kernel.abi.size(rewriter, op.getLoc(), op.getSource(), *op.getConstantIndex());
    rewriter.replaceOpWithNewOp<arith::IndexCastOp>(op, rewriter.getIndexType(), size);
    return success();
  }
};

} // namespace

void fovea::populateGlobalAccessPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                         RewritePatternSet &patterns) {
  patterns.add<LowerRead, LowerWrite<WriteOp>, LowerWrite<StoreOp>, LowerGather, LowerLoad, LowerDim>(
      converter, patterns.getContext(), kernel);
}
