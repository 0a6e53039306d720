//===- CtaInferLayouts.cpp - who holds which element (stage 9) ------------===//
//
//   %s = cta.dot %q, %k transpose_b : ... -> tensor<128x96xf32>
//   %m = cta.reduce maximum %s dim 1 : tensor<128x96xf32> -> tensor<128xf32>
//   %o = cta.dot %p, %v, %acc : tensor<128x96xbf16>, ...
//  ->
//   %s = cta.dot %q, %k transpose_b : ... -> tensor<128x96xf32, #acc>          #acc = #cta.mma<warps = [8, 1]>
//   %m = cta.reduce maximum %s dim 1 : tensor<128x96xf32, #acc> -> tensor<128xf32, #cta.slice<1, #acc>>
//   %a = cta.convert_layout %p : tensor<128x96xbf16, #acc> -> tensor<128x96xbf16, #cta.operand_a<#acc>>
//   %o = cta.dot %a, %v, %acc : tensor<128x96xbf16, #cta.operand_a<#acc>>, ...
//
// Values that an elementwise op or the control flow ties together form a class with one layout. Products seed it;
// reductions and broadcasts carry it between classes of different rank. Constants, splats and iotas belong to no class:
// each use gets its own in the layout that it wants.
//
//===----------------------------------------------------------------------===//

#include "Rematerialize.h"
#include "fovea/Dialect/Cta/Transforms/Passes.h"
#include "fovea/Dialect/Cta/Transforms/Transforms.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/Remarks.h"
#include "llvm/ADT/IntEqClasses.h"

namespace mlir::cta {
#define GEN_PASS_DEF_CTAINFERLAYOUTSPASS
#include "fovea/Dialect/Cta/Transforms/Passes.h.inc"
} // namespace mlir::cta

using namespace mlir;
using namespace mlir::cta;

static RankedTensorType tileType(Value value) { return dyn_cast<RankedTensorType>(value.getType()); }

static RankedTensorType withLayout(RankedTensorType type, Attribute layout) {
  return RankedTensorType::get(type.getShape(), type.getElementType(), layout);
}

/// The layout of the four partial sums of a tile.
static bool isPartial(ReduceOp op) { return op.getPartial(); }
static bool isPartial(BroadcastOp op) { return tileType(op.getResult()).getDimSize(1) == 4; }

/// The layout of the wide side of a reduction or broadcast, from that of its narrow side.
template <typename OpT> static Attribute parentOf(OpT op, Attribute narrow) {
  if (auto lanes = dyn_cast<LanesAttr>(narrow))
    return lanes.getParent();
  auto slice = dyn_cast<SliceAttr>(narrow);
  return slice && slice.getDim() == static_cast<int64_t>(op.getDim()) ? slice.getParent() : Attribute();
}

/// What a reduction along `dim` leaves of a tile in layout `wide`.
static Attribute reducedLayout(Attribute wide, int64_t dim, bool partial) {
  auto mma = dyn_cast<MmaAttr>(wide);
  if (partial)
    return mma ? LanesAttr::get(mma.getContext(), mma) : Attribute();
  if (auto lanes = dyn_cast<LanesAttr>(wide))
    return SliceAttr::get(wide.getContext(), dim, lanes.getParent());
  return isa<MmaAttr, OperandAAttr>(wide) ? SliceAttr::get(wide.getContext(), dim, wide) : Attribute();
}

namespace {

class LayoutInference {
public:
  LayoutInference(gpu::GPUFuncOp kernel, ScheduleAttr schedule)
      : kernel(kernel), accumulator(MmaAttr::get(kernel.getContext(), {4 * schedule.getWarpgroups(), 1})) {}

  LogicalResult run();

private:
  void collectValues();
  LogicalResult tieValues();
  LogicalResult tie(Operation *op);
  void tie(ValueRange values);
  void tieRegionBranches(Operation *op);

