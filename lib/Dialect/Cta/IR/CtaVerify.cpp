//===- CtaVerify.cpp - what is meaningless is refused ---------------------===//

#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Support/KernelBudget.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Interfaces/FunctionInterfaces.h"

using namespace mlir;
using namespace mlir::cta;

//===----------------------------------------------------------------------===//
// launch
//===----------------------------------------------------------------------===//

LogicalResult LaunchOp::verify() {
  if (getResults().size() != getOutputs().size())
    return emitOpError() << "has " << getResults().size() << " results for " << getOutputs().size() << " outputs";
  for (auto [result, output] : llvm::zip_equal(getResults(), getOutputs()))
    if (result.getType() != output.getType())
      return emitOpError() << "returns " << result.getType() << " for the output of type " << output.getType();
  return success();
}

LogicalResult LaunchOp::verifySymbolUses(SymbolTableCollection &tables) {
  Operation *kernel = tables.lookupNearestSymbolFrom(getOperation(), getKernelAttr());
  if (!kernel)
    return emitOpError() << "launches " << getKernelAttr() << ", which does not exist";
  if (isa<LLVM::LLVMFuncOp>(kernel)) // its parameters are described by cta.params
    return success();
  auto function = dyn_cast<gpu::GPUFuncOp>(kernel);
  if (!function || !function.isKernel())
    return emitOpError() << "launches " << getKernelAttr() << ", which is no kernel";
  SmallVector<Type> passed(getInputs().getTypes());
  llvm::append_range(passed, getOutputs().getTypes());
  passed.append(getTiles().size(), IndexType::get(getContext()));
  unsigned expected = 0;
  for (unsigned i = 0, e = function.getNumArguments(); i != e; ++i)
    expected += !function.getArgAttr(i, CtaDialect::getWorkspaceAttrName());
  if (expected != passed.size())
    return emitOpError() << "passes " << passed.size() << " arguments to a kernel that expects " << expected;
  for (auto [i, type] : llvm::enumerate(passed)) {
    Type parameter = function.getArgument(i).getType();
    bool fits = parameter == type;
    if (auto tensor = dyn_cast<RankedTensorType>(type))
      if (auto memref = dyn_cast<MemRefType>(parameter))
        fits = memref.getShape() == tensor.getShape() && memref.getElementType() == tensor.getElementType();
    if (!fits)
      return emitOpError() << "passes " << type << " as argument " << i << ", which is a " << parameter;
  }
  return success();
}

void LaunchOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &) {}

LogicalResult TileIndexOp::verify() {
  if (getIndices().size() != getExtents().size())
    return emitOpError() << "has " << getIndices().size() << " coordinates for " << getExtents().size() << " extents";
  return success();
}

//===----------------------------------------------------------------------===//
// Access to global memory
//===----------------------------------------------------------------------===//

/// `minDim` is -1 where an access may repeat elements.
static LogicalResult verifyAccess(Operation *op, Type memory, OperandRange offsets, ArrayRef<int64_t> dims,
                                  ShapedType tile, int64_t minDim = 0) {
  auto memref = cast<MemRefType>(memory);
  if (static_cast<int64_t>(offsets.size()) != memref.getRank())
    return op->emitOpError() << "has " << offsets.size() << " offsets for a memref of rank " << memref.getRank();
  if (static_cast<int64_t>(dims.size()) != tile.getRank())
    return op->emitOpError() << "has " << dims.size() << " dims for a tile of rank " << tile.getRank();
  if (memref.getElementType() != tile.getElementType())
    return op->emitOpError() << "moves elements of " << memref.getElementType() << " as " << tile.getElementType();
  SmallVector<bool> used(memref.getRank(), false);
  for (int64_t dim : dims) {
    if (dim < minDim || dim >= memref.getRank())
      return op->emitOpError() << "dims names dimension " << dim << " of a memref of rank " << memref.getRank();
    if (dim >= 0 && used[dim])
      return op->emitOpError() << "dims names dimension " << dim << " twice";
    if (dim >= 0)
      used[dim] = true;
  }
  return success();
}

