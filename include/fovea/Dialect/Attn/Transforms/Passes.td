//===- Passes.td - passes on the attn dialect ------------*- tablegen -*-===//
//
// In the order in which a pipeline runs them; the numbers are the stages of docs/Pipeline.md.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES
#define FOVEA_DIALECT_ATTN_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

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
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64", "Bytes of a vector register">,
    Option<"l1Bytes", "l1-bytes", "int64_t", "49152", "Bytes of the first-level data cache of a core">,
    Option<"l2Bytes", "l2-bytes", "int64_t", "1048576", "Bytes of the second-level cache of a core">,
    Option<"threads", "threads", "int64_t", "1", "Number of threads that will share the work">];
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
  let options = [Option<"tileM", "tile-m", "int64_t", "0", "Query rows per tile; 0 takes it from attn.config">];
  let dependentDialects = ["affine::AffineDialect", "scf::SCFDialect", "tensor::TensorDialect"];
}

def AttnTileKvPass : Pass<"attn-tile-kv"> {
  let summary = "Tile the keys into one scf.for over the blocks that the mask can keep (stage 6)";
  let description = [{
    The bounds come from the analysis of the mask region: blocks that no row of
    the tile can see are skipped, and `partial` is false for blocks that every
    row sees in full.
  }];
  let options = [Option<"tileN", "tile-n", "int64_t", "0", "Keys per step; 0 takes it from attn.config">];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect", "scf::SCFDialect", "tensor::TensorDialect"];
}

def AttnPackQueriesPass : Pass<"attn-pack-queries"> {
  let summary = "Transpose query tiles so that the queries lie along the lanes (CPU, before bufferization)";
  let options = [Option<"vectorBytes", "vector-bytes", "int64_t", "64", "Bytes of a vector register">];
  let dependentDialects = ["arith::ArithDialect", "tensor::TensorDialect"];
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
