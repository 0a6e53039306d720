//===- AttnToCta.cpp - stage 8: tiles of attn ops to register tiles -------===//
//
//   %s:3 = scf.for %n = %begin to %end step 128 iter_args(%acc, %m, %l) {
//     attn.online_attention partial(%p) ins(%q_tile, %k[%n], %v[%n]) outs(%acc, %m, %l) mask {...}
//   }
//   %o = attn.finalize ins(%s#0, %s#1, %s#2)                   bufferization.materialize_in_destination %o in %out[...]
// ->
//   %qt = cta.load %q[...]
//   %s:3 = scf.for %j = 0 to %blocks iter_args(%acc, %m, %l) : i32 {
//     %kt = cta.load %k[...]          %vt = cta.load %v[...]
//     %s0 = cta.dot %qt, %kt transpose_b
//     %s = scf.if (%j < %tail) { the mask, and where the keys end } else { %s0 }
//     row maximum, weights %p, row sums
//     %acc' = cta.dot (truncf %p), %vt, (%acc * %keep)
//   }
//   cta.store (%s#0 / sum), %out[...]
//
// Shapes become those of tiles: loads fill with zero what lies beyond a memref (S8), the end of the keys joins the
// mask, and stores leave out what lies beyond a memref. Non-finite values at a key within the memref that the mask
// removes for some rows are multiplied by 0 (S8: unspecified on tensor cores).
//
//===----------------------------------------------------------------------===//

#include "AffineToArith.h"
#include "FinalTiles.h"
#include "KeyLoop.h"
#include "MaskBounds.h"
#include "ScoreRegion.h"
#include "fovea/Conversion/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Remarks.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace fovea {
#define GEN_PASS_DEF_ATTNTOCTAPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

//===----------------------------------------------------------------------===//
// Scalars that are read off tensors
//===----------------------------------------------------------------------===//

/// tensor.dim and tensor.extract in the kernel's own code, as memref ops.
static void readScalarsFromMemory(gpu::GPUFuncOp kernel) {
  SmallVector<Operation *> ops;
  kernel->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<tensor::DimOp, tensor::ExtractOp>(op))
      ops.push_back(op);
    return isa<OnlineAttentionOp>(op) ? WalkResult::skip() : WalkResult::advance();
  });
  for (Operation *op : ops) {
    TileBuilder builder(op->getLoc(), op);
    std::string whyNot;
    std::optional<MemoryView> view = MemoryView::of(op->getOperand(0), whyNot);
    if (!view) // for KernelBody to refuse
      continue;
    Value scalar;
    if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
      SmallVector<Value> indices = view->allOffsets(builder, [](Value value) { return value; });
      for (auto [i, index] : llvm::enumerate(extract.getIndices()))
        indices[view->dims[i]] = builder.addIndex(indices[view->dims[i]], index);
      scalar = memref::LoadOp::create(builder, view->memref, indices);
    } else {
      auto dim = cast<tensor::DimOp>(op);
      if (std::optional<int64_t> number = dim.getConstantIndex())
        scalar = builder.toIndex(extentOf(builder, dim.getSource(), *number));
    }
    if (scalar) {
      op->getResult(0).replaceAllUsesWith(scalar);
      op->erase();
    }
  }
}

//===----------------------------------------------------------------------===//
// The kernel
//===----------------------------------------------------------------------===//

namespace {

class Lowering {
public:
  Lowering(const KernelBody &body)
      : body(body), builder(oldLoop(body)->getLoc(), oldLoop(body)), keyLoop(body, builder) {}
  void run();

private:
  static Operation *oldLoop(const KernelBody &body) {
    scf::ForOp loop = body.loop;
    OnlineAttentionOp attention = body.attention;
    return loop ? loop.getOperation() : attention.getOperation();
  }
  cta::LoadOp load(const TiledView &tiled, int64_t rows, int64_t columns, ScalarMapping map);
  SoftmaxState block(Value j, Value query, SoftmaxState state);
  Value masked(Value j, Value position, Value scores, RegionTiles &regions, ScalarMapping map);
  void completeSchedule();
  void remarkOn(bool isMasked);
  void eraseOld();