  void propagate();
  void seed(Value value, Attribute layout);
  void assignDefaults();
  Attribute defaultLayout(RankedTensorType type) const;
  Attribute layoutOf(Value value) const;

  LogicalResult checkShapes();
  void convertResults();
  void convertOperands(Operation *op);
  Attribute wantedLayout(OpOperand &operand) const;
  LogicalResult chooseSwizzles();

  gpu::GPUFuncOp kernel;
  MmaAttr accumulator;
  SmallVector<Value> values; // of all classes, in program order
  DenseMap<Value, unsigned> index;
  llvm::IntEqClasses classes;
  DenseMap<unsigned, Attribute> layouts; // by the leader of the class
  bool changed = false;
};

} // namespace

LogicalResult LayoutInference::run() {
  collectValues();
  if (failed(tieValues()))
    return failure();
  for (Value value : values)
    if (Attribute given = tileType(value).getEncoding())
      seed(value, given);
  kernel.walk([&](DotOp dot) { seed(dot.getResult(), accumulator); });
  propagate();
  kernel.walk([&](DotOp dot) {
    if (index.contains(dot.getA()) && !layoutOf(dot.getA()))
      seed(dot.getA(), OperandAAttr::get(kernel.getContext(), accumulator));
  });
  propagate();
  assignDefaults();
  if (failed(checkShapes()) || failed(chooseSwizzles()))
    return failure();
  convertResults();
  SmallVector<Operation *> ops;
  kernel.walk([&](Operation *op) { ops.push_back(op); });
  for (Operation *op : ops)
    convertOperands(op);
  for (Operation *op : ops)
    if (isRematerializable(op) && op->use_empty())
      op->erase();
  return success();
}

//===----------------------------------------------------------------------===//
// Classes
//===----------------------------------------------------------------------===//

void LayoutInference::collectValues() {
  auto add = [&](Value value) {
    if (tileType(value) && index.try_emplace(value, values.size()).second)
      values.push_back(value);
  };
  kernel.walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (!isRematerializable(op))
      llvm::for_each(op->getResults(), add);
    for (Region &region : op->getRegions())
      for (Block &block : region)
        llvm::for_each(block.getArguments(), add);
  });
  classes.grow(values.size());
}

LogicalResult LayoutInference::tieValues() {
  WalkResult result = kernel.walk([&](Operation *op) { return WalkResult(tie(op)); });
  return failure(result.wasInterrupted());
}

void LayoutInference::tie(ValueRange tied) {
  std::optional<unsigned> first;
  for (Value value : tied) {
    auto it = index.find(value);
    if (it == index.end())
      continue;
    if (first)
      classes.join(*first, it->second);
    first = it->second;
  }
}

void LayoutInference::tieRegionBranches(Operation *op) {
  if (auto loop = dyn_cast<scf::ForOp>(op)) {
    for (auto [init, arg, yielded, result] :
         llvm::zip_equal(loop.getInitArgs(), loop.getRegionIterArgs(), loop.getYieldedValues(), loop.getResults()))
      tie({init, arg, yielded, result});
  } else if (auto loop = dyn_cast<scf::WhileOp>(op)) {
    for (auto [init, arg, yielded] :
         llvm::zip_equal(loop.getInits(), loop.getBeforeArguments(), loop.getYieldOp().getOperands()))
      tie({init, arg, yielded});
    for (auto [passed, arg, result] :
         llvm::zip_equal(loop.getConditionOp().getArgs(), loop.getAfterArguments(), loop.getResults()))
      tie({passed, arg, result});
  } else if (auto branch = dyn_cast<scf::IfOp>(op)) {
    for (auto [i, result] : llvm::enumerate(branch.getResults()))
      tie({result, branch.thenYield().getOperand(i), branch.elseYield().getOperand(i)});
  }
}

