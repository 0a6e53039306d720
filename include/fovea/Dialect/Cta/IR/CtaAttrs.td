//===- CtaAttrs.td - layouts and schedules -----------------*- tablegen -*-===//

#ifndef FOVEA_DIALECT_CTA_IR_CTAATTRS
#define FOVEA_DIALECT_CTA_IR_CTAATTRS

include "fovea/Dialect/Cta/IR/CtaDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/EnumAttr.td"

class Cta_Attr<string name, string attrMnemonic, list<Trait> traits = []> : AttrDef<Cta_Dialect, name, traits> {
  let mnemonic = attrMnemonic;
}

class Cta_Enum<string name, string summary, list<I32EnumAttrCase> cases> : I32EnumAttr<name, summary, cases> {
  let cppNamespace = "::mlir::cta";
  let genSpecializedAttr = 0;
}

//===----------------------------------------------------------------------===//
// Layouts of register tiles: encodings of tensor types
//===----------------------------------------------------------------------===//

def Cta_MmaAttr : Cta_Attr<"Mma", "mma"> {
  let summary = "Accumulator of wgmma.m64nN and mma.sync.m16n8";
  let description = [{
    The layout that `mmaAccumulator` of Support/FragmentLayout.h describes. `warps` is the grid of warps over (rows,
    columns); for wgmma the rows' count is a multiple of 4 and the columns' is 1.

    Example: `tensor<128x128xf32, #cta.mma<warps = [8, 1]>>`.
  }];
  let parameters = (ins ArrayRefParameter<"int64_t">:$warps);
  let assemblyFormat = "`<` `warps` `=` `[` $warps `]` `>`";
  let genVerifyDecl = 1;
}

def Cta_OperandAAttr : Cta_Attr<"OperandA", "operand_a"> {
  let summary = "A operand of a matrix product whose accumulator has the layout `parent`, held in registers";
  let description = [{
    For 16-bit elements a tile in `parent` is one in this layout register by register: the conversion is free.

    Example: `tensor<128x128xbf16, #cta.operand_a<#cta.mma<warps = [8, 1]>>>`.
  }];
  let parameters = (ins "::mlir::cta::MmaAttr":$parent);
  let assemblyFormat = "`<` $parent `>`";
}

def Cta_SliceAttr : Cta_Attr<"Slice", "slice"> {
  let summary = "A tile in layout `parent` reduced along dimension `dim`";
  let description = [{
    Lanes (and, along the columns, registers) that held different elements of a reduced row hold copies.

    Example: `tensor<128xf32, #cta.slice<1, #cta.mma<warps = [8, 1]>>>`.
  }];
  let parameters = (ins "int64_t":$dim, "::mlir::Attribute":$parent);
  let assemblyFormat = "`<` $dim `,` $parent `>`";
  let genVerifyDecl = 1;
}

def Cta_LanesAttr : Cta_Attr<"Lanes", "lanes"> {
  let summary = "A tile in layout `parent` whose columns were reduced within each thread";
  let description = [{
    Of rows x 4: column c belongs to the lane with lane % 4 == c. What `cta.reduce partial` leaves: no shuffle is
    needed until the four are added.

    Example: `tensor<128x4xf32, #cta.lanes<#cta.mma<warps = [8, 1]>>>`.
  }];
  let parameters = (ins "::mlir::cta::MmaAttr":$parent);
  let assemblyFormat = "`<` $parent `>`";
}

//===----------------------------------------------------------------------===//
// Schedules
//===----------------------------------------------------------------------===//

def Cta_RoleEnum : Cta_Enum<"Role", "what a warp of a specialised kernel does", [
    I32EnumAttrCase<"Producer", 0, "producer">,
    I32EnumAttrCase<"Consumer", 1, "consumer">]>;
def Cta_RoleAttr : EnumAttr<Cta_Dialect, Cta_RoleEnum, "role"> {
  let assemblyFormat = "`<` $value `>`";
}

def Cta_SchedulerEnum : Cta_Enum<"Scheduler", "how a thread block comes by its tiles", [
    I32EnumAttrCase<"Grid", 0, "grid">,        // one block per tile
    I32EnumAttrCase<"Static", 1, "static">,    // persistent: every gridDim-th tile
    I32EnumAttrCase<"Dynamic", 2, "dynamic">   // persistent: an atomic counter
    ]>;

def Cta_TileOrderEnum : Cta_Enum<"TileOrder", "in which order the tiles of a head are taken", [
    I32EnumAttrCase<"Ascending", 0, "ascending">,
    I32EnumAttrCase<"Descending", 1, "descending">]>;

def Cta_ScheduleAttr : Cta_Attr<"Schedule", "schedule"> {
  let summary = "How a kernel is scheduled";
  let description = [{
    Chosen by `attn-select-schedule` for a GPU, or written by hand on the attn op or the kernel as `cta.schedule`; read
    by the passes of stages 9 to 13. All that is not given has its default.

    * `warpgroups`: consumer warpgroups, 1 to 4; each owns 64 rows of the tile at a time.
    * `stages`: depth of the channels of K and V.
    * `overlap`: the product with K of block j + 1 is issued with the product with V of block j.
    * `ping_pong`: one warpgroup at a time issues its products (exclusive sections).
    * `specialize`: a producer warpgroup loads.
    * `flatten`: the next tile's first products are issued with this tile's last.
    * `query_stages`: depth of the channel of Q; 2 where the next tile's Q is loaded while this one is in use.
    * `output_over_query`: the output is staged in the slot of Q, instead of a buffer of its own.
    * `scheduler`, `order`, `section_tiles`: how tiles are handed out; heads are taken in sections of about
      `section_tiles` tiles (0: all heads are one section), within which the tiles of all its heads go in `order`.
    * `blocks_per_sm`: thread blocks that shall share a multiprocessor.
    * `producer_registers`, `consumer_registers`: of a thread, by setmaxnreg; 0 lets `cta-schedule` choose.

    Example: `#cta.schedule<warpgroups = 3, overlap = true, scheduler = dynamic, order = descending>`.
  }];
  let parameters = (ins
    DefaultValuedParameter<"int64_t", "2">:$warpgroups,
    DefaultValuedParameter<"int64_t", "2">:$stages,
    DefaultValuedParameter<"bool", "true">:$overlap,
    DefaultValuedParameter<"bool", "false">:$ping_pong,
    DefaultValuedParameter<"bool", "true">:$specialize,
    DefaultValuedParameter<"bool", "false">:$flatten,
    DefaultValuedParameter<"int64_t", "1">:$query_stages,
    DefaultValuedParameter<"bool", "false">:$output_over_query,
    DefaultValuedParameter<"::mlir::cta::Scheduler", "::mlir::cta::Scheduler::Static">:$scheduler,
    DefaultValuedParameter<"::mlir::cta::TileOrder", "::mlir::cta::TileOrder::Ascending">:$order,
    DefaultValuedParameter<"int64_t", "0">:$section_tiles,
    DefaultValuedParameter<"int64_t", "1">:$blocks_per_sm,
    DefaultValuedParameter<"int64_t", "0">:$producer_registers,
    DefaultValuedParameter<"int64_t", "0">:$consumer_registers);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Cta_AtAttr : Cta_Attr<"At", "at"> {
  let summary = "Where an op of a scheduled loop goes";
  let description = [{
    `stage`: by how many iterations the op runs later than those of stage 0. `order`: its place in the steady-state
    body; equal orders keep their textual order. `role`: who executes it; absent where every role that needs it does.

    Example: `{cta.at = #cta.at<stage = 0, order = 3, role = consumer>}`.
  }];
  let parameters = (ins "int64_t":$stage, "int64_t":$order,
                        OptionalParameter<"std::optional<::mlir::cta::Role>">:$role);
  let assemblyFormat = "`<` `stage` `=` $stage `,` `order` `=` $order (`,` `role` `=` $role^)? `>`";
  let genVerifyDecl = 1;
}

//===----------------------------------------------------------------------===//
// What the host passes to a kernel
//===----------------------------------------------------------------------===//

def Cta_WorkspaceAttr : Cta_Attr<"Workspace", "workspace"> {
  let summary = "Temporary device memory, which the launch provides as an argument of a kernel";
  let description = "Example: `%counter: memref<2xi32> {cta.workspace = #cta.workspace<bytes = 8, zero = true>}`.";
  let parameters = (ins "int64_t":$bytes, DefaultValuedParameter<"bool", "false">:$zero);
  let assemblyFormat = "`<` struct(params) `>`";
  let genVerifyDecl = 1;
}

def Cta_ParamKindEnum : Cta_Enum<"ParamKind", "what a parameter of a lowered kernel is", [
    I32EnumAttrCase<"Pointer", 0, "pointer">,      // address of argument `arg`
    I32EnumAttrCase<"Size", 1, "size">,            // i64: size of dimension `dim` of argument `arg`
    I32EnumAttrCase<"Stride", 2, "stride">,        // i64: its stride, in elements
    I32EnumAttrCase<"Scalar", 3, "scalar">,        // value of the scalar argument `arg`; index as i64
    I32EnumAttrCase<"TensorMap", 4, "tensor_map">, // 128 bytes by value, of argument `arg`
    I32EnumAttrCase<"Workspace", 5, "workspace">   // address of the workspace behind argument `arg`
    ]>;

def Cta_ParamAttr : Cta_Attr<"Param", "param"> {
  let summary = "A parameter of a lowered kernel";
  let description = [{
    `arg` counts the arguments of the kernel as `cta.launch` passes them (ins, outs, tiles, then workspaces). Of a
    tensor map: `dims` are the dimensions of the argument in the order of the map (the innermost, whose stride is one
    element, first), `box` the extents of a box in the same order, `swizzle` its span in bytes.

    Example: `#cta.param<tensor_map, arg = 1, dims = [3, 2, 1, 0], box = [64, 128, 1, 1], swizzle = 128>`.
  }];
  let parameters = (ins
    "::mlir::cta::ParamKind":$kind,
    "int64_t":$arg,
    DefaultValuedParameter<"int64_t", "0">:$dim,
    OptionalArrayRefParameter<"int64_t">:$dims,
    OptionalArrayRefParameter<"int64_t">:$box,
    DefaultValuedParameter<"int64_t", "0">:$swizzle);
  let hasCustomAssemblyFormat = 1; // the declarative one cannot leave out `dim` and have `dims`
}

def Cta_GridAttr : Cta_Attr<"Grid", "grid"> {
  let summary = "The grid of a lowered kernel";
  let description = [{
    One-dimensional: the number of tiles (product of the launch's `tiles`) blocks, or, if `persistent`, at most as many
    as run at once, `blocks_per_sm` times the number of multiprocessors.

    Example: `#cta.grid<persistent = true, blocks_per_sm = 1>`.
  }];
  let parameters = (ins DefaultValuedParameter<"bool", "false">:$persistent,
                        DefaultValuedParameter<"int64_t", "1">:$blocks_per_sm);
  let assemblyFormat = "`<` struct(params) `>`";
}

//===----------------------------------------------------------------------===//
// Enumerations of ops
//===----------------------------------------------------------------------===//

def Cta_ReduceKindEnum : Cta_Enum<"ReduceKind", "how elements are combined", [
    I32EnumAttrCase<"Maximum", 0, "maximum">, // NaN if there is one
    I32EnumAttrCase<"Add", 1, "add">]>;
def Cta_ReduceKindAttr : EnumAttr<Cta_Dialect, Cta_ReduceKindEnum, "reduce_kind">;

#endif // FOVEA_DIALECT_CTA_IR_CTAATTRS