static ShapedType tensorOf(Type type) {
  if (auto slot = dyn_cast<SlotType>(type))
    type = slot.getElement();
  if (auto tile = dyn_cast<TileType>(type))
    return tile.getTensorType();
  return dyn_cast<ShapedType>(type);
}

LogicalResult LoadOp::verify() {
  return verifyAccess(*this, getSource().getType(), getOffsets(), getDims(), tensorOf(getTile().getType()));
}

LogicalResult ReadOp::verify() {
  return verifyAccess(*this, getSource().getType(), getOffsets(), getDims(), cast<ShapedType>(getTile().getType()), -1);
}

LogicalResult WriteOp::verify() {
  return verifyAccess(*this, getDestination().getType(), getOffsets(), getDims(),
                      cast<ShapedType>(getTile().getType()));
}

LogicalResult StoreOp::verify() {
  auto tile = cast<RankedTensorType>(getTile().getType());
  if (tile.getRank() != 2)
    return emitOpError() << "stores tiles of rank 2, got " << tile.getRank();
  if (getVia() && (getVia().getType().getShape() != tile.getShape() ||
                   getVia().getType().getElementType() != tile.getElementType()))
    return emitOpError() << "sends " << tile << " through " << getVia().getType();
  return verifyAccess(*this, getDestination().getType(), getOffsets(), getDims(), tile);
}

LogicalResult TmaLoadOp::verify() {
  ShapedType tile = tensorOf(getDestination().getType());
  if (!tile)
    return emitOpError() << "fills a slot of a channel of tiles, got " << getDestination().getType();
  if (isa<TileType>(getDestination().getType()) != static_cast<bool>(getBarrier()))
    return emitOpError("signals a barrier where it fills a tile, and the slot's own where it fills a slot");
  return verifyAccess(*this, getSource().getType(), getOffsets(), getDims(), tile);
}

LogicalResult GatherOp::verify() {
  auto memref = cast<MemRefType>(getSource().getType());
  auto tile = cast<RankedTensorType>(getTile().getType());
  if (static_cast<int64_t>(getIndices().size()) != memref.getRank())
    return emitOpError() << "has " << getIndices().size() << " indices for a memref of rank " << memref.getRank();
  if (memref.getElementType() != tile.getElementType())
    return emitOpError() << "gathers elements of " << memref.getElementType() << " as " << tile.getElementType();
  for (Type type : getIndices().getTypes())
    if (auto index = dyn_cast<RankedTensorType>(type);
        index && (index.getShape() != tile.getShape() || index.getEncoding() != tile.getEncoding()))
      return emitOpError() << "has indices of type " << index << " for a result of type " << tile;
  return success();
}

//===----------------------------------------------------------------------===//
// Matrix products
//===----------------------------------------------------------------------===//

static LogicalResult verifyDot(Operation *op, Type aType, TileType b, Value acc, bool transposeB,
                               RankedTensorType result) {
  ShapedType a = tensorOf(aType);
  if (a.getRank() != 2 || result.getRank() != 2)
    return op->emitOpError() << "multiplies matrices, got " << aType << " and a result of type " << result;
  int64_t n = transposeB ? b.getRows() : b.getCols(), k = transposeB ? b.getCols() : b.getRows();
  if (a.getDimSize(1) != k)
    return op->emitOpError() << "has " << a.getDimSize(1) << " columns in a and " << k << " elements along k in b";
  if (result.getDimSize(0) != a.getDimSize(0) || result.getDimSize(1) != n)
    return op->emitOpError() << "computes a tile of " << a.getDimSize(0) << "x" << n << ", got " << result;
  if (a.getElementType() != b.getElementType())
    return op->emitOpError() << "multiplies " << a.getElementType() << " by " << b.getElementType();
  if (acc && acc.getType() != result)
    return op->emitOpError() << "accumulates " << acc.getType() << " into " << result;
  auto layout = dyn_cast_or_null<MmaAttr>(result.getEncoding());
  if (result.getEncoding() && !layout)
    return op->emitOpError() << "has an accumulator in layout " << result.getEncoding() << ", expected #cta.mma";
  auto registers = dyn_cast<RankedTensorType>(aType);
  if (registers && layout && registers.getEncoding() != OperandAAttr::get(op->getContext(), layout))
    return op->emitOpError() << "has its operand a in layout " << registers.getEncoding()
                             << ", expected #cta.operand_a of the accumulator's";
  return success();
}

