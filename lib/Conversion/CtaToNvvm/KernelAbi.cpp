//===- KernelAbi.cpp - gpu.func to llvm.func -------------------------------===//

#include "KernelAbi.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/UB/IR/UBOps.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

TensorMap fovea::tensorMapOf(MemRefType memref, ArrayRef<int64_t> dims, const SharedTile &tile, int64_t rows) {
  TensorMap map;
  map.dims = {dims[1], dims[0]};
  for (int64_t dim = memref.getRank() - 1; dim >= 0; --dim)
    if (!llvm::is_contained(dims, dim))
      map.dims.push_back(dim);
  map.box.assign(map.dims.size(), 1);
  map.box[0] = tile.slabCols();
  map.box[1] = rows;
  map.swizzle = tile.span();
  return map;
}

static ParamAttr mapParam(MLIRContext *context, int64_t argument, const TensorMap &map) {
  return ParamAttr::get(context, ParamKind::TensorMap, argument, /*dim=*/0, map.dims, map.box, map.swizzle);
}

/// Strides of a memref as its type tells them.
static SmallVector<int64_t> stridesOf(MemRefType memref) {
  int64_t offset;
  SmallVector<int64_t> strides;
  if (failed(memref.getStridesAndOffset(strides, offset)))
    strides.assign(memref.getRank(), ShapedType::kDynamic);
  return strides;
}

//===----------------------------------------------------------------------===//
// What the body needs
//===----------------------------------------------------------------------===//

static ParamAttr plainParam(MLIRContext *context, ParamKind kind, int64_t argument, int64_t dim) {
  return ParamAttr::get(context, kind, argument, dim, {}, {}, 0);
}

/// Bounds, strides and address, for element by element access.
static void needAccess(MemRefType memref, int64_t argument, llvm::SetVector<ParamAttr> &params) {
  MLIRContext *context = memref.getContext();
  params.insert(plainParam(context, ParamKind::Pointer, argument, 0));
  for (auto [dim, size] : llvm::enumerate(memref.getShape()))
    if (ShapedType::isDynamic(size))
      params.insert(plainParam(context, ParamKind::Size, argument, dim));
  for (auto [dim, stride] : llvm::enumerate(stridesOf(memref)))
    if (ShapedType::isDynamic(stride))
      params.insert(plainParam(context, ParamKind::Stride, argument, dim));
}

static LogicalResult needMap(Operation *op, MemRefType memref, int64_t argument, ArrayRef<int64_t> dims,
                             TileType tileType, ArrayRef<int64_t> boxRows, llvm::SetVector<ParamAttr> &params) {
  if (tileType.getSwizzle() == 0)
    return op->emitOpError() << "moves a tile without a swizzle (" << tileType << "); cta-infer-layouts gives it one";
  if (memref.getRank() > 5)
    return op->emitOpError() << "moves a tile of a memref of rank " << memref.getRank() << ", TMA knows at most 5";
  if (int64_t stride = stridesOf(memref)[dims[1]]; stride != 1 && !ShapedType::isDynamic(stride))
    return op->emitOpError() << "moves rows along dimension " << dims[1] << " of " << memref
                             << ", whose stride is not 1";
  for (int64_t rows : boxRows)
    params.insert(mapParam(op->getContext(), argument, tensorMapOf(memref, dims, tileType.getSharedTile(), rows)));
  return success();
}

/// Rows of the boxes that load a tile.
static SmallVector<int64_t> loadBoxRows(TileType tile) {
  SmallVector<int64_t> rows;
  if (tile.getSwizzle() != 0)
    for (const TmaBox &box : tile.getSharedTile().tmaBoxes())
      if (!llvm::is_contained(rows, box.rows))
        rows.push_back(box.rows);
  return rows;
}

static LogicalResult needOfUse(OpOperand &use, MemRefType memref, int64_t argument,
                               llvm::SetVector<ParamAttr> &params) {
  Operation *op = use.getOwner();
  if (auto dim = dyn_cast<memref::DimOp>(op)) {
    std::optional<int64_t> index = dim.getConstantIndex();
    if (!index || *index >= memref.getRank())
      return op->emitOpError("asks for a dimension that is not a constant of the memref's rank");
    if (memref.isDynamicDim(*index))
      params.insert(plainParam(op->getContext(), ParamKind::Size, argument, *index));
    return success();
  }
  if (auto load = dyn_cast<TmaLoadOp>(op)) {
    auto tile = dyn_cast<TileType>(load.getDestination().getType());
    if (!tile)
      return op->emitOpError("fills a slot of a channel; cta-lower-channels makes it a tile");
    return needMap(op, memref, argument, load.getDims(), tile, loadBoxRows(tile), params);
  }
  if (auto store = dyn_cast<StoreOp>(op); store && store.getVia())
    return needMap(op, memref, argument, store.getDims(), store.getVia().getType(), {64}, params);
  if (isa<ReadOp, WriteOp, StoreOp, GatherOp, memref::LoadOp>(op)) {
    needAccess(memref, argument, params);
    return success();
  }
  if (isa<NextTileOp, ResetCounterOp>(op)) {
    params.insert(plainParam(op->getContext(), ParamKind::Pointer, argument, 0));
    return success();
  }
  return op->emitOpError() << "uses argument " << argument << " of the kernel in a way that cta-to-nvvm does not know";
}

