//===- AttnOutlineKernels.cpp - stage 7b: tiled loops to kernels ----------===//
//
//   %o = scf.forall (%b, %i) = (0, 0) to (%B, %L) step (1, 128) shared_outs(%e = %out) {
//     ... tensor.extract_slice %q[%b, %i, 0] ... attn.online_attention, attn.finalize ...
//     in_parallel { tensor.parallel_insert_slice %t into %e[%b, %i, 0] ... }
//   }
// ->
//   %o = cta.launch @f_kernels::@f_0 tiles(%B, %L ceildiv 128) ins(%q, ...) outs(%out)
//   gpu.func @f_0(%q: memref<...>, ..., %out: memref<...>, %e0: index, %e1: index) kernel {
//     %b, %t = cta.tile_index of(%e0, %e1)
//     %i = affine.apply (d0 * 128)(%t)
//     ... the body, reading bufferization.to_tensor %q ...
//     bufferization.materialize_in_destination %t in writable (memref.subview %out[%b, %i, 0] ...)
//   }
//
// Index arithmetic on sizes is repeated in the kernel rather than passed to it. Everything that is not part of such a
// loop stays on the host.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Remarks.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Transforms/RegionUtils.h"

namespace fovea {
#define GEN_PASS_DEF_ATTNOUTLINEKERNELSPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {

/// Constants, sizes of tensors, and arithmetic on scalars: cheaper to repeat in a kernel than to pass.
bool isRepeated(Operation *op) {
  if (!op || op->getNumRegions() != 0)
    return false;
  if (isa<tensor::DimOp>(op) || op->hasTrait<OpTrait::ConstantLike>())
    return true;
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  bool scalars = llvm::all_of(op->getResultTypes(), isScalar) && llvm::all_of(op->getOperandTypes(), isScalar);
  return scalars && isa_and_nonnull<arith::ArithDialect, affine::AffineDialect, math::MathDialect>(op->getDialect()) &&
         isPure(op);
}

/// What the body of a loop takes from outside.
struct Captures {
  SetVector<Operation *> repeated; ///< In an order in which operands come first.
  SetVector<Value> inputs;         ///< Tensors and scalars that are passed.

  void add(Value value) {
    Operation *op = value.getDefiningOp();
    if (!isRepeated(op)) {
      inputs.insert(value);
      return;
    }
    if (repeated.contains(op))
      return;
    for (Value operand : op->getOperands())
      add(operand);
    repeated.insert(op);
  }
};

Captures capturesOf(scf::ForallOp forall) {
  Captures captures;
  SetVector<Value> used;
  getUsedValuesDefinedAbove(forall.getRegion(), used);
  used.insert_range(forall.getDynamicLowerBound()); // of which the kernel computes the position
  used.insert_range(forall.getDynamicStep());
  // Tensors first: their sizes are read from them.
  for (Value value : used)
    if (isa<RankedTensorType>(value.getType()))
      captures.add(value);
  for (Value value : used)
    if (!isa<RankedTensorType>(value.getType()))
      captures.add(value);
  return captures;
}

/// The memref that a kernel sees a tensor as: any strides.
MemRefType kernelView(RankedTensorType type) {
  auto layout = StridedLayoutAttr::get(type.getContext(), ShapedType::kDynamic,
                                       SmallVector<int64_t>(type.getRank(), ShapedType::kDynamic));
  return MemRefType::get(type.getShape(), type.getElementType(), layout);
}

/// One loop on its way to being a kernel.
class Outliner {
public:
  Outliner(scf::ForallOp forall, gpu::GPUModuleOp module, StringRef name)
      : forall(forall), module(module), name(name), loc(forall.getLoc()), captures(capturesOf(forall)) {}

  LogicalResult run() {
    if (failed(checkInterface()))
      return failure();
    launch();
    makeKernel();
    forall->replaceAllUsesWith(launchOp);
    forall.erase();
    return success();
  }

private:
  LogicalResult checkInterface() {
    for (Value input : captures.inputs)
      if (!isa<RankedTensorType>(input.getType()) && !input.getType().isIntOrIndexOrFloat())
        return forall.emitOpError() << "cannot become a kernel: it uses a value of type " << input.getType();
    return success();
  }

