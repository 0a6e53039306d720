//===- AttnOps.td - ops of the attn dialect --------------*- tablegen -*-===//
//
// The lifecycle: a user or importer writes `attention`, `softmax`, `cross_entropy`. `attn-rewrite-online-softmax` turns
// them into a state (acc, m, l) that is associative along the keys (`online_attention`, `online_softmax`) and an op that
// reads it off (`finalize`, `normalize`). Tiling keeps these ops and shrinks their operands; `attn-to-vector` and the GPU
// path consume them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_IR_ATTNOPS
#define FOVEA_DIALECT_ATTN_IR_ATTNOPS

include "fovea/Dialect/Attn/IR/AttnDialect.td"
include "fovea/Dialect/Attn/IR/AttnInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/IndexingMapOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"
include "mlir/Interfaces/TilingInterface.td"
include "mlir/Dialect/Linalg/IR/LinalgInterfaces.td"

// Tensors before bufferization, memrefs after it, as in linalg.
def Attn_Shaped : AnyTypeOf<[AnyRankedTensor, AnyStridedMemRef]>;
// What a region can read: a scalar, or a shaped operand by element or whole.
def Attn_Capture : AnyTypeOf<[AnySignlessIntegerOrIndex, AnyFloat, Attn_Shaped]>;
def Attn_ScaleType : AnyTypeOf<[F32, F64]>;

class Attn_Op<string mnemonic, list<Trait> traits = []> : Op<Attn_Dialect, mnemonic, traits>;

// An op in destination style over an iteration domain.
class Attn_StructuredOp<string mnemonic, list<Trait> traits = []>
    : Attn_Op<mnemonic, !listconcat([
        DestinationStyleOpInterface,
        DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
        DeclareOpInterfaceMethods<ReifyRankedShapedTypeOpInterface, ["reifyResultShapes"]>,
        DeclareOpInterfaceMethods<ConditionallySpeculatable>,
        DeclareOpInterfaceMethods<Attn_StructuredOpInterface,
            ["getMappedOperands", "getDefaultMaps", "getReductionDims"]>,
        DeclareOpInterfaceMethods<IndexingMapOpInterface, ["getIndexingMaps", "getIndexingMapsArray", "getMatchingIndexingMap"]>,
        DeclareOpInterfaceMethods<TilingInterface,
            ["getIterationDomain", "getLoopIteratorTypes", "getTiledImplementation", "getResultTilePosition",
             "generateResultTileValue", "getIterationDomainTileFromResultTile"]>], traits)> {
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  code structuredDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutputsMutable(); }
    ::llvm::SmallVector<int64_t> getShape(::mlir::OpOperand *operand);
  }];
  let extraClassDeclaration = structuredDeclaration;
}

// An op whose logits pass through a score and a mask region.
class Attn_ScoreOp<string mnemonic, list<Trait> traits = []>
    : Attn_StructuredOp<mnemonic, !listconcat(traits, [
        AttrSizedOperandSegments,
        DeclareOpInterfaceMethods<Attn_ScoreOpInterface,
            ["getMixedOffsets", "setMixedOffsets", "getComputeType", "getKeyDim"]>])> {
  let regions = (region AnyRegion:$score, AnyRegion:$mask);
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
}

//===----------------------------------------------------------------------===//
// attention
//===----------------------------------------------------------------------===//

