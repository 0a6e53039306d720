//===- Passes.td - passes on the attn dialect ------------*- tablegen -*-===//
//
// In the order in which a pipeline runs them; the numbers are the stages of docs/Pipeline.md.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES
#define FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

class Attn_LoopOrderOption<string description>
    : Option<"loopOrder", "loop-order", "LoopOrder", "LoopOrder::QueryOuter", description,
             [{::llvm::cl::values(
                 clEnumValN(::mlir::attn::LoopOrder::QueryOuter, "query-outer", "FlashAttention-2"),
                 clEnumValN(::mlir::attn::LoopOrder::KeyOuter, "key-outer", "FlashAttention-1"))}]>;

def AttnCanonicalizePass : Pass<"attn-canonicalize"> {
  let summary = "Turn the clauses of attn.attention into score and mask regions (stage 1)";
  let description = [{
    causal, window, softcap, alibi, bias and keep become one score region and
    one mask region with captures, in the order of rule S2: softcap, alibi, bias,
    then the mask. Identity regions, constant masks and captures that no region
    reads are dropped.
  }];
  let dependentDialects = ["arith::ArithDialect", "math::MathDialect", "memref::MemRefDialect", "tensor::TensorDialect"];
}

def AttnFoldLayoutOpsPass : Pass<"attn-fold-layout-ops"> {
  let summary = "Fold transposes and unit-dimension reshapes of operands into indexing maps (stage 1)";
  let dependentDialects = ["tensor::TensorDialect"];
}

def AttnSelectSchedulePass : Pass<"attn-select-schedule"> {
  let summary = "Choose tile sizes and splits: attn.config (stage 2)";
  let description = [{
    An op that already carries `attn.config` keeps it. The choice follows from
    the vector width and the cache sizes given as options; a remark states it.
    Queries that fill at most half of a vector get `lanes = keys`, one tile per
    group of heads, and splits that do not depend on `threads` (S16).
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64", "Bytes of a vector register">,
    Option<"l1Bytes", "l1-bytes", "int64_t", "49152", "Bytes of the first-level data cache of a core">,
    Option<"l2Bytes", "l2-bytes", "int64_t", "1048576", "Bytes of the second-level cache of a core">,
    Option<"threads", "threads", "int64_t", "1", "Number of threads that will share the work">,
    Option<"amxBf16", "amx-bf16", "bool", "false", "Choose for a matrix unit that multiplies bf16">,
    Option<"amxFp16", "amx-fp16", "bool", "false", "Choose for a matrix unit that multiplies f16">,
    Option<"bf16Pairs", "bf16-pairs", "bool", "false", "Choose for dot products of pairs of bf16">];
}

def AttnRewriteSoftmaxPass : Pass<"attn-rewrite-softmax"> {
  let summary = "Rewrite softmax as loops over rows in memory, by an algorithm of the literature";
  let description = [{
    Reads of x, writes of y and flops per row of s elements (one per add,
    multiply, divide, maximum and exponential; a recomputed exponential counts):

    | algorithm | reads | writes | flops |
    |---|---|---|---|
    | naive | 2s | s | 4s - 1 |
    | safe | 3s | s | 7s - 2 |
    | online | 2s | s | 10s |
    | blocked | 2s | s | 10s + 8 per merge |

    Everything else is in scalars that a loop carries; `blocked` also writes and
    reads a state of two numbers per block. `fused` leaves the op to
    `attn-rewrite-online-softmax`. Naive overflows where x is above 88.7 in f32.
  }];
  let options = [
    Option<"algorithm", "algorithm", "SoftmaxAlgorithm", "SoftmaxAlgorithm::Online", "The algorithm",
           [{::llvm::cl::values(
               clEnumValN(::mlir::attn::SoftmaxAlgorithm::Fused, "fused", "left as it is"),
               clEnumValN(::mlir::attn::SoftmaxAlgorithm::Naive, "naive", "no maximum; overflows"),
               clEnumValN(::mlir::attn::SoftmaxAlgorithm::Safe, "safe", "maximum, sum, quotient"),
               clEnumValN(::mlir::attn::SoftmaxAlgorithm::Online, "online", "running maximum and sum, quotient"),
               clEnumValN(::mlir::attn::SoftmaxAlgorithm::Blocked, "blocked", "online in parallel blocks, merged"))}]>,
    Option<"block", "block", "int64_t", "256", "Elements per block of `blocked`">];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect", "math::MathDialect", "scf::SCFDialect",
                           "tensor::TensorDialect"];
}