static LogicalResult collectParams(gpu::GPUFuncOp kernel, llvm::SetVector<ParamAttr> &params) {
  MLIRContext *context = kernel.getContext();
  for (BlockArgument argument : kernel.getBody().front().getArguments()) {
    int64_t number = argument.getArgNumber();
    auto memref = dyn_cast<MemRefType>(argument.getType());
    if (!memref) {
      if (!argument.getType().isIntOrIndexOrFloat())
        return kernel.emitOpError() << "has an argument of type " << argument.getType()
                                    << ", expected memrefs and scalars";
      if (!argument.use_empty())
        params.insert(plainParam(context, ParamKind::Scalar, number, 0));
      continue;
    }
    llvm::SetVector<ParamAttr> ofArgument;
    for (OpOperand &use : argument.getUses())
      if (failed(needOfUse(use, memref, number, ofArgument)))
        return failure();
    // The order of uses is an accident; that of the parameters shall not be.
    SmallVector<ParamAttr> sorted(ofArgument.getArrayRef());
    llvm::sort(sorted, [](ParamAttr a, ParamAttr b) {
      auto key = [](ParamAttr param) {
        return std::make_tuple(param.getKind(), param.getDim(), param.getDims(), param.getBox(), param.getSwizzle());
      };
      return key(a) < key(b);
    });
    bool isWorkspace = kernel.getArgAttr(number, CtaDialect::getWorkspaceAttrName()) != nullptr;
    for (ParamAttr param : sorted)
      params.insert(isWorkspace && param.getKind() == ParamKind::Pointer
                        ? plainParam(context, ParamKind::Workspace, number, 0)
                        : param);
  }
  return success();
}

//===----------------------------------------------------------------------===//
// The function
//===----------------------------------------------------------------------===//

static Type typeOf(ParamAttr param, gpu::GPUFuncOp kernel) {
  MLIRContext *context = kernel.getContext();
  switch (param.getKind()) {
  case ParamKind::Pointer:
  case ParamKind::TensorMap:
  case ParamKind::Workspace:
    return LLVM::LLVMPointerType::get(context);
  case ParamKind::Scalar: {
    Type type = kernel.getArgumentTypes()[param.getArg()];
    return type.isIndex() ? IntegerType::get(context, 64) : type;
  }
  case ParamKind::Size:
  case ParamKind::Stride:
    return IntegerType::get(context, 64);
  }
  return {};
}

static DictionaryAttr attributesOf(ParamAttr param, gpu::GPUFuncOp kernel) {
  Builder builder(param.getContext());
  // What `fovea-serialize` needs to know of it.
  StringRef workspace = CtaDialect::getWorkspaceAttrName();
  if (param.getKind() == ParamKind::Workspace)
    return builder.getDictionaryAttr(builder.getNamedAttr(workspace, kernel.getArgAttr(param.getArg(), workspace)));
  if (param.getKind() != ParamKind::TensorMap)
    return builder.getDictionaryAttr({});
  // 128 bytes by value, which stay in the constant bank that parameters are in.
  Type bytes = LLVM::LLVMArrayType::get(builder.getI8Type(), 128);
  return builder.getDictionaryAttr(
      {builder.getNamedAttr(LLVM::LLVMDialect::getByValAttrName(), TypeAttr::get(bytes)),
       builder.getNamedAttr(LLVM::LLVMDialect::getAlignAttrName(), builder.getI64IntegerAttr(64)),
       builder.getNamedAttr(NVVM::NVVMDialect::getGridConstantAttrName(), builder.getUnitAttr())});
}

/// Warps of all roles.
static int64_t countWarps(gpu::GPUFuncOp kernel, ScheduleAttr schedule) {
  int64_t warps = 0;
  kernel.walk([&](WarpSpecializeOp op) {
    for (int64_t count : op.getWarps())
      warps += count;
  });
  return warps != 0 ? warps : 4 * schedule.getWarpgroups();
}