  const KernelBody &body;
  TileBuilder builder;
  KeyLoop keyLoop;
  ScoreUnits units;
  scf::ForOp loop;
};

} // namespace

/// A tile of rows x columns, or, where that is how it lies in memory, of columns x rows.
cta::LoadOp Lowering::load(const TiledView &tiled, int64_t rows, int64_t columns, ScalarMapping map) {
  SmallVector<int64_t> shape = {rows, columns}, dims = {tiled.rowDim, *tiled.columnDim};
  if (tiled.isTransposed())
    std::swap(shape[0], shape[1]), std::swap(dims[0], dims[1]);
  auto type = cta::TileType::get(builder.getContext(), shape, body.operandType, /*swizzle=*/0);
  SmallVector<Value> offsets = tiled.view.allOffsets(builder, map);
  return cta::LoadOp::create(builder, type, tiled.view.memref, offsets, /*predicate=*/Value(), dims);
}

Value Lowering::masked(Value j, Value position, Value scores, RegionTiles &regions, ScalarMapping map) {
  auto apply = [&]() -> Value {
    Value keep = keyLoop.needsRegion() ? regions.mask() : Value();
    if (keyLoop.hasKeyBound()) {
      Value keys = regions.coordinate(1);
      Value rest = builder.splat(keyLoop.remainingKeys(builder, position), cast<RankedTensorType>(keys.getType()));
      Value present = arith::CmpIOp::create(builder, arith::CmpIPredicate::slt, keys, rest);
      keep = keep ? arith::AndIOp::create(builder, keep, present) : present;
    }
    Value lowest = builder.constant(scores.getType(), -std::numeric_limits<double>::infinity()); // S7
    return builder.select(keep, scores, lowest);
  };
  switch (keyLoop.masking()) {
  case KeyLoop::Masking::Never:
    return scores;
  case KeyLoop::Masking::Always:
    return apply();
  case KeyLoop::Masking::Sometimes:
    break;
  }
  Value edge = keyLoop.edge(builder, j, map);
  auto branch = scf::IfOp::create(builder, scores.getType(), edge, /*withElseRegion=*/true);
  OpBuilder::InsertionGuard guard(builder);
  builder.setInsertionPointToStart(branch.thenBlock());
  Value result = apply();
  scf::YieldOp::create(builder, result);
  builder.setInsertionPointToStart(branch.elseBlock());
  scf::YieldOp::create(builder, scores);
  return branch.getResult(0);
}

SoftmaxState Lowering::block(Value j, Value query, SoftmaxState state) {
  Value position = keyLoop.position(builder, j);
  BlockScalars scalars(body, builder);
  scalars.setPosition(position);
  Value key = load(body.key, body.keys, body.headDim, scalars);
  Value value = load(body.value, body.keys, body.valueDim, scalars);
  auto scoreType = builder.tile({body.rows, body.keys}, builder.getF32Type());
  Value scores = cta::DotOp::create(builder, scoreType, query, key, /*acc=*/Value(),
                                    /*transpose_b=*/!body.key.isTransposed());
  RegionTiles regions(body, builder, loop, scalars);
  if (units.scale)
    scores = builder.mul(scores, builder.splat(units.scale, scoreType));
  scores = masked(j, position, regions.score(scores), regions, scalars);
  Value weights;
  SoftmaxState next = updateState(body, builder, units, state, scores, weights);
  Value rounded = builder.convertFloat(weights, body.operandType);
  next.acc = cta::DotOp::create(builder, next.acc.getType(), rounded, value, next.acc,
                                /*transpose_b=*/body.value.isTransposed());
  return next;
}

