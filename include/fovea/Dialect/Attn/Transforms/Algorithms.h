//===- Algorithms.h - the ladder of the literature --------------*- C++ -*-===//
//
// What the passes that derive a softmax or an attention can be asked for.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_ALGORITHMS_H
#define FOVEA_DIALECT_ATTN_TRANSFORMS_ALGORITHMS_H

namespace mlir::attn {

/// How a softmax over a row in memory is computed.
enum class SoftmaxAlgorithm {
  Fused,  ///< The row stays on chip: attn-rewrite-online-softmax and tiling.
  Naive,  ///< exp(x) / sum exp(x); overflows where the definition does not.
  Safe,   ///< Maximum, sum and quotient in three passes.
  Online, ///< Running maximum and sum in one pass, then the quotient (Milakov and Gimelshein 2018).
  Blocked ///< Online within blocks in parallel, whose states are merged.
};

/// Which loop of a tiled attention is outside.
enum class LoopOrder {
  QueryOuter, ///< The state of a query tile stays on chip (FlashAttention-2, Dao 2023).
  KeyOuter    ///< A block of keys stays on chip, the states are in memory (FlashAttention, Dao et al. 2022).
};

/// What stabilises the exponentials of an attention.
enum class Maximum {
  Running, ///< The maximum of the keys so far.
  Unified  ///< A number given beforehand, with a fallback to the running maximum (FlashDecoding++, Hong et al. 2023).
};

/// How a report is written.
enum class ReportFormat { Remark, Json, Svg };

} // namespace mlir::attn

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_ALGORITHMS_H