LogicalResult LayoutInference::tie(Operation *op) {
  auto isTile = [](Type type) { return isa<RankedTensorType>(type); };
  if (llvm::none_of(op->getOperandTypes(), isTile) && llvm::none_of(op->getResultTypes(), isTile))
    return success();
  if (isRematerializable(op) || isa<ReduceOp, BroadcastOp, ReadOp, WriteOp, StoreOp, AnyOp, ConvertLayoutOp>(op) ||
      isa<scf::YieldOp, scf::ConditionOp>(op))
    return success();
  if (auto dot = dyn_cast<DotOp>(op)) {
    if (dot.getAcc())
      tie({dot.getAcc(), dot.getResult()});
    return success();
  }
  if (isa<scf::ForOp, scf::WhileOp, scf::IfOp>(op)) {
    tieRegionBranches(op);
    return success();
  }
  if (isa<GatherOp>(op) || op->hasTrait<OpTrait::Elementwise>() || isa<arith::SelectOp, arith::BitcastOp>(op)) {
    SmallVector<Value> tied(op->getOperands());
    llvm::append_range(tied, op->getResults());
    tie(tied);
    return success();
  }
  return op->emitOpError("has register tiles, and cta-infer-layouts does not know what their layouts have in common");
}

//===----------------------------------------------------------------------===//
// Layouts of classes
//===----------------------------------------------------------------------===//

Attribute LayoutInference::layoutOf(Value value) const {
  auto it = index.find(value);
  return it == index.end() ? Attribute() : layouts.lookup(classes.findLeader(it->second));
}

/// The first layout that reaches a class stays; where another is wanted a conversion will do.
void LayoutInference::seed(Value value, Attribute layout) {
  auto it = index.find(value);
  if (layout && it != index.end())
    changed |= layouts.try_emplace(classes.findLeader(it->second), layout).second;
}

void LayoutInference::propagate() {
  auto carry = [&](auto op, Value wide, Value narrow) {
    if (Attribute layout = layoutOf(wide)) {
      bool partial = isPartial(op) && isa<ReduceOp>(op.getOperation());
      seed(narrow, reducedLayout(layout, op.getDim(), partial));
    } else if (Attribute layout = layoutOf(narrow)) {
      Attribute parent = parentOf(op, layout);
      if (auto mma = dyn_cast_or_null<MmaAttr>(parent); mma && isPartial(op) && isa<BroadcastOp>(op.getOperation()))
        parent = LanesAttr::get(mma.getContext(), mma);
      seed(wide, parent);
    }
  };
  do {
    changed = false;
    kernel.walk([&](Operation *op) {
      if (auto reduce = dyn_cast<ReduceOp>(op))
        carry(reduce, reduce.getSource(), reduce.getResult());
      else if (auto broadcast = dyn_cast<BroadcastOp>(op))
        carry(broadcast, broadcast.getResult(), broadcast.getSource());
    });
  } while (changed);
}

/// For what no product determines: matrices as accumulators, four columns as their partial sums, vectors along the rows
/// if they are long enough, else along the columns.
Attribute LayoutInference::defaultLayout(RankedTensorType type) const {
  if (type.getRank() == 2)
    return type.getDimSize(1) == 4 ? Attribute(LanesAttr::get(type.getContext(), accumulator)) : Attribute(accumulator);
  auto rows = SliceAttr::get(type.getContext(), 1, accumulator);
  if (getRegisterLayout(withLayout(type, rows)))
    return rows;
  return SliceAttr::get(type.getContext(), 0, accumulator);
}

void LayoutInference::assignDefaults() {
  // Matrices first: vectors that are reduced from them, or broadcast to them, follow.
  for (int64_t rank : {2, 1})
    for (Value value : values)
      if (tileType(value).getRank() == rank && !layoutOf(value)) {
        seed(value, defaultLayout(tileType(value)));
        propagate();
      }
}

//===----------------------------------------------------------------------===//
// Rewriting
//===----------------------------------------------------------------------===//

