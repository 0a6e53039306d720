//===- SelectGpuSchedule.cpp - tiles and schedule for a GPU (stage 2) -----===//
//
//   attn.attention ins(...)
// ->
//   attn.attention ins(...) attributes {attn.config = #attn.config<tile_m = 192, tile_n = 80, rescale_log2 = 8>,
//                                       cta.schedule = #cta.schedule<warpgroups = 3, ...>}
//
// What the op carries already stays, so that either attribute can be written by hand. Where the number of keys is
// dynamic the choice is made for `keys`; if that is 0, the op is repeated under a test of the number (scf.if) for each
// range in which another schedule is best.
//
//===----------------------------------------------------------------------===//

#include "fovea/Conversion/Passes.h"
#include "fovea/Dialect/Attn/IR/AttentionDims.h"
#include "fovea/Dialect/Attn/IR/Attn.h"
#include "fovea/Dialect/Cta/IR/Cta.h"
#include "fovea/Target/GpuModel.h"
#include "mlir/AsmParser/AsmParser.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/Remarks.h"

namespace fovea {
#define GEN_PASS_DEF_SELECTGPUSCHEDULEPASS
#include "fovea/Conversion/Passes.h.inc"
} // namespace fovea

using namespace mlir;

namespace {

struct SelectGpuSchedulePass final : fovea::impl::SelectGpuSchedulePassBase<SelectGpuSchedulePass> {
  using Base::Base;

  void runOnOperation() override {
    if (!fovea::GpuModel::find(chip)) {
      getOperation()->emitError() << "no kernels are made for chip '" << chip << "', only for "
                                  << fovea::GpuModel::supportedChips;
      return signalPassFailure();
    }
    cta::ScheduleAttr given;
    if (!schedule.empty()) {
      given = dyn_cast_or_null<cta::ScheduleAttr>(parseAttribute(schedule, &getContext()));
      if (!given) {
        getOperation()->emitError() << "expected the option schedule to be a #cta.schedule, got '" << schedule << "'";
        return signalPassFailure();
      }
    }
    if (failed(checkSupported()))
      return signalPassFailure();
    SmallVector<attn::ScoreOpInterface> ops;
    getOperation()->walk([&](attn::ScoreOpInterface op) {
      if (isa<attn::AttentionOp, attn::OnlineAttentionOp>(op.getOperation()))
        ops.push_back(op);
    });
    for (attn::ScoreOpInterface op : ops) {
      if (std::optional<fovea::AttentionShape> shape = shapeOf(op, 1); shape && shape->keys == 0) {
        op->emitOpError("has no keys, by the static shapes of K and V, and no kernel is made of that; a dynamic number "
                        "of keys may be 0");
        return signalPassFailure();
      }
      bool isOpen = keys == 0 && !given && !op->hasAttr(cta::CtaDialect::getScheduleAttrName()) &&
                    !op->hasAttr(attn::AttnDialect::getConfigAttrName());
      std::optional<KeyCount> count = isOpen ? keyCountOf(op) : std::nullopt;
      if (count)
        decideByLength(op, *count);
      else
        decide(op, given, keys);
    }
  }

  /// Names everything that no kernel is made of yet.
  LogicalResult checkSupported() {
    bool supported = true;
    getOperation()->walk([&](attn::StructuredOpInterface op) {
      if (isa<attn::AttentionOp, attn::OnlineAttentionOp, attn::FinalizeOp, attn::MergeOp>(op.getOperation()))
        return;
      op->emitOpError("has no kernels for GPUs yet; attn.attention has");
      supported = false;
    });
    return success(supported);
  }

  /// Where the number of keys is read from.
  struct KeyCount {
    Value tensor;
    int64_t dim;
  };

  /// Nothing if the number is static.
  std::optional<KeyCount> keyCountOf(attn::ScoreOpInterface op) {
    auto structured = cast<attn::StructuredOpInterface>(op.getOperation());
    SmallVector<AffineMap> maps = structured.getMappedOperandMaps();
    FailureOr<attn::AttentionDims> dims = attn::AttentionDims::infer(maps[0], maps[1], maps[2]);
    if (failed(dims))
      return std::nullopt;
    std::optional<KeyCount> count;
    for (auto [operand, map] : llvm::zip_equal(structured.getMappedOperands(), maps)) {
      auto type = dyn_cast<RankedTensorType>(operand->get().getType());
      std::optional<unsigned> position = map.getResultPosition(getAffineDimExpr(dims->key, op.getContext()));
      if (!type || !position)
        continue;
      if (!type.isDynamicDim(*position))
        return std::nullopt;
      if (!count)
        count = KeyCount{operand->get(), *position};
    }
    return count;
  }

  void decideByLength(attn::ScoreOpInterface op, KeyCount count) {
    std::optional<fovea::AttentionShape> shape = shapeOf(op, 1);
    OpBuilder builder(op);
    Location loc = op.getLoc();
    Value number;
    for (int64_t limit : shape ? fovea::scheduleChangesAt(*shape) : SmallVector<int64_t>()) {
      if (!number)
        number = tensor::DimOp::create(builder, loc, count.tensor, count.dim);
      Value bound = arith::ConstantIndexOp::create(builder, loc, limit);
      Value isShort = arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::sle, number, bound);
      auto branch = scf::IfOp::create(builder, loc, op->getResultTypes(), isShort, /*withElseRegion=*/true);
      op->replaceAllUsesWith(branch);
      builder.setInsertionPointToStart(branch.thenBlock());
      Operation *version = builder.clone(*op);
      scf::YieldOp::create(builder, loc, version->getResults());
      decide(cast<attn::ScoreOpInterface>(version), {}, limit);
      builder.setInsertionPointToStart(branch.elseBlock());
      auto yield = scf::YieldOp::create(builder, loc, op->getResults());
      op->moveBefore(yield);
      builder.setInsertionPoint(op);
    }
    decide(op, {}, std::numeric_limits<int64_t>::max());
  }

