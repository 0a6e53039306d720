//===- KernelBody.cpp - what a kernel before stage 8 says -----------------===//

#include "KernelBody.h"
#include "ScoreRegion.h"
#include "fovea/Dialect/Attn/Transforms/IdentityState.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ValueBoundsOpInterface.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;
using namespace mlir::attn;
using namespace fovea;

std::optional<unsigned> fovea::memoryDim(const MemoryView &view, AffineMap map, unsigned dim) {
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (auto result = dyn_cast<AffineDimExpr>(expr); result && result.getPosition() == dim)
      return view.dims[i];
  return std::nullopt;
}

std::optional<int64_t> fovea::upperBound(OpFoldResult size) {
  FailureOr<int64_t> bound = ValueBoundsConstraintSet::computeConstantBound(
      presburger::BoundType::UB, size, /*stopCondition=*/nullptr, /*closedUB=*/true);
  return failed(bound) ? std::nullopt : std::optional<int64_t>(*bound);
}

/// The size along a dimension as the type or the slice that made the tensor gives it; null where neither does.
static OpFoldResult sliceSize(Value tensor, unsigned dim) {
  auto type = cast<ShapedType>(tensor.getType());
  if (!type.isDynamicDim(dim))
    return Builder(tensor.getContext()).getIndexAttr(type.getDimSize(dim));
  auto slice = tensor.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice)
    return {};
  llvm::SmallBitVector dropped = slice.getDroppedDims();
  for (auto [i, size] : llvm::enumerate(slice.getMixedSizes()))
    if (!dropped.test(i) && dim-- == 0)
      return size;
  return {};
}

/// The position of the map's result that is dimension `dim`.
static std::optional<unsigned> resultOf(AffineMap map, unsigned dim) {
  for (auto [i, expr] : llvm::enumerate(map.getResults()))
    if (auto result = dyn_cast<AffineDimExpr>(expr); result && result.getPosition() == dim)
      return i;
  return std::nullopt;
}

namespace {

class Reader {
public:
  Reader(gpu::GPUFuncOp kernel) { body.kernel = kernel; }
  FailureOr<KernelBody> run();

private:
  template <typename... Args> void refuse(const char *format, Args &&...args) {
    reasons.push_back(llvm::formatv(format, std::forward<Args>(args)...).str());
  }
  void findOps();
  void readState();
  void readElementTypes();
  void readTiles();
  void readRows(unsigned position);
  void readKeys(unsigned position);
  int64_t readHeadDim(OpOperand &operand, unsigned dim, StringRef name);
  void readSink();
  void readWrites();
  void readWrite(bufferization::MaterializeInDestinationOp write);
  std::optional<TiledView> tiledView(OpOperand &operand, unsigned row, unsigned column, StringRef name);

  KernelBody body;
  SmallVector<bufferization::MaterializeInDestinationOp> writes;
  SmallVector<std::string> reasons;
};

} // namespace

//===----------------------------------------------------------------------===//
// The ops
//===----------------------------------------------------------------------===//

/// Scalars, views, and the filling of the initial state: what needs no lowering of its own.
static bool isPlumbing(Operation *op) {
  auto isScalar = [](Type type) { return type.isIntOrIndexOrFloat(); };
  std::string whyNot;
  if (isa<tensor::DimOp, tensor::ExtractOp>(op))
    return MemoryView::of(op->getOperand(0), whyNot).has_value();
  return isa<gpu::ReturnOp, scf::YieldOp, cta::TileIndexOp, bufferization::ToTensorOp, memref::SubViewOp, memref::DimOp,
             memref::LoadOp, tensor::EmptyOp, tensor::ExtractSliceOp, tensor::CastOp, linalg::FillOp>(op) ||
         (op->getNumRegions() == 0 && isPure(op) && llvm::all_of(op->getResultTypes(), isScalar) &&
          llvm::all_of(op->getOperandTypes(), isScalar));
}