def AttnRewriteOnlineSoftmaxPass : Pass<"attn-rewrite-online-softmax"> {
  let summary = "Rewrite attention and softmax as an online state and its reading (stage 3)";
  let description = [{
    attention -> online_attention + finalize; softmax -> online_softmax +
    normalize; cross_entropy -> online_softmax + elementwise loss.
  }];
  let dependentDialects = ["arith::ArithDialect", "linalg::LinalgDialect", "math::MathDialect", "scf::SCFDialect",
                           "tensor::TensorDialect"];
}

def AttnSetExpBasePass : Pass<"attn-set-exp-base"> {
  let summary = "Keep softmax states in base 2 (stage 3b)";
  let description = [{
    log2(e) is folded into the scale where the score region is affine in the
    score (its additive terms are multiplied); where it is not, the state stays
    in base e.
  }];
  let dependentDialects = ["arith::ArithDialect"];
}

def AttnSplitKvPass : Pass<"attn-split-kv"> {
  let summary = "Split the key range of online ops into parallel parts that attn.merge combines (stage 4)";
  let options = [Option<"splits", "splits", "int64_t", "0", "Number of parts; 0 takes it from attn.config">];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect", "linalg::LinalgDialect", "scf::SCFDialect",
                           "tensor::TensorDialect"];
}

def AttnTileParallelPass : Pass<"attn-tile-parallel"> {
  let summary = "Tile batch, head and query rows into one scf.forall and fuse producers (stage 5)";
  let options = [Option<"tileM", "tile-m", "int64_t", "0", "Query rows per tile; 0 takes it from attn.config">,
                 Attn_LoopOrderOption<"`key-outer` leaves the query rows whole, for attn-tile-kv to tile">];
  let dependentDialects = ["affine::AffineDialect", "scf::SCFDialect", "tensor::TensorDialect"];
}

def AttnUnifyMaxPass : Pass<"attn-unify-max"> {
  let summary = "Compute attention relative to a fixed maximum, with a fallback to the running one (stage 5b)";
  let description = [{
    FlashDecoding++: for every tile of rows, the exponentials are relative to
    the number `max` instead of the running maximum, so nothing is rescaled and
    partial results are plain sums. Where the sum of any row then lies outside
    [2^-range-log2, 2^range-log2], which an overflow, an underflow, a NaN and a
    row without keys do, the tile is computed again with the running maximum. An
    attention that returns its maximum keeps the running one.
  }];
  let options = [
    Option<"max", "max", "double", "0.0", "The unified maximum, a score in base e">,
    Option<"rangeLog2", "range-log2", "int64_t", "32", "log2 of the largest sum that is trusted">];
  let dependentDialects = ["arith::ArithDialect", "linalg::LinalgDialect", "scf::SCFDialect", "tensor::TensorDialect"];
}

