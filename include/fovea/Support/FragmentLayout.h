//===- FragmentLayout.h - The register layouts of the hardware --*- C++ -*-===//
//
// Part of the Fovea project. Free of IR.
//
//===----------------------------------------------------------------------===//
//
// What the PTX ISA prescribes for matrix instructions, and the blocked layouts
// of plain loads. g = lane / 4, c = lane % 4; a 32-bit register of an operand
// holds p = 32 / bits elements:
//
//     accumulator   element 0..3 of an m16n8 piece: row g (+8 for 2, 3),
//                   column 2c (+1 for 1, 3)
//     operand A     register 0..3 of an m16k(8p) piece: row g (+8 for 1, 3),
//                   k = p*c .. p*c+p-1 (+4p for 2, 3)
//     operand B     register 0, 1 of a k(8p)n8 piece: column g, k as for A
//
// wgmma.m64nNk16 gives every warp of a warpgroup the accumulator of N/8 pieces
// m16n8 of mma.sync side by side, and 16 rows of A likewise; one layout serves
// both instructions. For 16-bit operands two accumulator pieces side by side
// are one piece of A, element by element: P = exp(S) becomes an operand of P V
// by nothing but a conversion of each element.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_SUPPORT_FRAGMENTLAYOUT_H
#define FOVEA_SUPPORT_FRAGMENTLAYOUT_H

#include "fovea/Support/RegisterLayout.h"

namespace fovea {

/// How warps share a tile. The warp index counts along the rows first; a warp
/// owns 16 rows at a time, and one block of adjacent columns.
struct WarpGrid {
  int64_t rows = 4; ///< A multiple of 4 for wgmma, and cols == 1.
  int64_t cols = 1;
};

/// The accumulator (C and D) of mma.sync.m16n8 and wgmma.m64nN. Nothing unless
/// rows is a multiple of 16 * warps.rows, and cols of 8 * warps.cols. Where the
/// warps do not cover the rows, further registers do.
std::optional<RegisterLayout> mmaAccumulator(int64_t rows, int64_t cols, WarpGrid warps);

/// A (rows x depth) in registers, for mma.sync and wgmma, of elements of 8, 16
/// or 32 (tf32) bits. Warps that differ in their columns hold copies. Depth
/// must be a multiple of 256 bits.
std::optional<RegisterLayout> mmaOperandA(int64_t rows, int64_t depth, unsigned elementBits, WarpGrid warps);

/// B (depth x cols) in registers, for mma.sync. Warps that differ in their rows
/// hold copies.
std::optional<RegisterLayout> mmaOperandB(int64_t depth, int64_t cols, unsigned elementBits, WarpGrid warps);

/// Runs of `sizePerThread` elements per thread, lanes and warps in a grid;
/// order[0] is the coordinate along which all of them advance first. What a
/// level cannot split further is held in copies by the rest of that level, what
/// is left over is repeated in registers.
RegisterLayout blocked(const std::vector<int64_t> &shape, const std::vector<int64_t> &sizePerThread,
                       const std::vector<int64_t> &threadsPerWarp, const std::vector<int64_t> &warps,
                       const std::vector<unsigned> &order);

/// Which addresses ldmatrix and stmatrix (b16, `matrices` = 1, 2 or 4 of 8 x 8)
/// take to move a tile held in `layout`: the result's "registers" number the
/// instructions, and map with lane and warp to the first of the 8 elements
/// whose address the lane supplies. The 8 lie along the row; in a tile stored
/// transposed (.trans) down the column. The instruction moves elements
/// 2 * matrices * i and following of every thread. Nothing if the layout is not
/// made of such matrices.
std::optional<RegisterLayout> matrixAccess(const RegisterLayout &layout, unsigned matrices, bool transposed);

} // namespace fovea

#endif // FOVEA_SUPPORT_FRAGMENTLAYOUT_H
