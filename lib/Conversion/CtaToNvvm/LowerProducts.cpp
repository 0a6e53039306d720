//===- LowerProducts.cpp - cta.dot_async and cta.dot_wait ------------------===//
//
//   %f = cta.dot_async %p, %v, %acc : tensor<128x96xbf16, #opa>, !tile, tensor<128x128xf32, #acc> -> !cta.inflight<...>
//   %o = cta.dot_wait %f pending(0)
// becomes one inline PTX for each,
//   wgmma.fence; (next descriptor; wgmma.mma_async) x 6; wgmma.commit_group       %acc, then %f, in the same registers
//   wgmma.wait_group 0                                                            %f, then %o, in the same registers
// A warpgroup computes slices of 64 rows: rows / (64 * warpgroups) of them, interleaved with those of the others.
//
//===----------------------------------------------------------------------===//

#include "InlinePtx.h"
#include "Lowerings.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;
using namespace mlir::cta;
using namespace fovea;

namespace {

constexpr int64_t sliceRows = 64;

/// `address` / 16, for an address in shared memory, whose beginning is aligned. The offset of a tile, a constant, and
/// that of a slot, a multiple of its size, are divided where they are constants, so that the rest does not depend on
/// the slot: one operation is left between a slot's number and the product.
Value inSixteenths(OpBuilder &builder, Location loc, const KernelLowering &kernel, Value address) {
  auto sixteenth = [&](int64_t bytes) { return i32Constant(builder, loc, bytes / 16); };
  auto add = [&](Value rest, Value offset) -> Value {
    return arith::AddIOp::create(builder, loc, inSixteenths(builder, loc, kernel, rest), offset);
  };
  if (auto shared = address.getDefiningOp<SharedOp>(); shared && shared.getOffset() && *shared.getOffset() % 16 == 0)
    return add(kernel.sharedMemory, sixteenth(*shared.getOffset()));
  auto sum = address.getDefiningOp<arith::AddIOp>();
  Value offset = sum ? sum.getRhs() : Value();
  auto slot = offset ? offset.getDefiningOp<arith::MulIOp>() : arith::MulIOp();
  IntegerAttr bytes;
  if (sum && matchPattern(slot ? slot.getRhs() : offset, m_Constant(&bytes)) && bytes.getInt() % 16 == 0) {
    Value units = sixteenth(bytes.getInt());
    return add(sum.getLhs(), slot ? arith::MulIOp::create(builder, loc, slot.getLhs(), units).getResult() : units);
  }
  return arith::ShRUIOp::create(builder, loc, address, i32Constant(builder, loc, 4));
}

/// The low word of a descriptor of the tile at `address`; advances are added to it.
Value lowWord(OpBuilder &builder, Location loc, const KernelLowering &kernel, Value address,
              const MatrixDescriptor &descriptor) {
  Value start = inSixteenths(builder, loc, kernel, address);
  return arith::AddIOp::create(builder, loc, start, i32Constant(builder, loc, descriptor.lowWord()));
}

std::string descriptorText(StringRef name, StringRef word, StringRef low, uint32_t advance, uint32_t high) {
  std::string text;
  llvm::raw_string_ostream(text) << "add.s32 " << word << ", " << low << ", " << advance << ";\n"
                                 << "mov.b64 " << name << ", {" << word << ", " << high << "};\n";
  return text;
}

std::string listOf(ArrayRef<std::string> names) { return "{" + llvm::join(names, ", ") + "}"; }

struct LowerDotAsync final : KernelPattern<DotAsyncOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(DotAsyncOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    Location loc = op.getLoc();
    const ProgramThreads &threads = kernel.threadsOf(op);
    RankedTensorType type = op.getResult().getType().getTensorType();
    TileType bType = op.getB().getType();
    Type element = bType.getElementType();
    int64_t rows = type.getDimSize(0), n = type.getDimSize(1);
    int64_t sliceStride = sliceRows * threads.numWarpgroups();
    if (threads.isProducer)
      return op.emitOpError("is executed by a producer, of which one thread runs; wgmma needs a warpgroup");
    if (!element.isBF16() && !element.isF16())
      return op.emitOpError() << "multiplies bf16 or f16, got " << element;
    if (!type.getElementType().isF32())
      return op.emitOpError() << "accumulates f32, got " << type.getElementType();
    if (rows % sliceStride != 0 || cast<MmaAttr>(type.getEncoding()).getWarps()[0] != threads.numWarps ||
        cast<MmaAttr>(type.getEncoding()).getWarps()[1] != 1)
      return op.emitOpError() << "needs a multiple of " << sliceStride << " rows and the layout of " << threads.numWarps
                              << " x 1 warps for " << threads.numWarpgroups() << " warpgroups, got " << type;
    if (n > 256)
      return op.emitOpError() << "has at most 256 columns, got " << n;

    Major bMajor = op.getTransposeB() ? Major::K : Major::MN;
    SharedTile b = bType.getSharedTile();
    if (std::string reason = b.whyNoDescriptor(bMajor); !reason.empty())
      return op.emitOpError() << "cannot read b: " << reason;
    auto aType = dyn_cast<TileType>(op.getA().getType());
    std::optional<SharedTile> a;
    if (aType) {
      a = aType.getSharedTile();
      if (std::string reason = a->whyNoDescriptor(Major::K); !reason.empty())
        return op.emitOpError() << "cannot read a: " << reason;
    }

    InlinePtx ptx(rewriter, loc);
    SmallVector<std::string> accumulators;
    int64_t numAccumulators = getElementsPerThread(type);
    for (int64_t i = 0; i != numAccumulators; ++i)
      accumulators.push_back(op.getAcc() ? ptx.tied(adaptor.getAcc()[i]) : ptx.output(rewriter.getF32Type()));
    SmallVector<std::string> aRegisters;
    std::string aLow;
    if (a) {
      // The warpgroup's rows: a slice begins with an atom of the tile.
      Value low = lowWord(rewriter, loc, kernel, adaptor.getA().front(), a->descriptor(Major::K));
      if (threads.numWarpgroups() > 1)
        low = arith::AddIOp::create(
            rewriter, loc, low,
            arith::MulIOp::create(rewriter, loc, threads.warpgroup,
                                  i32Constant(rewriter, loc, a->beginAdvance(Major::K, sliceRows))));
      aLow = ptx.input(low);
    } else {
      for (Value pair : adaptor.getA())
        aRegisters.push_back(ptx.input(pair));
    }
    std::string bLow = ptx.input(lowWord(rewriter, loc, kernel, adaptor.getB().front(), b.descriptor(bMajor)));

    int64_t slices = rows / sliceStride, steps = b.numSteps(bMajor);
    std::string instruction;
    llvm::raw_string_ostream(instruction)
        << "wgmma.mma_async.sync.aligned.m64n" << n << "k16.f32." << element << "." << element << " ";
    std::string text;
    llvm::raw_string_ostream os(text);
    os << "{\n.reg .pred first, next;\n.reg .b32 aword, bword;\n.reg .b64 adesc, bdesc;\n"
       << "setp.ne.b32 first, " << (op.getAcc() ? 1 : 0) << ", 0;\nsetp.ne.b32 next, 1, 0;\n"
       << "wgmma.fence.sync.aligned;\n";
    for (int64_t slice = 0; slice != slices; ++slice) {
      auto part = [&](ArrayRef<std::string> names, int64_t count, int64_t index) {
        return listOf(names.slice(index * count, count));
      };
      std::string c = part(accumulators, numAccumulators / slices, slice);
      for (int64_t step = 0; step != steps; ++step) {
        std::string aOperand = "adesc";
        if (a)
          os << descriptorText("adesc", "aword", aLow,
                               a->stepAdvance(Major::K, step) +
                                   (slice == 0 ? 0 : a->beginAdvance(Major::K, slice * sliceStride)),
                               a->descriptor(Major::K).highWord());
        else
          aOperand = part(aRegisters, 4, slice * steps + step);
        os << descriptorText("bdesc", "bword", bLow, b.stepAdvance(bMajor, step), b.descriptor(bMajor).highWord())
           << instruction << c << ", " << aOperand << ", bdesc, " << (step == 0 ? "first" : "next") << ", 1, 1"
           << (a ? ", 0" : "") << (bMajor == Major::MN ? ", 1" : ", 0") << ";\n";
      }
    }
    os << "wgmma.commit_group.sync.aligned;\n}\n";
    rewriter.replaceOpWithMultiple(op, {ptx.emit(text, InlinePtx::Effect::Memory)});
    return success();
  }
};