void Reader::findOps() {
  unsigned attentions = 0, finalizes = 0, loops = 0;
  body.kernel->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (auto attention = dyn_cast<OnlineAttentionOp>(op)) {
      body.attention = attention, ++attentions;
      return WalkResult::skip();
    }
    if (auto finalize = dyn_cast<FinalizeOp>(op)) {
      body.finalize = finalize, ++finalizes;
      return WalkResult::skip();
    }
    if (auto loop = dyn_cast<scf::ForOp>(op)) {
      body.loop = loop, ++loops;
      return WalkResult::advance();
    }
    if (auto write = dyn_cast<bufferization::MaterializeInDestinationOp>(op))
      writes.push_back(write);
    else if (op != body.kernel && !isPlumbing(op))
      refuse("it has a '{0}'", op->getName());
    return op == body.kernel ? WalkResult::advance() : WalkResult::skip();
  });
  if (unsigned blocks = body.kernel.getBody().getBlocks().size(); blocks != 1)
    refuse("it has {0} blocks, expected straight code", blocks);
  if (attentions == 0 && finalizes > 0)
    refuse("its attention has no keys left, by the mask or the shapes");
  else if (attentions != 1)
    refuse("it has {0} attn.online_attention, expected 1", attentions);
  if (finalizes > 1)
    refuse("it has {0} attn.finalize, expected at most 1", finalizes);
  if (loops > 1)
    refuse("it has {0} loops, expected one over the keys at most", loops);
}

/// The state starts as the identity, goes round the loop unchanged in order, and is read once.
void Reader::readState() {
  OnlineAttentionOp attention = body.attention;
  ValueRange initial = attention.getOutputs();
  if (body.loop && attention->getParentOp() != body.loop) {
    refuse("its loop does not hold the attention");
    return;
  }
  if (scf::ForOp loop = body.loop) {
    if (!llvm::equal(loop.getRegionIterArgs(), attention.getOutputs()) ||
        !llvm::equal(loop.getBody()->getTerminator()->getOperands(), attention.getResults()))
      refuse("its loop carries something other than the state of the attention");
    initial = loop.getInitArgs();
  }
  if (initial.size() != 3 || !isIdentityState(initial))
    refuse("the state that its attention begins with is not known to be the identity");
  if (attention.getFixedMax())
    refuse("its attention takes the maximum as it comes (fixed_max)");
  ValueRange state = body.loop ? ValueRange(body.loop.getResults()) : ValueRange(attention.getResults());
  if (FinalizeOp finalize = body.finalize) {
    if (state.size() != 3 || finalize.getAcc() != state[0] || finalize.getMax() != state[1] ||
        finalize.getSum() != state[2])
      refuse("its attn.finalize reads something other than the state of its attention");
    if (finalize.getBase() != attention.getBase())
      refuse("its attention and attn.finalize differ in base");
  }
}

void Reader::readElementTypes() {
  OnlineAttentionOp attention = body.attention;
  Type query = getElementTypeOrSelf(attention.getQuery().getType());
  Type key = getElementTypeOrSelf(attention.getKey().getType());
  Type value = getElementTypeOrSelf(attention.getValue().getType());
  if (query != key || key != value)
    refuse("query, key and value have element types {0}, {1} and {2}, expected one type", query, key, value);
  if (!query.isF16() && !query.isBF16())
    refuse("its operands have element type {0}, expected f16 or bf16", query);
  else
    body.operandType = cast<FloatType>(query);
}

//===----------------------------------------------------------------------===//
// Tiles
//===----------------------------------------------------------------------===//

std::optional<TiledView> Reader::tiledView(OpOperand &operand, unsigned row, unsigned column, StringRef name) {
  std::string whyNot;
  std::optional<MemoryView> view = MemoryView::of(operand.get(), whyNot);
  if (!view) {
    refuse("the {0} is no view of an argument of the kernel: {1}", name, whyNot);
    return std::nullopt;
  }
  AffineMap map = body.mapOf(operand);
  std::optional<unsigned> rowDim = memoryDim(*view, map, row), columnDim = memoryDim(*view, map, column);
  if (!rowDim || !columnDim) {
    refuse("the map of the {0} divides a dimension that is tiled", name);
    return std::nullopt;
  }
  for (auto [i, extent] : llvm::enumerate(cast<ShapedType>(operand.get().getType()).getShape()))
    if (view->dims[i] != *rowDim && view->dims[i] != *columnDim && extent != 1)
      refuse("the {0} has extent {1} along dimension {2}, expected a tile of one head", name,
             ShapedType::isDynamic(extent) ? "?" : llvm::itostr(extent), i);
  return TiledView{std::move(*view), *rowDim, columnDim};
}

int64_t Reader::readHeadDim(OpOperand &operand, unsigned dim, StringRef name) {
  std::optional<unsigned> position = resultOf(body.mapOf(operand), dim);
  int64_t extent = position ? cast<ShapedType>(operand.get().getType()).getDimSize(*position) : 0;
  if (ShapedType::isDynamic(extent))
    refuse("the {0} head dim is not static", name);
  else if (extent < 16 || extent > 256 || extent % 16 != 0)
    refuse("the {0} head dim is {1}, expected a multiple of 16 from 16 to 256", name, extent);
  return extent;
}

