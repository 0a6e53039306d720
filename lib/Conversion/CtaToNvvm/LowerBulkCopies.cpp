//===- LowerBulkCopies.cpp - tiles by TMA ----------------------------------===//
//
//   cta.tma_load %k[...] to %tile signal %full      one cp.async.bulk.tensor per box (a slab of at most 256 rows)
//   cta.store %o, %out[...] via(%tile)              for every warpgroup: bar.sync, stmatrix of its rows, proxy fence,
//                                                   bar.sync, one thread's cp.async.bulk.tensor of 64 rows per slab
//   cta.store_wait                                  cp.async.bulk.wait_group by that thread
//
//===----------------------------------------------------------------------===//

#include "InlinePtx.h"
#include "Lowerings.h"
#include "fovea/Support/FragmentLayout.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

namespace {

/// Rows of a warpgroup's boxes, and the first of the barriers at which its threads meet.
constexpr int64_t sliceRows = 64;
constexpr int64_t firstStoreBarrier = 8;

/// The coordinates of a box in the order of the map, as i32.
SmallVector<Value> coordinatesOf(OpBuilder &builder, Location loc, const TensorMap &map, ValueRange offsets) {
  SmallVector<Value> coordinates;
  for (int64_t dim : map.dims)
    coordinates.push_back(arith::IndexCastOp::create(builder, loc, builder.getI32Type(), offsets[dim]));
  return coordinates;
}

Value advance(OpBuilder &builder, Location loc, Value value, int64_t by) {
  return by == 0 ? value : arith::AddIOp::create(builder, loc, value, i32Constant(builder, loc, by)).getResult();
}

/// "[$1, {$2, $3, ...}]"
std::string sourceText(InlinePtx &ptx, Value map, ArrayRef<Value> coordinates) {
  std::string text = "[" + ptx.input(map) + ", {";
  for (auto [i, value] : llvm::enumerate(coordinates))
    text += (i == 0 ? "" : ", ") + ptx.input(value);
  return text + "}]";
}

std::string dimText(size_t rank) { return "cp.async.bulk.tensor." + std::to_string(rank) + "d."; }

struct LowerTmaLoad final : KernelPattern<TmaLoadOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(TmaLoadOp op, OpAdaptor adaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    if (!kernel.threadsOf(op).isProducer)
      return op.emitOpError("is executed by all threads of a consumer, and would copy once in each");
    SharedTile tile = cast<TileType>(op.getDestination().getType()).getSharedTile();
    auto memref = cast<MemRefType>(op.getSource().getType());
    for (const TmaBox &box : tile.tmaBoxes()) {
      TensorMap map = tensorMapOf(memref, op.getDims(), tile, box.rows);
      SmallVector<Value> coordinates = coordinatesOf(rewriter, loc, map, adaptor.getOffsets());
      coordinates[0] = advance(rewriter, loc, coordinates[0], box.col);
      coordinates[1] = advance(rewriter, loc, coordinates[1], box.row);
      InlinePtx ptx(rewriter, loc);
      std::string text = adaptor.getPredicate() ? "@" + ptx.input(adaptor.getPredicate()) + " " : "";
      text += dimText(coordinates.size()) + "shared::cluster.global.tile.mbarrier::complete_tx::bytes [";
      text += ptx.input(advance(rewriter, loc, adaptor.getDestination(), box.byteOffset)) + "], ";
      text += sourceText(ptx, kernel.abi.map(op.getSource(), map), coordinates) + ", [";
      text += ptx.input(adaptor.getBarrier()) + "];";
      ptx.emit(text, InlinePtx::Effect::Memory);
    }
    rewriter.eraseOp(op);
    return success();
  }
};

/// Where stmatrix writes: the thread's part of an address once, and a constant of each instruction.
class MatrixAddresses {
public:
  MatrixAddresses(const RegisterLayout &access, const SharedTile &tile) : access(access), tile(tile) {}

  /// Whether the parts of thread and instruction combine: see SharedTile::offsetParts.
  bool isSeparable(const ProgramThreads &threads) const {
    LayoutPosition position(access, threads);
    if (!position.isSum(0) || !position.isSum(1))
      return false;
    // No row of an atom nor column of a slab may depend on the repetition of a thread.
    for (const RegisterLayout::Repeat &repeat : access.repeats())
      if (repeat.in != Dim::Register && repeat.out &&
          access.piece().outputSize(*repeat.out) % (*repeat.out == Dim::Row ? 8 : tile.slabCols()) != 0)
        return false;
    return true;
  }

  int64_t numInstructions() const { return access.size(Dim::Register); }