  /// What is known of the shapes of `op`.
  std::optional<fovea::AttentionShape> shapeOf(attn::ScoreOpInterface op, int64_t keysIfDynamic) {
    auto structured = cast<attn::StructuredOpInterface>(op.getOperation());
    SmallVector<AffineMap> maps = structured.getMappedOperandMaps();
    FailureOr<attn::AttentionDims> dims = attn::AttentionDims::infer(maps[0], maps[1], maps[2]);
    if (failed(dims))
      return std::nullopt;
    SmallVector<int64_t> extents(structured.getNumLoops(), ShapedType::kDynamic);
    for (auto [operand, map] : llvm::zip_equal(structured.getMappedOperands(), maps))
      for (auto [i, expr] : llvm::enumerate(map.getResults()))
        if (auto dim = dyn_cast<AffineDimExpr>(expr))
          if (int64_t extent = cast<ShapedType>(operand->get().getType()).getDimSize(i); !ShapedType::isDynamic(extent))
            extents[dim.getPosition()] = extent;
    fovea::AttentionShape shape;
    auto known = [&](unsigned dim, int64_t otherwise) {
      return ShapedType::isDynamic(extents[dim]) ? otherwise : extents[dim];
    };
    shape.headDim = std::max(known(dims->qk, 128), known(dims->value, 128));
    shape.keys = known(dims->key, keysIfDynamic);
    shape.masked = !op->getRegion(1).empty();
    shape.scoreFunction = !op->getRegion(0).empty();
    shape.readsElements = llvm::any_of(ArrayRef(maps).drop_front(3), [&](AffineMap map) {
      return map.isFunctionOfDim(dims->query()) && map.isFunctionOfDim(dims->key);
    });
    op->getRegion(0).walk([&](attn::IndexOp) { shape.scorePositions = true; });
    for (Region &region : op->getRegions())
      region.walk([&](tensor::ExtractOp) { shape.readsElements = true; });
    auto elementOf = [&](unsigned operand) { return getElementTypeOrSelf(op->getOperand(operand).getType()); };
    bool sameTypes = op->getNumResults() == 0 || elementOf(0) == getElementTypeOrSelf(op->getResult(0).getType());
    shape.outputFitsQuery = known(dims->qk, 128) == known(dims->value, 128) && sameTypes;
    return shape;
  }

  void decide(attn::ScoreOpInterface op, cta::ScheduleAttr given, int64_t keysIfDynamic) {
    MLIRContext *context = op.getContext();
    StringRef configName = attn::AttnDialect::getConfigAttrName(),
              scheduleName = cta::CtaDialect::getScheduleAttrName();
    std::optional<fovea::AttentionShape> shape = shapeOf(op, keysIfDynamic);
    std::optional<fovea::AttentionSchedule> best = shape ? fovea::chooseAttentionSchedule(*shape) : std::nullopt;
    if (!op->hasAttr(scheduleName) && given)
      op->setAttr(scheduleName, given);
    if (!best)
      best = fovea::AttentionSchedule{2, 64, false, false, 0, true, 1, 0, 1};
    bool byHand = op->hasAttr(scheduleName);
    if (!byHand)
      op->setAttr(scheduleName, cta::ScheduleAttr::get(
                                    context, best->warpgroups, best->stages, /*overlap=*/true, best->pingPong,
                                    /*specialize=*/true, best->flatten, best->queryStages, best->outputOverQuery,
                                    best->isDynamic ? cta::Scheduler::Dynamic : cta::Scheduler::Static,
                                    shape && shape->masked ? cta::TileOrder::Descending : cta::TileOrder::Ascending,
                                    best->sectionTiles, best->blocksPerSm, 0, 0));
    auto scheduled = cast<cta::ScheduleAttr>(op->getAttr(scheduleName));
    if (!op->hasAttr(configName)) {
      int64_t rows = tileM != 0 ? int64_t(tileM) : 64 * scheduled.getWarpgroups();
      int64_t keysPerBlock = tileN != 0 ? int64_t(tileN) : best->tileN;
      int64_t rescale = rescaleLog2 >= 0 ? int64_t(rescaleLog2) : byHand ? 0 : best->rescaleLog2;
      op->setAttr(configName, attn::ConfigAttr::get(context, rows, keysPerBlock, /*splits=*/1, rescale,
                                                    attn::LaneAxis::Queries, /*tile_g=*/1));
    }
    auto config = cast<attn::ConfigAttr>(op->getAttr(configName));
    remark::analysis(op.getLoc(), remark::RemarkOpts::name("schedule").category("select-gpu-schedule"))
        << remark::metric("tile_m", config.getTileM()) << remark::metric("tile_n", config.getTileN())
        << remark::metric("rescale_log2", config.getRescaleLog2())
        << remark::metric("warpgroups", scheduled.getWarpgroups()) << remark::metric("stages", scheduled.getStages())
        << remark::metric("ping_pong", scheduled.getPingPong() ? "yes" : "no")
        << remark::metric("flatten", scheduled.getFlatten() ? "yes" : "no")
        << remark::metric("scheduler", cta::stringifyScheduler(scheduled.getScheduler()))
        << remark::metric("blocks_per_sm", scheduled.getBlocksPerSm())
        << remark::metric("chosen_by", byHand          ? "hand"
                                       : shape && best ? "table"
                                                       : "default");
  }
};
} // namespace
