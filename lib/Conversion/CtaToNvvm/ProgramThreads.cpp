//===- ProgramThreads.cpp - positions of threads in tiles ------------------===//

#include "ProgramThreads.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace fovea;

Value fovea::i32Constant(OpBuilder &builder, Location loc, int64_t value) {
  return arith::ConstantIntOp::create(builder, loc, builder.getI32Type(), value);
}

Value fovea::addOrNull(OpBuilder &builder, Location loc, Value a, Value b) {
  return !a ? b : !b ? a : arith::AddIOp::create(builder, loc, a, b);
}

Value fovea::xorOrNull(OpBuilder &builder, Location loc, Value a, Value b) {
  return !a ? b : !b ? a : arith::XOrIOp::create(builder, loc, a, b);
}

/// ((index >> bit) & (2^count - 1)) << shift
static Value field(OpBuilder &builder, Location loc, Value index, unsigned bit, unsigned count, unsigned shift) {
  Value value = index;
  if (bit != 0)
    value = arith::ShRUIOp::create(builder, loc, value, i32Constant(builder, loc, bit));
  value = arith::AndIOp::create(builder, loc, value, i32Constant(builder, loc, (int64_t(1) << count) - 1));
  if (shift != 0)
    value = arith::ShLIOp::create(builder, loc, value, i32Constant(builder, loc, shift));
  return value;
}

Value fovea::applyBases(OpBuilder &builder, Location loc, Value index, ArrayRef<int64_t> bases) {
  Value result;
  int64_t used = 0;
  for (unsigned bit = 0; bit < bases.size();) {
    int64_t basis = bases[bit];
    if (basis == 0) {
      ++bit;
      continue;
    }
    // Bits that move by successive powers of two move together.
    unsigned count = 1;
    Value term;
    int64_t mask = basis;
    if (llvm::isPowerOf2_64(basis)) {
      while (bit + count < bases.size() && bases[bit + count] == basis << count)
        mask |= bases[bit + count++];
      term = field(builder, loc, index, bit, count, llvm::Log2_64(basis));
    } else {
      term =
          arith::MulIOp::create(builder, loc, field(builder, loc, index, bit, 1, 0), i32Constant(builder, loc, basis));
    }
    result = used & mask ? xorOrNull(builder, loc, result, term) : addOrNull(builder, loc, result, term);
    used |= mask;
    bit += count;
  }
  return result;
}

static SmallVector<int64_t> basesOf(const LinearLayout &piece, Dim in, Dim out) {
  SmallVector<int64_t> bases;
  for (unsigned bit = 0; int64_t(1) << bit < piece.inputSize(in); ++bit)
    bases.push_back(piece.basis(in, bit, out));
  return bases;
}

/// The bits of a coordinate that an input of the piece moves.
static int64_t bitsMoved(const LinearLayout &piece, Dim in, Dim out) {
  int64_t bits = 0;
  for (int64_t basis : basesOf(piece, in, out))
    bits |= basis;
  return bits;
}

bool LayoutPosition::isSum(unsigned index) const {
  Dim out = coordinate(index);
  const LinearLayout &piece = layout.piece();
  return ((bitsMoved(piece, Dim::Lane, out) | bitsMoved(piece, Dim::Warp, out)) &
          bitsMoved(piece, Dim::Register, out)) == 0;
}

/// The repetitions of a layout's dim in mixed radix: visit(number of the repetition, its repeat, its stride along the
/// coordinate it moves).
template <typename Visit>
static void forEachRepetition(OpBuilder &builder, Location loc, const RegisterLayout &layout, Dim in, Value index,
                              Visit visit) {
  SmallVector<int64_t> stride(layout.rank());
  for (unsigned i = 0; i < layout.rank(); ++i)
    stride[i] = layout.piece().outputSize(coordinate(i));
  int64_t left = 1;
  for (const RegisterLayout::Repeat &repeat : layout.repeats())
    left *= repeat.in == in ? repeat.count : 1;
  Value rest;
  for (const RegisterLayout::Repeat &repeat : layout.repeats()) {
    if (repeat.in == in) {
      if (!rest)
        rest = arith::DivUIOp::create(builder, loc, index, i32Constant(builder, loc, layout.piece().inputSize(in)));
      left /= repeat.count;
      Value count = i32Constant(builder, loc, repeat.count);
      Value number = left == 1 ? rest : arith::RemUIOp::create(builder, loc, rest, count).getResult();
      visit(number, repeat, repeat.out ? stride[coordinateIndex(*repeat.out)] : 0);
      if (left != 1)
        rest = arith::DivUIOp::create(builder, loc, rest, count);
    }
    if (repeat.out)
      stride[coordinateIndex(*repeat.out)] *= repeat.count;
  }
}

Value LayoutPosition::ofThread(OpBuilder &builder, Location loc, unsigned index) const {
  Dim out = coordinate(index);
  const LinearLayout &piece = layout.piece();
  Value ofLane = applyBases(builder, loc, threads.lane, basesOf(piece, Dim::Lane, out));
  Value ofWarp = applyBases(builder, loc, threads.warp, basesOf(piece, Dim::Warp, out));
  bool overlap = (bitsMoved(piece, Dim::Lane, out) & bitsMoved(piece, Dim::Warp, out)) != 0;
  Value position = overlap ? xorOrNull(builder, loc, ofLane, ofWarp) : addOrNull(builder, loc, ofLane, ofWarp);
  for (auto [in, number] : {std::pair(Dim::Lane, threads.lane), std::pair(Dim::Warp, threads.warp)})
    forEachRepetition(
        builder, loc, layout, in, number, [&](Value repetition, const RegisterLayout::Repeat &repeat, int64_t stride) {
          if (repeat.out != out)
            return;
          Value step = i32Constant(builder, loc, stride);
          position = addOrNull(builder, loc, position, arith::MulIOp::create(builder, loc, repetition, step));
        });
  return position ? position : i32Constant(builder, loc, 0);
}

Value LayoutPosition::isHolder(OpBuilder &builder, Location loc) const {
  Value copies; // 0 in the first of the threads that hold the same
  for (auto [in, number] : {std::pair(Dim::Lane, threads.lane), std::pair(Dim::Warp, threads.warp)}) {
    if (uint64_t bits = layout.piece().freeBits(in)) {
      Value mask = i32Constant(builder, loc, bits);
      copies = addOrNull(builder, loc, copies, arith::AndIOp::create(builder, loc, number, mask));
    }
    forEachRepetition(builder, loc, layout, in, number,
                      [&](Value repetition, const RegisterLayout::Repeat &repeat, int64_t) {
                        if (!repeat.out)
                          copies = addOrNull(builder, loc, copies, repetition);
                      });
  }
  if (!copies)
    return {};
  return arith::CmpIOp::create(builder, loc, arith::CmpIPredicate::eq, copies, i32Constant(builder, loc, 0));
}