LogicalResult LayoutInference::checkShapes() {
  for (Value value : values) {
    std::string whyNot;
    RankedTensorType type = withLayout(tileType(value), layoutOf(value));
    if (!getRegisterLayout(type, &whyNot))
      return emitError(value.getLoc()) << "a tile of " << tileType(value) << " cannot have the layout "
                                       << layoutOf(value) << ": " << whyNot;
  }
  return success();
}

/// Sets the types of all values. The result of a reduction has the layout that its source dictates.
void LayoutInference::convertResults() {
  for (Value value : values)
    value.setType(withLayout(tileType(value), layoutOf(value)));
  SmallVector<ReduceOp> reductions;
  kernel.walk([&](ReduceOp op) { reductions.push_back(op); });
  for (ReduceOp op : reductions) {
    Attribute wide = layoutOf(op.getSource());
    Attribute forced = wide ? reducedLayout(wide, op.getDim(), op.getPartial()) : Attribute();
    RankedTensorType wanted = tileType(op.getResult());
    if (!forced || forced == wanted.getEncoding())
      continue;
    op.getResult().setType(withLayout(wanted, forced));
    OpBuilder builder(op);
    builder.setInsertionPointAfter(op);
    auto convert = ConvertLayoutOp::create(builder, op.getLoc(), wanted, op.getResult());
    op.getResult().replaceAllUsesExcept(convert.getResult(), convert);
    unsigned unit = index.lookup(op.getResult()); // not a reference: the map grows
    index[convert.getResult()] = unit;
    index.erase(op.getResult());
  }
}

/// The layout in which an op reads a tile; nothing where any will do.
Attribute LayoutInference::wantedLayout(OpOperand &operand) const {
  Operation *op = operand.getOwner();
  unsigned number = operand.getOperandNumber();
  auto encodingOf = [](Value value) { return tileType(value).getEncoding(); };
  if (auto dot = dyn_cast<DotOp>(op))
    return operand.get() == dot.getA() && number == 0
               ? Attribute(OperandAAttr::get(op->getContext(), cast<MmaAttr>(encodingOf(dot.getResult()))))
               : encodingOf(dot.getResult());
  if (auto reduce = dyn_cast<ReduceOp>(op)) {
    Attribute own = layoutOf(operand.get());
    return own ? own : parentOf(reduce, encodingOf(reduce.getResult()));
  }
  if (auto broadcast = dyn_cast<BroadcastOp>(op))
    return reducedLayout(encodingOf(broadcast.getResult()), broadcast.getDim(), /*partial=*/false);
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return encodingOf(loop.getTiedLoopRegionIterArg(&operand));
  if (auto loop = dyn_cast<scf::WhileOp>(op))
    return encodingOf(loop.getBeforeArguments()[number]);
  if (auto condition = dyn_cast<scf::ConditionOp>(op))
    return encodingOf(cast<scf::WhileOp>(op->getParentOp()).getAfterArguments()[number - 1]);
  if (isa<scf::YieldOp>(op)) {
    if (auto loop = dyn_cast<scf::ForOp>(op->getParentOp()))
      return encodingOf(loop.getRegionIterArg(number));
    if (auto loop = dyn_cast<scf::WhileOp>(op->getParentOp()))
      return encodingOf(loop.getBeforeArguments()[number]);
    return encodingOf(op->getParentOp()->getResult(number));
  }
  for (Value result : op->getResults()) // elementwise, gather
    if (tileType(result) && !isa<ConvertLayoutOp>(op))
      return encodingOf(result);
  return layoutOf(operand.get());
}

void LayoutInference::convertOperands(Operation *op) {
  for (OpOperand &operand : op->getOpOperands()) {
    RankedTensorType type = tileType(operand.get());
    if (!type)
      continue;
    Attribute wanted = wantedLayout(operand);
    if (!wanted)
      wanted = type.getEncoding() ? type.getEncoding() : defaultLayout(type);
    if (wanted == type.getEncoding())
      continue;
    OpBuilder builder(op);
    Operation *definition = operand.get().getDefiningOp();
    if (definition && isRematerializable(definition))
      operand.set(rematerialize(builder, definition, wanted));
    else
      operand.set(ConvertLayoutOp::create(builder, op->getLoc(), withLayout(type, wanted), operand.get()));
  }
}