  /// Computes the thread's part. `tileAddress` is a multiple of the atom's size.
  void begin(OpBuilder &builder, Location loc, Value tileAddress, const ProgramThreads &threads) {
    Value add, chunk;
    for (auto [in, number] : {std::pair(Dim::Lane, threads.lane), std::pair(Dim::Warp, threads.warp)}) {
      SmallVector<int64_t> adds, chunks;
      for (unsigned bit = 0; int64_t(1) << bit < access.piece().inputSize(in); ++bit) {
        SharedTile::OffsetParts parts =
            tile.offsetParts(access.piece().basis(in, bit, Dim::Row), access.piece().basis(in, bit, Dim::Col));
        adds.push_back(parts.add);
        chunks.push_back(parts.chunk);
      }
      add = addOrNull(builder, loc, add, applyBases(builder, loc, number, adds));
      chunk = xorOrNull(builder, loc, chunk, applyBases(builder, loc, number, chunks));
    }
    base = addOrNull(builder, loc, tileAddress, addOrNull(builder, loc, add, ofRepetitions(builder, loc, threads)));
    chunkOfThread = chunk ? chunk : i32Constant(builder, loc, 0);
  }

  Value of(OpBuilder &builder, Location loc, int64_t instruction) {
    std::vector<int64_t> position = access.apply({{Dim::Register, instruction}});
    SharedTile::OffsetParts parts = tile.offsetParts(position[0], position[1]);
    Value &start = startOfChunk[parts.chunk];
    if (!start)
      start = arith::AddIOp::create(
          builder, loc, base,
          arith::XOrIOp::create(builder, loc, chunkOfThread, i32Constant(builder, loc, parts.chunk)));
    return advance(builder, loc, start, parts.add);
  }

private:
  /// Further warps: whole atoms or slabs away, so bytes are proportional to positions.
  Value ofRepetitions(OpBuilder &builder, Location loc, const ProgramThreads &threads) {
    Value result;
    SmallVector<int64_t> stride = {access.piece().outputSize(Dim::Row), access.piece().outputSize(Dim::Col)};
    int64_t divisor = access.piece().inputSize(Dim::Warp);
    for (const RegisterLayout::Repeat &repeat : access.repeats()) {
      unsigned along = repeat.out ? coordinateIndex(*repeat.out) : 0;
      if (repeat.in == Dim::Warp) {
        if (repeat.out) {
          Value number = arith::DivUIOp::create(builder, loc, threads.warp, i32Constant(builder, loc, divisor));
          number = arith::RemUIOp::create(builder, loc, number, i32Constant(builder, loc, repeat.count));
          int64_t bytes = along == 0 ? tile.offsetParts(stride[0], 0).add : tile.offsetParts(0, stride[1]).add;
          result = addOrNull(builder, loc, result,
                             arith::MulIOp::create(builder, loc, number, i32Constant(builder, loc, bytes)));
        }
        divisor *= repeat.count;
      }
      if (repeat.out)
        stride[along] *= repeat.count;
    }
    return result;
  }

  const RegisterLayout &access;
  const SharedTile &tile;
  Value base, chunkOfThread;
  llvm::DenseMap<int64_t, Value> startOfChunk;
};

