//===- AttnInterfaces.td - what the ops of attn have in common -*- tablegen -*-===//

#ifndef FOVEA_DIALECT_ATTN_IR_ATTNINTERFACES
#define FOVEA_DIALECT_ATTN_IR_ATTNINTERFACES

include "mlir/IR/OpBase.td"

def Attn_StructuredOpInterface : OpInterface<"StructuredOpInterface"> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    An op over a rectangular iteration domain, whose shaped operands are read
    and written at positions given by affine maps of the domain.

    A map result is a dimension, `dim floordiv g` (a head that serves a group of
    `g` query heads, S6) or the constant 0 (a broadcast dimension of extent 1,
    S10). Everything that depends only on this structure (domain, tiling,
    reification, bufferization) is implemented once against this interface.
  }];
  let methods = [
    InterfaceMethod<"The shaped operands and captures that have a map, in the order of `maps`.",
      "::llvm::SmallVector<::mlir::OpOperand *>", "getMappedOperands">,
    InterfaceMethod<"The maps that are used where the op carries no `maps` attribute.",
      "::llvm::SmallVector<::mlir::AffineMap>", "getDefaultMaps">,
    InterfaceMethod<"One map per mapped operand, in order.",
      "::llvm::SmallVector<::mlir::AffineMap>", "getMappedOperandMaps", (ins), "", [{
        if (auto maps = $_op.getMaps())
          return ::llvm::to_vector(maps->template getAsValueRange<::mlir::AffineMapAttr>());
        return $_op.getDefaultMaps();
      }]>,
    InterfaceMethod<"Dimensions of the domain that no output has; tiling one of them needs a merge.",
      "::llvm::SmallVector<unsigned>", "getReductionDims">,
  ];
  let extraSharedClassDeclaration = [{
    /// Number of dimensions of the iteration domain.
    unsigned getNumLoops() {
      return ::mlir::cast<StructuredOpInterface>($_op.getOperation())
          .getMappedOperandMaps().front().getNumDims();
    }
    /// The map of `operand`, which must be a mapped operand.
    ::mlir::AffineMap getMapOf(::mlir::OpOperand &operand) {
      auto iface = ::mlir::cast<StructuredOpInterface>($_op.getOperation());
      for (auto [mapped, map] : ::llvm::zip_equal(iface.getMappedOperands(), iface.getMappedOperandMaps()))
        if (mapped == &operand)
          return map;
      ::llvm::report_fatal_error("operand has no indexing map");
    }
  }];
}

def Attn_ScoreOpInterface : OpInterface<"ScoreOpInterface", [Attn_StructuredOpInterface]> {
  let cppNamespace = "::mlir::attn";
  let description = [{
    An op whose logits pass through a score region and a mask region.

    `score` takes the logit in the compute type and the captures, and yields the
    logit to use; an empty region is the identity. `mask` takes the captures and
    yields whether the key takes part; an empty region keeps all.

    A capture is a scalar, a shaped operand read at the position its map gives
    (the block argument then has its element type), or a whole shaped operand
    (the block argument has the operand's own type) that the region reads with
    `tensor.extract` at indices of its own. `attn.index` gives the position, to
    which the op adds its offsets when it is a tile of a larger op.
  }];
  let methods = [
    InterfaceMethod<"The score region, possibly empty.", "::mlir::Region &", "getScore">,
    InterfaceMethod<"The mask region, possibly empty.", "::mlir::Region &", "getMask">,
    InterfaceMethod<"Operands visible in both regions.", "::mlir::OperandRange", "getCaptures">,
    InterfaceMethod<"Position of this op in the domain it is a tile of, one per dimension; empty means zero.",
      "::llvm::SmallVector<::mlir::OpFoldResult>", "getMixedOffsets">,
    InterfaceMethod<"Sets the position.", "void", "setMixedOffsets",
      (ins "::llvm::ArrayRef<::mlir::OpFoldResult>":$offsets)>,
    InterfaceMethod<"Type in which logits and state are computed: f64 for f64 operands, else f32.",
      "::mlir::FloatType", "getComputeType">,
    InterfaceMethod<"The dimension that the softmax normalises over.", "unsigned", "getKeyDim">,
  ];
  let extraSharedClassDeclaration = [{
    bool hasScore() { return !::mlir::cast<ScoreOpInterface>($_op.getOperation()).getScore().empty(); }
    bool hasMask() { return !::mlir::cast<ScoreOpInterface>($_op.getOperation()).getMask().empty(); }
  }];
}

#endif // FOVEA_DIALECT_ATTN_IR_ATTNINTERFACES