void Reader::readRows(unsigned position) {
  OpFoldResult size = sliceSize(body.attention.getQuery(), position);
  std::optional<int64_t> bound = size ? upperBound(size) : std::nullopt;
  if (!bound || *bound < 1) {
    refuse("the number of query rows in its tile has no constant bound; run attn-tile-parallel");
    return;
  }
  constexpr int64_t rowsPerWarpgroup = 64, maxWarpgroups = 4;
  auto schedule = body.kernel->getAttrOfType<cta::ScheduleAttr>(cta::CtaDialect::getScheduleAttrName());
  body.warpgroups = schedule ? schedule.getWarpgroups()
                             : std::min<int64_t>(llvm::divideCeil(*bound, rowsPerWarpgroup), maxWarpgroups);
  int64_t multiple = rowsPerWarpgroup * body.warpgroups;
  body.rows = llvm::alignTo(*bound, multiple);
  // A short problem is one tile, which the memref's bounds cut.
  unsigned rowDim = body.query.rowDim;
  bool isOnlyTile = body.query.view.offsets[rowDim].empty() && body.query.view.type().getDimSize(rowDim) == *bound &&
                    *bound < multiple;
  if (body.rows != *bound && !isOnlyTile)
    refuse("its tile has {0} query rows, expected a multiple of {1} (64 for each of {2} warpgroups)", *bound, multiple,
           body.warpgroups);
}

/// The keys go by blocks of the loop's step, at its induction variable, to the end of what is sliced in it.
void Reader::readKeys(unsigned position) {
  Value operand = body.attention.getKey();
  int64_t extent = cast<ShapedType>(operand.getType()).getDimSize(position);
  if (!body.loop) {
    if (ShapedType::isDynamic(extent) || extent < 1 || extent > 256) {
      refuse("its keys are not tiled; run attn-tile-kv");
      return;
    }
    body.step = extent;
    body.keys = llvm::alignTo(extent, 16);
    body.slicedKeys = operand, body.slicedKeyDim = position;
    return;
  }
  std::optional<int64_t> step = getConstantIntValue(body.loop.getStep());
  if (!step || *step < 1 || *step > 256) {
    refuse("its loop over the keys has a step of {0}, expected a constant from 1 to 256",
           step ? llvm::itostr(*step) : "unknown size");
    return;
  }
  body.step = *step;
  body.keys = llvm::alignTo(*step, 16);
  auto follows = [&](const TiledView &tiled) {
    ArrayRef<OpFoldResult> terms = tiled.view.offsets[tiled.rowDim];
    return !terms.empty() && terms.back() == OpFoldResult(body.loopPosition()) &&
           llvm::none_of(terms.drop_back(),
                         [&](OpFoldResult term) { return isa<Value>(term) && body.isInLoop(cast<Value>(term)); });
  };
  auto slice = operand.getDefiningOp<tensor::ExtractSliceOp>();
  if (!slice || !follows(body.key) || !follows(body.value)) {
    refuse("its keys and values are not sliced at the induction variable of its loop");
    return;
  }
  body.slicedKeys = slice.getSource();
  for (auto [i, offset] : llvm::enumerate(slice.getMixedOffsets()))
    if (offset == OpFoldResult(body.loopPosition()))
      body.slicedKeyDim = i;
  int64_t whole = cast<ShapedType>(body.slicedKeys.getType()).getDimSize(body.slicedKeyDim);
  if (*step % 16 != 0 && (ShapedType::isDynamic(whole) || whole > *step))
    refuse("its blocks have {0} keys, expected a multiple of 16", *step);
}

void Reader::readTiles() {
  OnlineAttentionOp attention = body.attention;
  OpOperand &query = attention.getQueryMutable(), &key = attention.getKeyMutable(),
            &value = attention.getValueMutable();
  AffineMap queryMap = body.mapOf(query), keyMap = body.mapOf(key), valueMap = body.mapOf(value);
  FailureOr<AttentionDims> dims = AttentionDims::infer(queryMap, keyMap, valueMap);
  if (failed(dims)) {
    refuse("its maps are not those of an attention");
    return;
  }
  body.dims = *dims;
  body.headDim = readHeadDim(query, dims->qk, "QK");
  body.valueDim = readHeadDim(value, dims->value, "value");
  std::optional<TiledView> views[] = {tiledView(query, dims->query(), dims->qk, "query"),
                                      tiledView(key, dims->key, dims->qk, "key"),
                                      tiledView(value, dims->key, dims->value, "value")};
  if (!views[0] || !views[1] || !views[2])
    return;
  body.query = *views[0], body.key = *views[1], body.value = *views[2];
  if (body.query.isTransposed())
    refuse("the query has its head dim before its rows; matrix products read it the other way");
  readRows(*resultOf(queryMap, dims->query()));
  readKeys(*resultOf(keyMap, dims->key));
}

