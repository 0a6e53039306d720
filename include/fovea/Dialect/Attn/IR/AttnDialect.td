//===- AttnDialect.td - the attn dialect and its attributes -*- tablegen -*-===//
//
// What to compute: attention and softmax as mathematics on tensors. How a target computes them is the business of the
// passes (Transforms/Passes.td) and of the dialects they lower to.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_ATTN_IR_ATTNDIALECT
#define FOVEA_DIALECT_ATTN_IR_ATTNDIALECT

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"

def Attn_Dialect : Dialect {
  let name = "attn";
  let cppNamespace = "::mlir::attn";
  let summary = "Attention and softmax as mathematics on tensors";
  let description = [{
    The ops of this dialect say *what* attention and softmax compute: the score
    of a query and a key, the mask that removes keys, the normalisation, and the
    weighted sum of values. They are independent of any target.

    The rules S1-S16 named in the op descriptions are the ones whose violation
    is silent elsewhere (a causal alignment that nobody chose, a fully masked
    row that becomes NaN, ...). Verifier messages and tests carry their labels.
  }];
  let dependentDialects = ["affine::AffineDialect", "arith::ArithDialect", "math::MathDialect",
                           "tensor::TensorDialect"];
  let useDefaultAttributePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// Name of the discardable attribute that carries a `#attn.config`.
    static constexpr ::llvm::StringLiteral getConfigAttrName() {
      return ::llvm::StringLiteral("attn.config");
    }
    void registerAttributes();
  }];
}

class Attn_Enum<string name, string summary, list<I32EnumAttrCase> cases>
    : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::attn";
  let genSpecializedAttr = 0;
}

//===----------------------------------------------------------------------===//
// Enumerations
//===----------------------------------------------------------------------===//

def Attn_AlignmentEnum : Attn_Enum<"Alignment", "where the diagonal of a causal mask, window or ALiBi bias lies", [
    I32EnumAttrCase<"TopLeft", 0, "top_left">,
    I32EnumAttrCase<"BottomRight", 1, "bottom_right">,
    I32EnumAttrCase<"Offset", 2, "offset">]>;
def Attn_AlignmentAttr : EnumAttr<Attn_Dialect, Attn_AlignmentEnum, "alignment">;

def Attn_ExpBaseEnum : Attn_Enum<"ExpBase", "base of the exponential that a partial softmax state is kept in", [
    I32EnumAttrCase<"E", 0, "e">, I32EnumAttrCase<"Two", 1, "two">]>;
def Attn_ExpBaseAttr : EnumAttr<Attn_Dialect, Attn_ExpBaseEnum, "exp_base">;

def Attn_SoftmaxKindEnum : Attn_Enum<"SoftmaxKind", "what a softmax returns", [
    I32EnumAttrCase<"Prob", 0, "prob">, I32EnumAttrCase<"LogProb", 1, "log_prob">]>;
def Attn_SoftmaxKindAttr : EnumAttr<Attn_Dialect, Attn_SoftmaxKindEnum, "softmax_kind">;

def Attn_LossReductionEnum : Attn_Enum<"LossReduction", "how per-row losses are combined", [
    I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Sum", 1, "sum">, I32EnumAttrCase<"Mean", 2, "mean">]>;
def Attn_LossReductionAttr : EnumAttr<Attn_Dialect, Attn_LossReductionEnum, "loss_reduction">;

//===----------------------------------------------------------------------===//
// Schedule
//===----------------------------------------------------------------------===//

def Attn_LaneAxisEnum : Attn_Enum<"LaneAxis", "what lies along the lanes of a vector while scores are computed", [
    I32EnumAttrCase<"Queries", 0, "queries">, I32EnumAttrCase<"Keys", 1, "keys">]>;

def Attn_ConfigAttr : AttrDef<Attn_Dialect, "Config"> {
  let mnemonic = "config";
  let summary = "Tile sizes and splits of one attention or softmax op";
  let description = [{
    Set by `attn-select-schedule` or by hand as the discardable attribute
    `attn.config`; read by the tiling passes.

    * `tile_m`: query rows (softmax: rows) per tile.
    * `tile_n`: keys per step of the KV loop.
    * `splits`: number of parallel parts of the key range (split-KV); 1 means none.
    * `rescale_log2`: the accumulator is rescaled only where the running maximum
      has grown by more than 2^rescale_log2, for some row of a group of rows
      that the target chooses (S12); 0 rescales always. For GPUs, and on
      CPUs where 16-bit operands are multiplied as they are.
    * `lanes`: what lies along the lanes of a vector: `queries`, which wants
      about as many rows as there are lanes, or `keys`, for fewer rows. For CPUs.
    * `tile_g`: query heads of one KV head per tile, which then reads its keys
      and values once for all of them. Only where `lanes = keys`, and a divisor
      of the group. For CPUs.

    Example: `{attn.config = #attn.config<tile_m = 64, tile_n = 96, splits = 1>}`.
  }];
  let parameters = (ins DefaultValuedParameter<"int64_t", "64">:$tile_m,
                        DefaultValuedParameter<"int64_t", "64">:$tile_n,
                        DefaultValuedParameter<"int64_t", "1">:$splits,
                        DefaultValuedParameter<"int64_t", "0">:$rescale_log2,
                        DefaultValuedParameter<"::mlir::attn::LaneAxis", "::mlir::attn::LaneAxis::Queries">:$lanes,
                        DefaultValuedParameter<"int64_t", "1">:$tile_g);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

#endif // FOVEA_DIALECT_ATTN_IR_ATTNDIALECT