LogicalResult DotOp::verify() {
  return verifyDot(*this, getA().getType(), getB().getType(), getAcc(), getTransposeB(),
                   cast<RankedTensorType>(getResult().getType()));
}

LogicalResult DotAsyncOp::verify() {
  return verifyDot(*this, getA().getType(), getB().getType(), getAcc(), getTransposeB(),
                   getResult().getType().getTensorType());
}

LogicalResult DotWaitOp::verify() {
  if (getResult().getType() != getInflight().getType().getTensorType())
    return emitOpError() << "makes " << getResult().getType() << " of " << getInflight().getType();
  if (TypeRange(getTied().getTypes()) != TypeRange(getTiedResults().getTypes()))
    return emitOpError("returns the tied values with other types");
  if (std::optional<int64_t> pending = getPending(); pending && *pending < 0)
    return emitOpError() << "cannot leave " << *pending << " products running";
  return success();
}

//===----------------------------------------------------------------------===//
// Register tiles
//===----------------------------------------------------------------------===//

/// The layout of what is left when dimension `dim` of a tile in `encoding` is reduced.
static Attribute sliceOf(Attribute encoding, int64_t dim) {
  return encoding ? SliceAttr::get(encoding.getContext(), dim, encoding) : Attribute();
}

LogicalResult ReduceOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType()), result = cast<RankedTensorType>(getResult().getType());
  int64_t dim = getDim();
  if (source.getRank() != 2 || dim < 0 || dim > 1)
    return emitOpError() << "reduces dimension 0 or 1 of a tile of rank 2, got dimension " << dim << " of " << source;
  if (source.getElementType() != result.getElementType())
    return emitOpError() << "reduces " << source.getElementType() << " to " << result.getElementType();
  SmallVector<int64_t> shape = {source.getDimSize(1 - dim)};
  Attribute encoding = source.getEncoding(), expected;
  if (getPartial()) {
    if (dim != 1)
      return emitOpError("combines columns into four along dimension 1 only");
    shape.push_back(4);
    if (auto mma = dyn_cast_or_null<MmaAttr>(encoding))
      expected = LanesAttr::get(getContext(), mma);
    else if (encoding)
      return emitOpError() << "combines the columns of a tile in layout #cta.mma, got " << encoding;
  } else if (auto lanes = dyn_cast_or_null<LanesAttr>(encoding)) {
    expected = SliceAttr::get(getContext(), dim, lanes.getParent());
  } else if (encoding) {
    expected = sliceOf(encoding, dim);
  }
  if (result.getShape() != ArrayRef(shape))
    return emitOpError() << "leaves " << RankedTensorType::get(shape, source.getElementType()) << ", got " << result;
  if (result.getEncoding() != expected)
    return emitOpError() << "leaves the layout " << expected << ", got " << result.getEncoding();
  return success();
}

LogicalResult BroadcastOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType()), result = cast<RankedTensorType>(getResult().getType());
  int64_t dim = getDim();
  if (source.getRank() != 1 || result.getRank() != 2 || dim < 0 || dim > 1)
    return emitOpError() << "adds dimension 0 or 1 to a tile of rank 1, got dimension " << dim << ", " << source
                         << " and " << result;
  if (source.getDimSize(0) != result.getDimSize(1 - dim) || source.getElementType() != result.getElementType())
    return emitOpError() << "repeats " << source << " as " << result;
  Attribute encoding = result.getEncoding(), expected;
  if (auto lanes = dyn_cast_or_null<LanesAttr>(encoding))
    expected = SliceAttr::get(getContext(), dim, lanes.getParent());
  else if (encoding)
    expected = sliceOf(encoding, dim);
  if (source.getEncoding() != expected)
    return emitOpError() << "needs a source in layout " << expected << ", got " << source.getEncoding();
  return success();
}