static void setAttributes(LLVM::LLVMFuncOp func, gpu::GPUFuncOp kernel, ScheduleAttr schedule,
                          ArrayRef<ParamAttr> params) {
  Builder builder(func.getContext());
  func->setAttr(NVVM::NVVMDialect::getKernelFuncAttrName(), builder.getUnitAttr());
  // Without the number of threads ptxas ignores setmaxnreg.
  func->setAttr(NVVM::NVVMDialect::getReqntidAttrName(),
                builder.getDenseI32ArrayAttr({static_cast<int32_t>(32 * countWarps(kernel, schedule))}));
  func->setAttr(NVVM::NVVMDialect::getMinctasmAttrName(), builder.getI32IntegerAttr(schedule.getBlocksPerSm()));
  func->setAttr(CtaDialect::getParamsAttrName(),
                builder.getArrayAttr(SmallVector<Attribute>(params.begin(), params.end())));
  func->setAttr(
      CtaDialect::getGridAttrName(),
      GridAttr::get(func.getContext(), schedule.getScheduler() != Scheduler::Grid, schedule.getBlocksPerSm()));
  Attribute bytes = kernel->getAttr(CtaDialect::getSharedBytesAttrName());
  func->setAttr(CtaDialect::getSharedBytesAttrName(), bytes ? bytes : builder.getI64IntegerAttr(0));
  if (Attribute lag = kernel->getAttr(CtaDialect::getRescaleAttrName()))
    func->setAttr(CtaDialect::getRescaleAttrName(), lag);
}

FailureOr<KernelAbi> KernelAbi::lower(gpu::GPUFuncOp kernel) {
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule)
    return kernel.emitOpError("has no cta.schedule");
  KernelAbi abi;
  if (failed(collectParams(kernel, abi.params)))
    return failure();

  OpBuilder builder(kernel);
  Location loc = kernel.getLoc();
  SmallVector<Type> types;
  SmallVector<DictionaryAttr> attributes;
  for (ParamAttr param : abi.params) {
    types.push_back(typeOf(param, kernel));
    attributes.push_back(attributesOf(param, kernel));
  }
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(builder.getContext()), types);
  abi.func = LLVM::LLVMFuncOp::create(builder, loc, kernel.getName(), type);
  abi.func.setAllArgAttrs(attributes);
  setAttributes(abi.func, kernel, schedule, abi.params.getArrayRef());

  Block *entry = abi.func.addEntryBlock(builder);
  Block &body = kernel.getBody().front();
  builder.setInsertionPointToStart(entry);
  for (BlockArgument argument : body.getArguments()) {
    Value value;
    if (isa<MemRefType>(argument.getType())) {
      value = ub::PoisonOp::create(builder, loc, argument.getType());
      abi.argumentOf[value] = argument.getArgNumber();
    } else if (!argument.use_empty()) {
      value = abi.param(plainParam(builder.getContext(), ParamKind::Scalar, argument.getArgNumber(), 0));
      if (argument.getType().isIndex())
        value = arith::IndexCastOp::create(builder, loc, argument.getType(), value);
    }
    if (value)
      argument.replaceAllUsesWith(value);
  }
  entry->getOperations().splice(entry->end(), body.getOperations());
  Operation *terminator = entry->getTerminator();
  builder.setInsertionPoint(terminator);
  LLVM::ReturnOp::create(builder, terminator->getLoc(), ValueRange());
  terminator->erase();
  kernel.erase();
  return abi;
}

//===----------------------------------------------------------------------===//
// Access
//===----------------------------------------------------------------------===//

Value KernelAbi::param(ParamAttr param) const {
  const auto *found = llvm::find(params, param);
  return function().getArgument(found - params.begin());
}

Value KernelAbi::pointer(Value memref) const {
  int64_t argument = argumentOf.lookup(memref);
  for (ParamKind kind : {ParamKind::Pointer, ParamKind::Workspace})
    if (ParamAttr attr = plainParam(context(), kind, argument, 0); params.contains(attr))
      return param(attr);
  return {};
}

Value KernelAbi::map(Value memref, const TensorMap &map) const {
  return param(mapParam(context(), argumentOf.lookup(memref), map));
}

static Value constantOrParam(OpBuilder &builder, Location loc, int64_t known, Value param) {
  if (ShapedType::isDynamic(known))
    return param;
  return arith::ConstantIntOp::create(builder, loc, builder.getI64Type(), known);
}

Value KernelAbi::size(OpBuilder &builder, Location loc, Value memref, int64_t dim) const {
  int64_t known = cast<MemRefType>(memref.getType()).getDimSize(dim);
  ParamAttr attr = plainParam(context(), ParamKind::Size, argumentOf.lookup(memref), dim);
  return constantOrParam(builder, loc, known, ShapedType::isDynamic(known) ? param(attr) : Value());
}

Value KernelAbi::stride(OpBuilder &builder, Location loc, Value memref, int64_t dim) const {
  int64_t known = stridesOf(cast<MemRefType>(memref.getType()))[dim];
  ParamAttr attr = plainParam(context(), ParamKind::Stride, argumentOf.lookup(memref), dim);
  return constantOrParam(builder, loc, known, ShapedType::isDynamic(known) ? param(attr) : Value());
}