def AttnTileKvPass : Pass<"attn-tile-kv"> {
  let summary = "Tile the keys into one scf.for over the blocks that the mask can keep (stage 6)";
  let description = [{
    The bounds come from the analysis of the mask region: blocks that no row of
    the tile can see are skipped, and `partial` is false for blocks that every
    row sees in full. With `key-outer` the loop over the blocks of keys holds
    one over tiles of query rows, whose states are parts of a tensor of all
    rows; blocks that a tile cannot see are skipped tile by tile.

    A long step would begin and end far from what the mask keeps. With a
    `granule`, steps of at least 128 keys, and of a multiple of it, begin at a
    multiple of the granule, and the last one ends at one.
  }];
  let options = [Option<"tileN", "tile-n", "int64_t", "0", "Keys per step; 0 takes it from attn.config">,
                 Option<"tileM", "tile-m", "int64_t", "0", "Query rows per tile of `key-outer`; 0 as above">,
                 Option<"granule", "granule", "int64_t", "0", "Keys in multiples of which long steps begin and end; 0 is the step">,
                 Attn_LoopOrderOption<"Which loop of an attention is outside">];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect", "scf::SCFDialect", "tensor::TensorDialect"];
}

def AttnPackQueriesPass : Pass<"attn-pack-queries"> {
  let summary = "Transpose query tiles so that the queries lie along the lanes (CPU, before bufferization)";
  let description = [{
    Tiles whose config says `lanes = keys` stay as they are.
  }];
  let options = [Option<"vectorBytes", "vector-bytes", "int64_t", "64", "Bytes of a vector register">,
                 Option<"amxBf16", "amx-bf16", "bool", "false", "Leave queries to a matrix unit for bf16">,
                 Option<"amxFp16", "amx-fp16", "bool", "false", "Leave queries to a matrix unit for f16">,
                 Option<"bf16Pairs", "bf16-pairs", "bool", "false", "Leave queries to dot products of pairs of bf16">];
  let dependentDialects = ["arith::ArithDialect", "tensor::TensorDialect"];
}

def AttnReportIoPass : Pass<"attn-report-io"> {
  let summary = "Report flops, memory traffic and arithmetic intensity of attention for given tiles";
  let description = [{
    For each `attn.attention` of static size, what its unfused form and its
    tiled forms (key-outer: FlashAttention-1, query-outer: FlashAttention-2) read
    and write in memory, how much memory they need beyond inputs and outputs
    (theorem 1 of FlashAttention), what they hold on chip, and where they lie on
    the roofline; blocks that the mask empties are not counted (theorem 4). The
    numbers are those that `fovea-run --count` counts. Nothing is changed.
  }];
  let options = [
    Option<"tileM", "tile-m", "int64_t", "0", "Query rows per tile; 0 takes it from attn.config, or from `on-chip`">,
    Option<"tileN", "tile-n", "int64_t", "0", "Keys per step; 0 likewise">,
    Option<"onChipBytes", "on-chip", "int64_t", "232448", "On-chip memory M in bytes">,
    Option<"peakFlops", "peak-flops", "double", "989e12", "Flops per second at most (default: bf16 on an H200)">,
    Option<"bandwidth", "bandwidth", "double", "4.8e12", "Bytes of memory per second (default: an H200)">,
    Option<"format", "format", "ReportFormat", "ReportFormat::Remark", "What to write",
           [{::llvm::cl::values(clEnumValN(::mlir::attn::ReportFormat::Remark, "remark", "one remark per form"),
                                clEnumValN(::mlir::attn::ReportFormat::Json, "json", "an array of objects"),
                                clEnumValN(::mlir::attn::ReportFormat::Svg, "svg", "a roofline plot"))}]>,
    Option<"output", "output", "std::string", "\"-\"", "File of json and svg; - is standard output">];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect", "tensor::TensorDialect"];
}

def AttnDecomposePass : Pass<"attn-decompose"> {
  let summary = "Expand attention and softmax into unfused linalg ops";
  let description = [{
    The scores and probabilities become tensors of (query length x key length):
    the form that the fused one is measured against. Clauses are expanded first.
    cross_entropy becomes a softmax state and an elementwise loss; an online op
    or anything on memrefs is refused.
  }];
  let dependentDialects = ["arith::ArithDialect", "linalg::LinalgDialect", "math::MathDialect", "memref::MemRefDialect",
                           "scf::SCFDialect", "tensor::TensorDialect"];
}

#endif // FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES
