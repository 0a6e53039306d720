//===- CtaTypes.td - tiles, results in flight, channels ----*- tablegen -*-===//

#ifndef FOVEA_DIALECT_CTA_IR_CTATYPES
#define FOVEA_DIALECT_CTA_IR_CTATYPES

include "fovea/Dialect/Cta/IR/CtaDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinTypeInterfaces.td"

class Cta_Type<string name, string typeMnemonic> : TypeDef<Cta_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Cta_Tile : Cta_Type<"Tile", "tile"> {
  let summary = "A tile in shared memory";
  let description = [{
    rows x columns, stored as Support/SharedTile.h says: slabs of columns, swizzled by the address. `swizzle` is the
    span in bytes (16, 32, 64, 128), 0 until `cta-infer-layouts` has chosen it. The same tile can be read by a matrix
    product along either dimension; how is derived from the type (SharedTile::descriptor).

    Example: `!cta.tile<128x128xbf16, swizzle = 128>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$shape, "::mlir::Type":$elementType,
                        DefaultValuedParameter<"int64_t", "0">:$swizzle);
  let hasCustomAssemblyFormat = 1;
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    int64_t getRows() const { return getShape()[0]; }
    int64_t getCols() const { return getShape()[1]; }
    /// The tensor of the same extents and elements, without a layout.
    ::mlir::RankedTensorType getTensorType() const;
    /// How the tile lies in shared memory; only where a swizzle is chosen.
    ::fovea::SharedTile getSharedTile() const;
  }];
}

def Cta_Inflight : Cta_Type<"Inflight", "inflight"> {
  let summary = "The result of a matrix product that may still be running";
  let description = "Only `cta.dot_wait` makes a readable tensor of it. Example: `!cta.inflight<tensor<128x128xf32>>`.";
  let parameters = (ins "::mlir::RankedTensorType":$tensorType);
  let assemblyFormat = "`<` $tensorType `>`";
}

def Cta_Channel : Cta_Type<"Channel", "channel"> {
  let summary = "A ring of slots through which one role hands values to another";
  let description = [{
    Slots of `element` (a `!cta.tile` or i32), `depth` of them, used in turn. A producer acquires a free slot and fills
    it, a consumer waits until it is full and releases it.

    Example: `!cta.channel<!cta.tile<128x128xbf16, swizzle = 128>, depth = 2>`.
  }];
  let parameters = (ins "::mlir::Type":$element, "int64_t":$depth);
  let assemblyFormat = "`<` $element `,` `depth` `=` $depth `>`";
  let genVerifyDecl = 1;
}

def Cta_Slot : Cta_Type<"Slot", "slot"> {
  let summary = "A slot of a channel that was acquired or waited for";
  let description = "Example: `!cta.slot<!cta.tile<128x128xbf16, swizzle = 128>>`.";
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
}

#endif // FOVEA_DIALECT_CTA_IR_CTATYPES