def Attn_AttentionOp : Attn_ScoreOp<"attention", [
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "Scaled dot-product attention with score and mask functions";
  let description = [{
    ```
    s[i,j] = score(scale * sum_k q[i,k] * k[j,k])      where mask(i, j), else -inf
    p[i,j] = exp(s[i,j] - max_j s[i,j]) / sum_j exp(...)
    o[i,:] = sum_j p[i,j] * v[j,:]                     lse[i] = log sum_j exp(s[i,j])
    ```

    Shapes, without `maps`: q `[batch..., query length, qk head dim]`, k
    `[batch..., key length, qk head dim]`, v `[batch..., key length, v head dim]`,
    o like q with the value's head dim, lse and max like o without it. With two
    or more batch dimensions the last one is the head; k and v may have fewer
    heads than q by a factor `g`, and query head `h` then reads head
    `h floordiv g` (S6). The domain is (batch..., query, key, qk dim, v dim); any
    other layout is written with one affine map per mapped operand.

    * `scale`: attribute or scalar operand; 1/sqrt(max(qk head dim, 1)) where absent.
    * `causal(top_left | bottom_right | %offset)`: keep j <= i + offset (S1).
    * `window(left, right)`: keep i + offset - left <= j <= i + offset + right,
      inclusive; `*` is unbounded (S11). `align(...)` places it where there is no
      `causal`.
    * `softcap(c)`: c * tanh(s / c), before the bias (S2).
    * `alibi(%slopes)`: adds -slope[head] * |i + offset - j|.
    * `bias(%b)`, `keep(%m)`: added to the score, true = attend (S9); aligned to
      the trailing dimensions (batch..., query, key), extent 1 broadcasts (S10).
    * `sink(%s)`: one more logit per head in the denominator and the LSE, without
      a value and not scaled (S5).
    * `score {...}`, `mask {...}`: regions as in `ScoreOpInterface`. A score
      region excludes softcap, alibi and bias; a mask region is combined with the
      other masks by "and".

    A row without any key gives o = 0, lse = -inf, max = -inf (S3). `max` is the
    maximum of the scores, sink excluded. Softmax state and accumulation are f32
    (f64 for f64); p is rounded to v's type for the product with v only (S12).

    Source: Vaswani et al. 2017; grouped heads, Ainslie et al. 2023; ALiBi, Press
    et al. 2022. Made by users and importers, consumed by
    `attn-rewrite-online-softmax` (after `attn-canonicalize` has turned the
    clauses into regions) or by `attn-decompose`.

    Example:
    ```mlir
    %o, %lse = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<?x16x?x128xbf16>, tensor<?x4x?x128xbf16>, tensor<?x4x?x128xbf16>)
        outs(%o0, lse %l0 : tensor<?x16x?x128xbf16>, tensor<?x16x?xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$query, Attn_Shaped:$key, Attn_Shaped:$value,
    Variadic<Attn_Capture>:$captures,
    Optional<Attn_Shaped>:$sink,
    Optional<Attn_ScaleType>:$scale_value,
    Optional<Index>:$alignment_offset,
    Optional<Attn_Shaped>:$bias, Optional<Attn_Shaped>:$keep, Optional<Attn_Shaped>:$alibi,
    Variadic<Index>:$offsets,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    OptionalAttr<F32Attr>:$scale,
    UnitAttr:$causal,
    OptionalAttr<Attn_AlignmentAttr>:$alignment,
    OptionalAttr<I64Attr>:$window_left, OptionalAttr<I64Attr>:$window_right,
    OptionalAttr<F32Attr>:$softcap,
    UnitAttr:$return_lse, UnitAttr:$return_max,
    OptionalAttr<DenseI64ArrayAttr>:$static_offsets);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let extraClassDeclaration = structuredDeclaration # [{
    /// Whether any clause is left that `attn-canonicalize` turns into regions.
    bool hasSugar();
    /// Index of the LSE / maximum among the outputs, or -1.
    int lseIndex() { return getReturnLse() ? 1 : -1; }
    int maxIndex() { return getReturnMax() ? 1 + int(getReturnLse()) : -1; }
  }];
}

def Attn_OnlineAttentionOp : Attn_ScoreOp<"online_attention", [
    DeclareOpInterfaceMethods<PartialReductionOpInterface,
        ["generateInitialTensorForPartialReduction", "tileToPartialReduction", "mergeReductions",
         "getPartialResultTilePosition"]>]> {
  let summary = "Attention over a part of the keys, accumulated into a softmax state";
  let description = [{
    Folds the keys of its operands into the state (acc, m, l): m is the running
    maximum of the scores, l the sum of base^(s - m), acc the sum of
    base^(s - m) * v. The identity is (0, -inf, 0); the op is associative along
    the key dimension (S15), so any tiling of the keys gives the same function.

    * `base(two)`: the state is kept in base 2; scale and score region already
      carry log2(e). Set by `attn-set-exp-base`.
    * `fixed_max`: m is not updated but taken as it comes, for every row one
      number for all keys (the unified maximum of FlashDecoding++, Hong et al.
      2023): acc and l are the sums of base^(s - m) relative to it, whatever
      the scores are, and nothing is ever rescaled. Set by `attn-unify-max`.
    * `partial(%p)`: where false, the mask region keeps every key of this tile,
      so it need not be evaluated.
    * `at[...]`: position of the tile, one index per dimension of the domain.

    acc, m and l have the compute type. Source: Milakov and Gimelshein 2018;
    Dao et al. 2022. Made by `attn-rewrite-online-softmax`, read off by
    `attn.finalize`.

    Example:
    ```mlir
    %s:3 = attn.online_attention scale(1.250000e-01) ins(%q, %k, %v : tensor<64x64xf32>, tensor<96x64xf32>, tensor<96x64xf32>)
        outs(%acc, %m, %l : tensor<64x64xf32>, tensor<64xf32>, tensor<64xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$query, Attn_Shaped:$key, Attn_Shaped:$value,
    Variadic<Attn_Capture>:$captures,
    Optional<Attn_ScaleType>:$scale_value,
    Optional<I1>:$partial,
    Variadic<Index>:$offsets,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    OptionalAttr<F32Attr>:$scale,
    DefaultValuedAttr<Attn_ExpBaseAttr, "ExpBase::E">:$base,
    OptionalAttr<DenseI64ArrayAttr>:$static_offsets,
    UnitAttr:$fixed_max);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

def Attn_FinalizeOp : Attn_StructuredOp<"finalize", [AttrSizedOperandSegments]> {
  let summary = "Reads output, LSE and maximum off a softmax state";
  let description = [{
    o = acc / l, lse = m + log l, max = m, the latter two in base e (S4). A sink
    s, a natural logit whatever the base, joins l (and the LSE) as exp(s - m)
    without a value (S5). l = 0 gives o = 0, lse = -inf (S3). Without `maps`: acc and o `[batch..., query, v dim]`, m, l, lse, max
    without the last dimension, sink per head (the last batch dimension).

    Example:
    ```mlir
    %o, %lse = attn.finalize ins(%acc, %m, %l : tensor<8x64x64xf32>, tensor<8x64xf32>, tensor<8x64xf32>)
        outs(%o0, lse %l0 : tensor<8x64x64xbf16>, tensor<8x64xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$acc, Attn_Shaped:$max, Attn_Shaped:$sum,
    Optional<Attn_Shaped>:$sink,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    DefaultValuedAttr<Attn_ExpBaseAttr, "ExpBase::E">:$base,
    UnitAttr:$return_lse, UnitAttr:$return_max);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let extraClassDeclaration = structuredDeclaration # [{
    int lseIndex() { return getReturnLse() ? 1 : -1; }
    int maxIndex() { return getReturnMax() ? 1 + int(getReturnLse()) : -1; }
  }];
}

def Attn_MergeOp : Attn_StructuredOp<"merge", [AttrSizedOperandSegments]> {
  let summary = "Combines softmax states along one or more dimensions";
  let description = [{
    m = max_s m[s], l = sum_s l[s] * base^(m[s] - m), acc likewise; the outputs
    are one more state that takes part. The identity is (0, -inf, 0), and merging
    any split gives the unsplit state (S15). Where acc is absent the state is
    that of a softmax (m, l). Without `maps` the leading dimension of acc, m and
    l is merged.

    Example:
    ```mlir
    %s:3 = attn.merge ins(%accs, %ms, %ls : tensor<4x64x64xf32>, tensor<4x64xf32>, tensor<4x64xf32>)
        outs(%acc, %m, %l : tensor<64x64xf32>, tensor<64xf32>, tensor<64xf32>)
    ```
  }];
  let arguments = (ins
    Variadic<Attn_Shaped>:$states,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    DefaultValuedAttr<Attn_ExpBaseAttr, "ExpBase::E">:$base);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

def Attn_PackOp : Attn_StructuredOp<"pack", [AttrSizedOperandSegments]> {
  let summary = "Packs a tile with its rows along the lanes";
  let description = [{
    dst[k, m] = scale * src[m, k] in dst's element type; beyond the rows that src
    has, the last one is repeated, so that a row of dst is a whole number of
    vectors and every lane computes on data of the problem. Made by
    `attn-pack-queries` for targets that compute the transposed scores (queries,
    and captures that vary with the query), consumed by `attn-to-vector`. i1
    becomes i8, since a memref keeps a byte per element.

    Example:
    ```mlir
    %t = attn.pack scale(1.250000e-01) ins(%q : tensor<?x80xbf16>) outs(%e : tensor<80x64xf32>)
    ```
  }];
  let arguments = (ins Attn_Shaped:$source, Optional<Attn_ScaleType>:$scale_value,
                       Variadic<Attn_Shaped>:$outputs,
                       OptionalAttr<AffineMapArrayAttr>:$maps, OptionalAttr<F32Attr>:$scale);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

//===----------------------------------------------------------------------===//
// softmax
//===----------------------------------------------------------------------===//

def Attn_SoftmaxOp : Attn_ScoreOp<"softmax", [
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "Softmax or log-softmax along one dimension";
  let description = [{
    y = exp(x - max x) / sum exp(x - max x) along `dimension(d)`, or with
    `log_prob` y = x - lse. Score and mask regions act on x as in attention.
    lse has x's shape without `d`. A row of -inf (or without any element kept) is
    NaN, and with `safe` it is 0 for `prob` (S3).

    Example:
    ```mlir
    %y = attn.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%e : tensor<?x?xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$input,
    Variadic<Attn_Capture>:$captures,
    Variadic<Index>:$offsets,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    I64Attr:$dimension,
    DefaultValuedAttr<Attn_SoftmaxKindAttr, "SoftmaxKind::Prob">:$kind,
    UnitAttr:$safe, UnitAttr:$return_lse,
    OptionalAttr<DenseI64ArrayAttr>:$static_offsets);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

def Attn_OnlineSoftmaxOp : Attn_ScoreOp<"online_softmax", [
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
    DeclareOpInterfaceMethods<PartialReductionOpInterface,
        ["generateInitialTensorForPartialReduction", "tileToPartialReduction", "mergeReductions",
         "getPartialResultTilePosition"]>]> {
  let summary = "Softmax state (m, l) of a part of a row";
  let description = [{
    Folds x along `dimension(d)` into the state (m, l); identity (-inf, 0),
    associative (S15). Read off by `attn.normalize`.

    Example:
    ```mlir
    %m1, %l1 = attn.online_softmax dimension(1) ins(%x : tensor<8x512xf32>) outs(%m, %l : tensor<8xf32>, tensor<8xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$input,
    Variadic<Attn_Capture>:$captures,
    Variadic<Index>:$offsets,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    I64Attr:$dimension,
    DefaultValuedAttr<Attn_ExpBaseAttr, "ExpBase::E">:$base,
    OptionalAttr<DenseI64ArrayAttr>:$static_offsets);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

def Attn_NormalizeOp : Attn_ScoreOp<"normalize", [
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "Softmax values from the input and its state";
  let description = [{
    y = base^(s(x) - m) / l, or s(x) - lse for `log_prob`, with the same score
    and mask regions as the `attn.online_softmax` that made (m, l); optionally
    lse. Elementwise: every dimension can be tiled.

    Example:
    ```mlir
    %y = attn.normalize dimension(1) ins(%x, %m, %l : tensor<8x512xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8x512xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$input, Attn_Shaped:$max, Attn_Shaped:$sum,
    Variadic<Attn_Capture>:$captures,
    Variadic<Index>:$offsets,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    I64Attr:$dimension,
    DefaultValuedAttr<Attn_SoftmaxKindAttr, "SoftmaxKind::Prob">:$kind,
    DefaultValuedAttr<Attn_ExpBaseAttr, "ExpBase::E">:$base,
    UnitAttr:$safe, UnitAttr:$return_lse,
    OptionalAttr<DenseI64ArrayAttr>:$static_offsets);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

def Attn_CrossEntropyOp : Attn_StructuredOp<"cross_entropy"> {
  let summary = "Cross-entropy of logits against target classes";
  let description = [{
    Per row r, with x = logits[r, :], t = target[r], C classes and eps =
    `label_smoothing`:
    ```
    loss[r] = lse(x) - (1 - eps) * x[t] - eps / C * sum(x) + z_loss * lse(x)^2
    ```
    and 0 where t equals `ignore_index`. `reduction(none)` keeps one loss per
    row; `sum` and `mean` give a 0-d loss, the mean over rows that are not
    ignored (NaN where there is none, as the quotient is). A target outside
    [0, C) that is not `ignore_index` gives NaN. The classes are the last
    dimension. lse is per row and never reduced.

    Example:
    ```mlir
    %loss = attn.cross_entropy ignore_index(-100) ins(%x, %t : tensor<?x32000xf32>, tensor<?xi64>) outs(%e : tensor<?xf32>)
    ```
  }];
  let arguments = (ins
    Attn_Shaped:$logits, Attn_Shaped:$target,
    Variadic<Attn_Shaped>:$outputs,
    OptionalAttr<AffineMapArrayAttr>:$maps,
    OptionalAttr<I64Attr>:$ignore_index,
    OptionalAttr<F32Attr>:$label_smoothing, OptionalAttr<F32Attr>:$z_loss,
    DefaultValuedAttr<Attn_LossReductionAttr, "LossReduction::None">:$reduction,
    UnitAttr:$return_lse);
  let results = (outs Variadic<AnyRankedTensor>:$results);
}

//===----------------------------------------------------------------------===//
// Inside regions
//===----------------------------------------------------------------------===//

def Attn_IndexOp : Attn_Op<"index", [Pure]> {
  let summary = "Position of the element along one dimension of the domain";
  let description = [{
    Legal inside the score and mask regions only. The position is that in the
    whole op, not in the tile: the op's `at` offsets are included.

    Example:
    ```mlir
    %y = attn.softmax dimension(1) ins(%x : tensor<8x8xf32>) outs(%e : tensor<8x8xf32>) mask {
      %i = attn.index 0 : index
      %j = attn.index 1 : index
      %visible = arith.cmpi sle, %j, %i : index
      attn.yield %visible : i1
    }
    ```
  }];
  let arguments = (ins ConfinedAttr<I64Attr, [IntNonNegative]>:$dim);
  let results = (outs Index:$result);
  let assemblyFormat = "$dim attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Attn_YieldOp : Attn_Op<"yield", [Pure, ReturnLike, Terminator,
    ParentOneOf<["AttentionOp", "OnlineAttentionOp", "SoftmaxOp", "OnlineSoftmaxOp", "NormalizeOp"]>]> {
  let summary = "Yields the score or whether to keep the key";
  let description = [{
    The end of a score region (a value of the compute type) or mask region (i1).

    Example:
    ```mlir
    %y = attn.softmax dimension(0) ins(%x : tensor<?xf32>) outs(%e : tensor<?xf32>) score {
    ^bb0(%s: f32):
      %t = math.tanh %s : f32
      attn.yield %t : f32
    }
    ```
  }];
  let arguments = (ins AnyType:$value);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}

#endif // FOVEA_DIALECT_ATTN_IR_ATTNOPS