LogicalResult SplatOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (type.getElementType() != getValue().getType())
    return emitOpError() << "fills " << type << " with " << getValue().getType();
  return success();
}

LogicalResult IotaOp::verify() {
  auto type = cast<RankedTensorType>(getResult().getType());
  if (!type.getElementType().isInteger(32))
    return emitOpError() << "counts in i32, got " << type.getElementType();
  if (static_cast<int64_t>(getDim()) < 0 || static_cast<int64_t>(getDim()) >= type.getRank())
    return emitOpError() << "counts along dimension " << getDim() << " of a tile of rank " << type.getRank();
  return success();
}

LogicalResult ConvertLayoutOp::verify() {
  auto source = cast<RankedTensorType>(getSource().getType()), result = cast<RankedTensorType>(getResult().getType());
  if (source.getShape() != result.getShape() || source.getElementType() != result.getElementType())
    return emitOpError() << "keeps shape and elements, got " << source << " and " << result;
  return success();
}

OpFoldResult ConvertLayoutOp::fold(FoldAdaptor) {
  if (getSource().getType() == getResult().getType())
    return getSource();
  if (auto before = getSource().getDefiningOp<ConvertLayoutOp>();
      before && before.getSource().getType() == getResult().getType())
    return before.getSource();
  return {};
}

//===----------------------------------------------------------------------===//
// Roles and channels
//===----------------------------------------------------------------------===//

LogicalResult WarpSpecializeOp::verify() {
  size_t count = getPrograms().size();
  if (getRoles().size() != count || getWarps().size() != count || getRegisters().size() != count)
    return emitOpError() << "has " << count << " programs for " << getRoles().size() << " roles, " << getWarps().size()
                         << " counts of warps and " << getRegisters().size() << " of registers";
  llvm::SmallDenseSet<unsigned> seen;
  for (unsigned i = 0; i != count; ++i) {
    auto role = dyn_cast<RoleAttr>(getRoles()[i]);
    if (!role)
      return emitOpError() << "expected a role, got " << getRoles()[i];
    if (!seen.insert(static_cast<unsigned>(role.getValue())).second)
      return emitOpError() << "has two programs for the role " << stringifyRole(role.getValue());
    if (getWarps()[i] < 4 || getWarps()[i] % 4 != 0)
      return emitOpError() << "gives the " << stringifyRole(role.getValue()) << " whole warpgroups of 4 warps, got "
                           << getWarps()[i];
    int64_t registers = getRegisters()[i];
    if (registers != 0 && (registers % 8 != 0 || registers < 24 || registers > 256))
      return emitOpError() << "registers must be a multiple of 8 from 24 to 256, or 0, got " << registers;
  }
  return success();
}

template <typename OpT> static LogicalResult verifySlot(OpT op) {
  if (op.getSlot().getType().getElement() != op.getChannel().getType().getElement())
    return op.emitOpError() << "takes a slot of " << op.getSlot().getType().getElement() << " from a channel of "
                            << op.getChannel().getType().getElement();
  return success();
}

LogicalResult MbarrierInitOp::verify() {
  constexpr int64_t mostArrivals = (1 << 20) - 1;
  const int64_t mostBarriers = fovea::sharedBytesLimit(/*blocksPerSm=*/1) / barrierBytes;
  if (int64_t count = getCount(); count < 1 || count > mostArrivals)
    return emitOpError() << "has a count of " << count << " arrivals, expected 1 to " << mostArrivals;
  if (int64_t depth = getDepth(); depth < 1 || depth > mostBarriers)
    return emitOpError() << "has a depth of " << depth << " barriers, expected 1 to " << mostBarriers;
  return success();
}

LogicalResult AcquireOp::verify() { return verifySlot(*this); }
LogicalResult WaitOp::verify() { return verifySlot(*this); }