struct LowerDotWait final : KernelPattern<DotWaitOp> {
  using KernelPattern::KernelPattern;

  LogicalResult matchAndRewrite(DotWaitOp op, OneToNOpAdaptor adaptor,
                                ConversionPatternRewriter &rewriter) const override {
    if (!op.getPending())
      return op.emitOpError("has no pending count; cta-derive-waits gives it");
    InlinePtx ptx(rewriter, op.getLoc());
    // Whatever becomes readable, or must not be computed with before, goes through the wait.
    SmallVector<size_t> sizes = {adaptor.getInflight().size()};
    for (Value value : adaptor.getInflight())
      ptx.tied(value);
    for (ValueRange tile : adaptor.getTied()) {
      sizes.push_back(tile.size());
      for (Value value : tile)
        ptx.tied(value);
    }
    SmallVector<Value> values =
        ptx.emit("wgmma.wait_group.sync.aligned " + std::to_string(*op.getPending()) + ";", InlinePtx::Effect::Memory);
    SmallVector<ValueRange> results;
    ArrayRef<Value> left = values;
    for (size_t size : sizes) {
      results.push_back(left.take_front(size));
      left = left.drop_front(size);
    }
    rewriter.replaceOpWithMultiple(op, results);
    return success();
  }
};

} // namespace

void fovea::populateProductPatterns(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                                    RewritePatternSet &patterns) {
  patterns.add<LowerDotAsync, LowerDotWait>(converter, patterns.getContext(), kernel);
}