/// Later stages read from the schedule how many warpgroups there are.
void Lowering::completeSchedule() {
  gpu::GPUFuncOp kernel = body.kernel;
  StringRef name = cta::CtaDialect::getScheduleAttrName();
  if (kernel->hasAttr(name))
    return;
  kernel->setAttr(name, cta::ScheduleAttr::get(kernel.getContext(), body.warpgroups, /*stages=*/2, /*overlap=*/true,
                                               /*ping_pong=*/false, /*specialize=*/true, /*flatten=*/false,
                                               /*query_stages=*/1, /*output_over_query=*/false, cta::Scheduler::Static,
                                               cta::TileOrder::Ascending, /*section_tiles=*/0, /*blocks_per_sm=*/1,
                                               /*producer_registers=*/0, /*consumer_registers=*/0));
}

void Lowering::run() {
  completeSchedule();
  if (int64_t lag = maximumLag(body))
    body.kernel->setAttr(cta::CtaDialect::getRescaleAttrName(), builder.getI64IntegerAttr(lag));
  units = ScoreUnits::choose(body, builder);
  auto inPlace = [](Value value) { return value; };
  Value query = load(body.query, body.rows, body.headDim, inPlace);
  SoftmaxState initial = SoftmaxState::identity(body, builder, units);
  Value zero = builder.i32(0), one = builder.i32(1);
  loop = scf::ForOp::create(builder, zero, keyLoop.blocks(), one, initial.values());
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(loop.getBody());
    SoftmaxState next = block(loop.getInductionVar(), query, SoftmaxState::of(loop.getRegionIterArgs()));
    scf::YieldOp::create(builder, next.values());
  }
  gpu::GPUFuncOp kernel = body.kernel;
  builder.setInsertionPoint(kernel.getBody().back().getTerminator());
  storeResults(body, builder, units, SoftmaxState::of(loop.getResults()));
  remarkOn(keyLoop.masking() != KeyLoop::Masking::Never);
  eraseOld();
  expandAffine(kernel);
  simplifyMaskBounds(kernel);
}

void Lowering::remarkOn(bool isMasked) {
  remark::analysis(oldLoop(body)->getLoc(), remark::RemarkOpts::name("AttnToCta").category("attn-to-cta"))
      << remark::add("{0} rows x {1} keys, head dims {2} and {3}; {4}; {5}", body.rows, body.keys, body.headDim,
                     body.valueDim,
                     units.weight == ScoreUnits::Weight::FusedScale ? "scale, subtraction and exponent are one fma"
                                                                    : "scores are scaled before the maximum",
                     !isMasked                                       ? "no block is masked"
                     : keyLoop.masking() == KeyLoop::Masking::Always ? "every block is masked"
                                                                     : "blocks at the edges are masked");
}

/// The old ops, last first; scalars that nothing uses any more go with them.
void Lowering::eraseOld() {
  gpu::GPUFuncOp kernel = body.kernel;
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(kernel.getBody().front()))) {
    bool isOld = &op == oldLoop(body) || op.getDialect()->getNamespace() == AttnDialect::getDialectNamespace() ||
                 isa<bufferization::MaterializeInDestinationOp, bufferization::ToTensorOp, linalg::FillOp>(op);
    if (op.use_empty() && (isOld || isOpTriviallyDead(&op)))
      op.erase();
  }
}

namespace {
struct AttnToCtaPass final : fovea::impl::AttnToCtaPassBase<AttnToCtaPass> {
  void runOnOperation() override {
    gpu::GPUFuncOp kernel = getOperation();
    bool hasAttention = kernel->walk([](StructuredOpInterface) { return WalkResult::interrupt(); }).wasInterrupted();
    if (!hasAttention)
      return;
    readScalarsFromMemory(kernel);
    FailureOr<KernelBody> body = KernelBody::read(kernel);
    if (failed(body))
      return signalPassFailure();
    Lowering(*body).run();
  }
};
} // namespace