//===----------------------------------------------------------------------===//
// Shared tiles
//===----------------------------------------------------------------------===//

/// Why wgmma cannot read an operand so.
static std::string whyNoOperand(Type type, fovea::Major major) {
  auto tile = dyn_cast<TileType>(type);
  return tile ? tile.getSharedTile().whyNoDescriptor(major) : std::string();
}

LogicalResult LayoutInference::chooseSwizzles() {
  auto choose = [&](Value value) -> LogicalResult {
    auto tile = dyn_cast<TileType>(value.getType());
    if (!tile || tile.getSwizzle() != 0)
      return success();
    int64_t bytes = tile.getElementType().getIntOrFloatBitWidth() / 8;
    auto swizzle = fovea::SharedTile::widestSwizzle(tile.getCols(), bytes);
    std::string whyNot;
    if (!fovea::SharedTile::create(tile.getRows(), tile.getCols(), bytes, swizzle, &whyNot))
      return emitError(value.getLoc()) << "a shared tile cannot be " << tile << ": " << whyNot;
    value.setType(
        TileType::get(tile.getContext(), tile.getShape(), tile.getElementType(), static_cast<int64_t>(swizzle)));
    return success();
  };
  WalkResult result = kernel.walk([&](Operation *op) {
    for (Value value : op->getResults())
      if (failed(choose(value)))
        return WalkResult::interrupt();
    for (Region &region : op->getRegions())
      for (Block &block : region)
        for (Value value : block.getArguments())
          if (failed(choose(value)))
            return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (result.wasInterrupted())
    return failure();
  return failure(kernel
                     .walk([&](DotOp dot) {
                       std::string whyNot = whyNoOperand(dot.getA().getType(), fovea::Major::K);
                       if (whyNot.empty())
                         whyNot = whyNoOperand(dot.getB().getType(),
                                               dot.getTransposeB() ? fovea::Major::K : fovea::Major::MN);
                       if (whyNot.empty())
                         return WalkResult::advance();
                       dot.emitOpError() << "cannot read " << dot.getA().getType() << " and " << dot.getB().getType()
                                         << ": " << whyNot;
                       return WalkResult::interrupt();
                     })
                     .wasInterrupted());
}

LogicalResult mlir::cta::inferLayouts(gpu::GPUFuncOp kernel) {
  bool computes = kernel
                      .walk([](Operation *op) {
                        return llvm::any_of(op->getResultTypes(), [](Type t) { return isa<RankedTensorType>(t); })
                                   ? WalkResult::interrupt()
                                   : WalkResult::advance();
                      })
                      .wasInterrupted();
  if (!computes)
    return success();
  auto schedule = kernel->getAttrOfType<ScheduleAttr>(CtaDialect::getScheduleAttrName());
  if (!schedule)
    return kernel.emitOpError() << "computes register tiles and has no '" << CtaDialect::getScheduleAttrName()
                                << "', which says how many warpgroups hold them";
  if (failed(LayoutInference(kernel, schedule).run()))
    return failure();
  int64_t conversions = 0, operands = 0;
  kernel.walk([&](Operation *op) {
    conversions += isa<ConvertLayoutOp>(op);
    if (auto dot = dyn_cast<DotOp>(op))
      operands += isa<RankedTensorType>(dot.getA().getType());
  });
  remark::analysis(kernel.getLoc(), remark::RemarkOpts::name("Layouts").category("cta-infer-layouts"))
      << remark::metric("conversions", conversions) << remark::metric("products_with_a_in_registers", operands);
  return success();
}

namespace {
struct CtaInferLayoutsPass final : cta::impl::CtaInferLayoutsPassBase<CtaInferLayoutsPass> {
  void runOnOperation() override {
    if (failed(inferLayouts(getOperation())))
      signalPassFailure();
  }
};
} // namespace