struct LowerStoreVia final : KernelPattern<StoreOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(StoreOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getVia())
      return rewriter.notifyMatchFailure(op, "stores element by element");
    Location loc = op.getLoc();
    const ProgramThreads &threads = kernel.threadsOf(op);
    auto type = cast<RankedTensorType>(op.getTile().getType());
    auto mma = dyn_cast<MmaAttr>(type.getEncoding());
    SharedTile tile = op.getVia().getType().getSharedTile();
    int64_t sliceStride = sliceRows * threads.numWarpgroups();
    if (threads.isProducer)
      return op.emitOpError("is executed by a producer, of which one thread runs");
    if (!mma || mma.getWarps()[0] != threads.numWarps || mma.getWarps()[1] != 1 || type.getDimSize(0) % sliceStride)
      return op.emitOpError() << "sends a multiple of " << sliceStride << " rows in the layout of " << threads.numWarps
                              << " x 1 warps through shared memory, got " << type;
    if (!isPacked(type))
      return op.emitOpError() << "sends elements of 16 bits through shared memory, got " << type.getElementType();
    RegisterLayout layout = *getRegisterLayout(type);
    // Four matrices of 8 x 8 at a time; two where the columns are an odd number of eights.
    unsigned matrices = 4;
    std::optional<RegisterLayout> access = matrixAccess(layout, matrices, /*transposed=*/false);
    if (!access)
      access = matrixAccess(layout, matrices = 2, /*transposed=*/false);
    if (!access)
      return op.emitOpError() << "cannot be made of 8 x 8 matrices: " << type;
    MatrixAddresses addresses(*access, tile);
    if (!addresses.isSeparable(threads))
      return op.emitOpError() << "cannot be written to " << op.getVia().getType() << " by stmatrix";

    auto meet = [&] {
      InlinePtx ptx(rewriter, loc);
      Value id = advance(rewriter, loc, threads.warpgroup, firstStoreBarrier);
      ptx.emit("bar.sync " + ptx.input(id) + ", 128;", InlinePtx::Effect::Memory);
    };
    Value tileAddress = adaptor.getVia().front();
    // The thread that stores has waited for what it stored before (cta.store_wait); now all know.
    meet();
    addresses.begin(rewriter, loc, tileAddress, threads);
    ValueRange pairs = adaptor.getTile();
    for (int64_t i = 0, e = addresses.numInstructions(); i != e; ++i) {
      InlinePtx ptx(rewriter, loc);
      std::string text = "stmatrix.sync.aligned.m8n8.x" + std::to_string(matrices) + ".shared.b16 [" +
                         ptx.input(addresses.of(rewriter, loc, i)) + "], {";
      for (unsigned j = 0; j != matrices; ++j)
        text += (j == 0 ? "" : ", ") + ptx.input(pairs[matrices * i + j]);
      ptx.emit(text + "};", InlinePtx::Effect::Memory);
    }
    InlinePtx(rewriter, loc).emit("fence.proxy.async.shared::cta;", InlinePtx::Effect::Memory);
    meet();

    auto memref = cast<MemRefType>(op.getDestination().getType());
    TensorMap map = tensorMapOf(memref, op.getDims(), tile, sliceRows);
    SmallVector<Value> offsets;
    for (ValueRange offset : adaptor.getOffsets())
      offsets.push_back(offset.front());
    SmallVector<Value> origin = coordinatesOf(rewriter, loc, map, offsets);
    Value firstRow = arith::MulIOp::create(rewriter, loc, threads.warpgroup, i32Constant(rewriter, loc, sliceRows));
    Value firstByte = arith::MulIOp::create(rewriter, loc, threads.warpgroup,
                                            i32Constant(rewriter, loc, sliceRows / 8 * tile.atomBytes()));
    for (int64_t slice = 0; slice != type.getDimSize(0); slice += sliceStride) {
      for (int64_t slab = 0; slab != tile.numSlabs(); ++slab) {
        SmallVector<Value> coordinates = origin;
        coordinates[0] = advance(rewriter, loc, origin[0], slab * tile.slabCols());
        coordinates[1] = advance(rewriter, loc, arith::AddIOp::create(rewriter, loc, origin[1], firstRow), slice);
        Value source = arith::AddIOp::create(rewriter, loc, tileAddress, firstByte);
        source = advance(rewriter, loc, source, tile.offsetParts(slice, slab * tile.slabCols()).add);
        InlinePtx ptx(rewriter, loc);
        std::string text = "@" + ptx.input(threads.isFirstOfWarpgroup) + " " + dimText(coordinates.size()) +
                           "global.shared::cta.tile.bulk_group ";
        text += sourceText(ptx, kernel.abi.map(op.getDestination(), map), coordinates);
        text += ", [" + ptx.input(source) + "];";
        ptx.emit(text, InlinePtx::Effect::Memory);
      }
    }
    InlinePtx commit(rewriter, loc);
    commit.emit("@" + commit.input(threads.isFirstOfWarpgroup) + " cp.async.bulk.commit_group;",
                InlinePtx::Effect::Memory);
    rewriter.eraseOp(op);
    return success();
  }
};

struct LowerStoreWait final : KernelPattern<StoreWaitOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(StoreWaitOp op, OpAdaptor, ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    const ProgramThreads &threads = kernel.threadsOf(op);
    if (threads.isProducer)
      return op.emitOpError("waits for stores, which consumers make");
    InlinePtx ptx(rewriter, loc);
    ptx.emit("@" + ptx.input(threads.isFirstOfWarpgroup) + " cp.async.bulk.wait_group" +
                 (op.getComplete() ? "" : ".read") + " 0;",
             InlinePtx::Effect::Memory);
    NVVM::SyncWarpOp::create(rewriter, loc, i32Constant(rewriter, loc, -1));
    rewriter.eraseOp(op);
    return success();
  }
};

} // namespace

void fovea::populateBulkCopyPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                     RewritePatternSet &patterns) {
  patterns.add<LowerTmaLoad, LowerStoreVia, LowerStoreWait>(converter, patterns.getContext(), kernel);
}