  /// The number of tiles along each dimension, on the host.
  void launch() {
    OpBuilder builder(forall);
    SmallVector<Value> tiles;
    for (auto [begin, end, step] :
         llvm::zip_equal(forall.getMixedLowerBound(), forall.getMixedUpperBound(), forall.getMixedStep())) {
      AffineExpr d0 = builder.getAffineDimExpr(0), d1 = builder.getAffineDimExpr(1), d2 = builder.getAffineDimExpr(2);
      std::optional<int64_t> width = getConstantIntValue(step);
      OpFoldResult count =
          width ? affine::makeComposedFoldedAffineApply(builder, loc, (d1 - d0).ceilDiv(*width), {begin, end})
                : affine::makeComposedFoldedAffineApply(builder, loc, (d1 - d0).ceilDiv(d2), {begin, end, step});
      tiles.push_back(getValueOrCreateConstantIndexOp(builder, loc, count));
    }
    auto kernel = SymbolRefAttr::get(builder.getContext(), module.getName(),
                                     {FlatSymbolRefAttr::get(builder.getContext(), name)});
    launchOp = cta::LaunchOp::create(builder, loc, forall.getResultTypes(), kernel, tiles,
                                     captures.inputs.getArrayRef(), forall.getOutputs());
  }

  void makeKernel() {
    MLIRContext *context = forall.getContext();
    SmallVector<Type> types;
    auto addType = [&](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      types.push_back(tensor ? Type(kernelView(tensor)) : type);
    };
    for (Value input : captures.inputs)
      addType(input.getType());
    for (Value output : forall.getOutputs())
      addType(output.getType());
    types.append(forall.getRank(), IndexType::get(context));

    OpBuilder builder = OpBuilder::atBlockEnd(module.getBody());
    kernel = gpu::GPUFuncOp::create(builder, loc, name, FunctionType::get(context, types, {}));
    kernel->setAttr(gpu::GPUDialect::getKernelFuncAttrName(), builder.getUnitAttr());
    Block &body = kernel.getBody().front();
    builder.setInsertionPointToStart(&body);

    unsigned numInputs = captures.inputs.size(), numOutputs = forall.getOutputs().size();
    IRMapping map;
    for (auto [i, input] : llvm::enumerate(captures.inputs))
      map.map(input, asSeenInBody(builder, input, body.getArgument(i), /*writable=*/false));
    for (auto [i, shared] : llvm::enumerate(forall.getRegionIterArgs()))
      map.map(shared, asSeenInBody(builder, shared, body.getArgument(numInputs + i), /*writable=*/true));
    for (Operation *op : captures.repeated)
      builder.clone(*op, map);
    mapPosition(builder, map, body.getArguments().drop_front(numInputs + numOutputs));
    for (Operation &op : forall.getBody()->without_terminator())
      builder.clone(op, map);
    for (Operation &op : forall.getTerminator().getYieldingOps())
      write(builder, map, cast<tensor::ParallelInsertSliceOp>(op), body.getArguments().slice(numInputs, numOutputs));
    gpu::ReturnOp::create(builder, loc);
    takeSchedule();
  }

  Value asSeenInBody(OpBuilder &builder, Value outside, Value argument, bool writable) {
    if (!isa<RankedTensorType>(outside.getType()))
      return argument;
    return bufferization::ToTensorOp::create(builder, loc, outside.getType(), argument, /*restrict=*/true, writable);
  }

  /// The loop's induction variables from the tile's coordinates.
  void mapPosition(OpBuilder &builder, IRMapping &map, ValueRange extents) {
    auto tile = cta::TileIndexOp::create(builder, loc, extents);
    AffineExpr d0 = builder.getAffineDimExpr(0), s0 = builder.getAffineSymbolExpr(0),
               s1 = builder.getAffineSymbolExpr(1);
    for (auto [iv, index, begin, step] : llvm::zip_equal(forall.getInductionVars(), tile.getIndices(),
                                                         forall.getMixedLowerBound(), forall.getMixedStep())) {
      auto inKernel = [&](OpFoldResult value) -> OpFoldResult {
        auto dynamic = dyn_cast<Value>(value);
        return dynamic ? OpFoldResult(map.lookup(dynamic)) : value;
      };
      OpFoldResult position = affine::makeComposedFoldedAffineApply(
          builder, loc, d0 * s0 + s1, {OpFoldResult(index), inKernel(step), inKernel(begin)});
      map.map(iv, getValueOrCreateConstantIndexOp(builder, loc, position));
    }
  }