//===----------------------------------------------------------------------===//
// Results
//===----------------------------------------------------------------------===//

void Reader::readWrite(bufferization::MaterializeInDestinationOp write) {
  OnlineAttentionOp attention = body.attention;
  FinalizeOp finalize = body.finalize;
  auto source = dyn_cast<OpResult>(write.getSource());
  Operation *state = body.loop ? body.loop.getOperation() : attention.getOperation();
  OpOperand *init = nullptr;
  ResultKind kind;
  if (source && finalize && source.getOwner() == finalize) {
    int number = source.getResultNumber();
    kind = number == finalize.lseIndex()   ? ResultKind::LogSumExp
           : number == finalize.maxIndex() ? ResultKind::Maximum
                                           : ResultKind::Output;
    init = &finalize.getOutputsMutable()[number];
  } else if (source && source.getOwner() == state) {
    kind = ResultKind(int(ResultKind::StateAccumulator) + source.getResultNumber());
    init = &attention.getOutputsMutable()[source.getResultNumber()];
  } else {
    refuse("it writes a tensor that is no result of its attention");
    return;
  }
  // The rows and columns of the accumulator, in the domain of whoever writes.
  AffineMap accMap = body.mapOf(attention.getOutputsMutable()[0]);
  std::optional<unsigned> row = resultOf(accMap, body.dims.query()), column = resultOf(accMap, body.dims.value);
  std::string whyNot;
  std::optional<MemoryView> view = MemoryView::of(write.getDest(), whyNot);
  if (!view) {
    refuse("a result is not written to an argument of the kernel: {0}", whyNot);
    return;
  }
  AffineMap domain = kind >= ResultKind::StateAccumulator ? accMap : body.mapOf(finalize.getAccMutable());
  auto dimOf = [&](std::optional<unsigned> position) {
    AffineExpr expr = position ? domain.getResult(*position) : AffineExpr();
    auto dim = dyn_cast_or_null<AffineDimExpr>(expr);
    return dim ? memoryDim(*view, body.mapOf(*init), dim.getPosition()) : std::nullopt;
  };
  std::optional<unsigned> rowDim = dimOf(row), columnDim = dimOf(column);
  bool hasColumns = kind == ResultKind::Output || kind == ResultKind::StateAccumulator;
  if (!rowDim || (hasColumns && !columnDim)) {
    refuse("the map of a result does not have the rows and value dims of the accumulator");
    return;
  }
  body.results.push_back({kind, {std::move(*view), *rowDim, hasColumns ? columnDim : std::nullopt}, write.getLoc()});
}

/// One sink per head.
void Reader::readSink() {
  if (!body.finalize || !body.finalize.getSink())
    return;
  Value sink = body.finalize.getSink();
  std::string whyNot;
  if (!MemoryView::of(sink, whyNot))
    refuse("the sink is no view of an argument of the kernel: {0}", whyNot);
  else if (!llvm::all_of(cast<ShapedType>(sink.getType()).getShape(), [](int64_t extent) { return extent == 1; }))
    refuse("the sink is a {0}, expected one logit for all rows of the tile", sink.getType());
}

void Reader::readWrites() {
  for (bufferization::MaterializeInDestinationOp write : writes)
    readWrite(write);
}

FailureOr<KernelBody> Reader::run() {
  findOps();
  if (body.attention) {
    readState();
    readElementTypes();
    readTiles();
    readSink();
    if (reasons.empty()) // what follows relies on the tiles
      readWrites();
    checkRegions(body.attention, reasons);
  }
  if (reasons.empty())
    return body;
  return emitError(body.kernel.getLoc()) << "kernel '" << body.kernel.getName()
                                         << "' cannot be computed in register and shared tiles: "
                                         << llvm::join(reasons, "; ");
}

FailureOr<KernelBody> KernelBody::read(gpu::GPUFuncOp kernel) { return Reader(kernel).run(); }