  void write(OpBuilder &builder, IRMapping &map, tensor::ParallelInsertSliceOp insert, ValueRange outputs) {
    auto inKernel = [&](ArrayRef<OpFoldResult> values) {
      SmallVector<OpFoldResult> mapped;
      for (OpFoldResult value : values) {
        auto dynamic = dyn_cast<Value>(value);
        mapped.push_back(dynamic ? OpFoldResult(map.lookup(dynamic)) : value);
      }
      return mapped;
    };
    unsigned output = cast<BlockArgument>(insert.getDest()).getArgNumber() - forall.getRank();
    SmallVector<OpFoldResult> offsets = inKernel(insert.getMixedOffsets()), sizes = inKernel(insert.getMixedSizes()),
                              strides = inKernel(insert.getMixedStrides());
    auto whole = cast<MemRefType>(outputs[output].getType());
    auto type = memref::SubViewOp::inferRankReducedResultType(insert.getSourceType().getShape(), whole, offsets, sizes,
                                                              strides);
    Value part =
        memref::SubViewOp::create(builder, loc, cast<MemRefType>(type), outputs[output], offsets, sizes, strides);
    bufferization::MaterializeInDestinationOp::create(builder, loc, /*result=*/Type(), map.lookup(insert.getSource()),
                                                      part, /*restrict=*/true, /*writable=*/true);
  }

  /// The schedule belongs to the kernel from here on.
  void takeSchedule() {
    StringRef name = cta::CtaDialect::getScheduleAttrName();
    kernel->walk([&](attn::StructuredOpInterface op) {
      if (Attribute schedule = op->removeAttr(name))
        kernel->setAttr(name, schedule);
    });
  }

  scf::ForallOp forall;
  gpu::GPUModuleOp module;
  StringRef name;
  Location loc;
  Captures captures;
  cta::LaunchOp launchOp;
  gpu::GPUFuncOp kernel;
};

struct AttnOutlineKernelsPass final : fovea::impl::AttnOutlineKernelsPassBase<AttnOutlineKernelsPass> {
  /// What computes on tensors beside the kernels, and would read and write memory once more.
  static void explainHostOps(func::FuncOp function) {
    function->walk<WalkOrder::PreOrder>([&](Operation *op) {
      if (isa<scf::ForallOp>(op))
        return WalkResult::skip();
      if (isa<linalg::LinalgOp>(op) && !isa<linalg::FillOp>(op))
        remark::missed(op->getLoc(), remark::RemarkOpts::name("FuseHostOp").category("attn-outline-kernels"))
            << remark::reason("'{0}' is not part of a kernel, and stays on the host's side", op->getName());
      return WalkResult::advance();
    });
  }

  void runOnOperation() override {
    SymbolTable symbols(getOperation());
    for (auto function : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      SmallVector<scf::ForallOp> loops;
      function->walk<WalkOrder::PreOrder>([&](scf::ForallOp forall) {
        bool ours = forall->walk([](attn::StructuredOpInterface) { return WalkResult::interrupt(); }).wasInterrupted();
        if (ours)
          loops.push_back(forall);
        return WalkResult::skip();
      });
      if (loops.empty())
        continue;
      OpBuilder builder(&getContext());
      builder.setInsertionPointAfter(function);
      std::string base = function.getName().str();
      auto module = gpu::GPUModuleOp::create(builder, function.getLoc(), base + "_kernels");
      symbols.insert(module);
      explainHostOps(function);
      for (auto [i, forall] : llvm::enumerate(loops)) {
        Location loc = forall.getLoc();
        int64_t rank = forall.getRank();
        std::string name = base + "_" + std::to_string(i);
        if (failed(Outliner(forall, module, name).run()))
          return signalPassFailure();
        remark::passed(loc, remark::RemarkOpts::name("OutlineKernel").category("attn-outline-kernels"))
            << remark::metric("kernel", name) << remark::metric("tile_dims", rank);
      }
    }
  }
};
} // namespace
