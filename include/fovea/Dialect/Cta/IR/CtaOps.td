//===- CtaOps.td - ops of the cta dialect ------------------*- tablegen -*-===//
//
// In the order of their lives: what `attn-outline-kernels` (7b) makes, what `attn-to-cta` (8) computes with, what
// scheduling (10) makes asynchronous, what roles (12) exchange, and what channels lower to (13).
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_IR_CTAOPS
#define FOVEA_DIALECT_CTA_IR_CTAOPS

include "fovea/Dialect/Cta/IR/CtaAttrs.td"
include "fovea/Dialect/Cta/IR/CtaTypes.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/DestinationStyleOpInterface.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Cta_Op<string mnemonic, list<Trait> traits = []> : Op<Cta_Dialect, mnemonic, traits>;

// Memory effects of a thread block's own resources, so that nothing of it is reordered, merged or dropped.
def Cta_Shared : Resource<"::mlir::cta::SharedMemoryResource">;
def Cta_Sync : Resource<"::mlir::cta::SynchronizationResource">;
def Cta_ReadsShared : MemoryEffects<[MemRead<Cta_Shared>]>;
def Cta_Synchronizes : MemoryEffects<[MemRead<Cta_Sync>, MemWrite<Cta_Sync>]>;

def Cta_Scalar : AnyTypeOf<[AnySignlessIntegerOrIndex, AnyFloat]>;
// Registers: statically shaped, of rank 1 or 2, with a layout as encoding from `cta-infer-layouts` on.
def Cta_RegisterTile : RankedTensorOf<[AnyFloat, AnySignlessIntegerOrIndex],
    [HasStaticShapePred, HasAnyRankOfPred<[1, 2]>], "register tile of rank 1 or 2">;
def Cta_Predicate : Optional<I1>;

//===----------------------------------------------------------------------===//
// Host
//===----------------------------------------------------------------------===//

def Cta_LaunchOp : Cta_Op<"launch", [AttrSizedOperandSegments, DestinationStyleOpInterface,
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<SymbolUserOpInterface>]> {
  let summary = "Computes tensors with a kernel";
  let description = [{
    On the host, in destination style. The arguments of the kernel (a `gpu.func`, or the `llvm.func` it becomes) are
    `inputs`, then `outputs`, each tensor as a memref of the same shape with any strides, then `tiles`, the extents of
    the tile space as index, then workspaces (`cta.workspace`), which no operand is passed for. The kernel computes
    tile (i, j, ...) of the space for every i < tiles[0], j < tiles[1], ... Made by `attn-outline-kernels`; consumed by
    `fovea-serialize`, which turns it into a launch descriptor.

    Example:
    ```mlir
    %o = cta.launch @kernels::@attention tiles(%batch, %heads, %rows) ins(%q, %k, %v : tensor<?x8x?x128xbf16>, tensor<?x8x?x128xbf16>, tensor<?x8x?x128xbf16>)
        outs(%e : tensor<?x8x?x128xbf16>) -> tensor<?x8x?x128xbf16>
    ```
  }];
  let arguments = (ins SymbolRefAttr:$kernel, Variadic<Index>:$tiles, Variadic<AnyType>:$inputs,
                       Variadic<AnyRankedTensor>:$outputs);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let assemblyFormat = [{
    $kernel `tiles` `(` $tiles `)` (`ins` `(` $inputs^ `:` type($inputs) `)`)?
    (`outs` `(` $outputs^ `:` type($outputs) `)`)? attr-dict (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::MutableOperandRange getDpsInitsMutable() { return getOutputsMutable(); }
  }];
}

//===----------------------------------------------------------------------===//
// Position
//===----------------------------------------------------------------------===//

def Cta_TileIndexOp : Cta_Op<"tile_index", [Pure]> {
  let summary = "The tile that the kernel's body computes";
  let description = [{
    One coordinate per extent of the tile space, the last of which counts the tiles of a head (rows of queries). Gone
    after `cta-persist-tiles`.

    Example: `%b, %h, %i = cta.tile_index of(%batch, %heads, %rows) : index, index, index`.
  }];
  let arguments = (ins Variadic<Index>:$extents);
  let results = (outs Variadic<Index>:$indices);
  let assemblyFormat = "`of` `(` $extents `)` attr-dict `:` type($indices)";
  let hasVerifier = 1;
  let builders = [OpBuilder<(ins "::mlir::ValueRange":$extents), [{
    ::llvm::SmallVector<::mlir::Type> types(extents.size(), $_builder.getIndexType());
    build($_builder, $_state, types, extents);
  }]>];
}

def Cta_FirstTileOp : Cta_Op<"first_tile", [Pure]> {
  let summary = "The number of the block's first tile: that of the block";
  let description = "Example: `%t = cta.first_tile : i32`.";
  let results = (outs I32:$tile);
  let assemblyFormat = "attr-dict `:` type($tile)";
}

def Cta_NextTileOp : Cta_Op<"next_tile", [Cta_Synchronizes]> {
  let summary = "The number of the block's next tile";
  let description = [{
    Without a counter, `current` plus the number of blocks. With one (memref<2xi32>, zero at the launch), the number of
    blocks plus what an atomic increment of its first element returns; the role that executes it hands the result to
    the others. Numbers beyond the last tile end the loop over tiles.

    Example: `%u = cta.next_tile %t counter(%c : memref<2xi32>) : i32`.
  }];
  let arguments = (ins I32:$current, Optional<MemRefRankOf<[I32], [1]>>:$counter);
  let results = (outs I32:$next);
  let assemblyFormat = "$current (`counter` `(` $counter^ `:` type($counter) `)`)? attr-dict `:` type($next)";
}

def Cta_ResetCounterOp : Cta_Op<"reset_counter", [Cta_Synchronizes]> {
  let summary = "Ends the use of a counter of tiles";
  let description = [{
    Executed once by every block of a launch, after its last `cta.next_tile`. The last block that comes here leaves both
    elements zero, as the next launch expects them.

    Example: `cta.reset_counter %c : memref<2xi32>`.
  }];
  let arguments = (ins MemRefRankOf<[I32], [1]>:$counter);
  let assemblyFormat = "$counter attr-dict `:` type($counter)";
}

//===----------------------------------------------------------------------===//
// Global memory
//===----------------------------------------------------------------------===//

class Cta_AccessOp<string mnemonic, list<Trait> traits = []> : Cta_Op<mnemonic, traits> {
  let hasVerifier = 1;
}

def Cta_LoadOp : Cta_AccessOp<"load", [AttrSizedOperandSegments]> {
  let summary = "A tile of global memory, in shared memory";
  let description = [{
    Element (i, j) is that of `source` at `offsets`, advanced by i along dimension `dims[0]` and by j along `dims[1]`,
    and zero outside of `source` (S8: nothing beyond the bounds is read). Where the predicate is false nothing is loaded,
    and no result may depend on the contents. `cta-specialize-warps` makes a `cta.tma_load` into a slot of a channel of
    it.

    Example: `%t = cta.load %k[%b, %h, %n, %c0] dims [2, 3] : memref<?x8x?x128xbf16> -> !cta.tile<128x128xbf16>`.
  }];
  let arguments = (ins Arg<AnyStridedMemRef, "", [MemRead]>:$source, Variadic<Index>:$offsets,
                       Cta_Predicate:$predicate, DenseI64ArrayAttr:$dims);
  let results = (outs Res<Cta_Tile, "", [MemAlloc<Cta_Shared>, MemWrite<Cta_Shared>]>:$tile);
  let assemblyFormat = [{
    $source `[` $offsets `]` `dims` $dims (`if` $predicate^)? attr-dict `:` type($source) `->` type($tile)
  }];
}

def Cta_ReadOp : Cta_AccessOp<"read"> {
  let summary = "A tile of global memory, in registers";
  let description = [{
    As `cta.load`, element by element from every thread; rank 1 or 2. An entry -1 of `dims` means that the element does
    not depend on that coordinate. For captures of score and mask regions.

    Example: `%t = cta.read %bias[%h, %m, %n] dims [1, 2] : memref<8x?x?xf32> -> tensor<128x128xf32>`.
  }];
  let arguments = (ins Arg<AnyStridedMemRef, "", [MemRead]>:$source, Variadic<Index>:$offsets,
                       DenseI64ArrayAttr:$dims);
  let results = (outs Cta_RegisterTile:$tile);
  let assemblyFormat = "$source `[` $offsets `]` `dims` $dims attr-dict `:` type($source) `->` type($tile)";
}

def Cta_GatherOp : Cta_Op<"gather"> {
  let summary = "Elements of global memory at computed positions";
  let description = [{
    One index per dimension of `source`, each a scalar or a tile of the result's shape; zero outside of `source`. For
    `tensor.extract` in score and mask regions.

    Example: `%t = cta.gather %table[%h, %d] : memref<8x?xf32>, index, tensor<128x128xi32> -> tensor<128x128xf32>`.
  }];
  let arguments = (ins Arg<AnyStridedMemRef, "", [MemRead]>:$source,
                       Variadic<AnyTypeOf<[Index, I32, TensorOf<[Index, I32]>]>>:$indices);
  let results = (outs Cta_RegisterTile:$tile);
  let assemblyFormat = [{
    $source `[` $indices `]` attr-dict `:` type($source) (`,` type($indices)^)? `->` type($tile)
  }];
  let hasVerifier = 1;
}

def Cta_WriteOp : Cta_AccessOp<"write"> {
  let summary = "Writes a register tile to global memory, element by element";
  let description = [{
    What lies outside of `destination` is not written. Every element is written once, by one of the threads that hold it.

    Example: `cta.write %lse, %l[%b, %h, %m] dims [2] : tensor<128xf32>, memref<?x8x?xf32>`.
  }];
  let arguments = (ins Cta_RegisterTile:$tile, Arg<AnyStridedMemRef, "", [MemWrite]>:$destination,
                       Variadic<Index>:$offsets, DenseI64ArrayAttr:$dims);
  let assemblyFormat = [{
    $tile `,` $destination `[` $offsets `]` `dims` $dims attr-dict `:` type($tile) `,` type($destination)
  }];
}

def Cta_StoreOp : Cta_AccessOp<"store", [AttrSizedOperandSegments]> {
  let summary = "Stores a register tile to global memory by bulk copies";
  let description = [{
    As `cta.write`, for tiles of rank 2. `via` is a tile in shared memory through which every warpgroup sends its rows
    (stmatrix, proxy fence, TMA); it is given by `cta-specialize-warps`. The copy may still read it afterwards:
    `cta.store_wait`.

    Example: `cta.store %o, %out[%b, %h, %m, %c0] dims [2, 3] via(%t : !cta.tile<128x128xbf16>) : tensor<128x128xbf16>, memref<?x8x?x128xbf16>`.
  }];
  let arguments = (ins Cta_RegisterTile:$tile, Arg<AnyStridedMemRef, "", [MemWrite]>:$destination,
                       Variadic<Index>:$offsets, Optional<Cta_Tile>:$via, DenseI64ArrayAttr:$dims);
  let assemblyFormat = [{
    $tile `,` $destination `[` $offsets `]` `dims` $dims (`via` `(` $via^ `:` type($via) `)`)? attr-dict
    `:` type($tile) `,` type($destination)
  }];
}

def Cta_StoreWaitOp : Cta_Op<"store_wait", [Cta_Synchronizes]> {
  let summary = "Waits until earlier stores of this warpgroup have read shared memory, or are complete";
  let description = "Example: `cta.store_wait` or `cta.store_wait complete`.";
  let arguments = (ins UnitAttr:$complete);
  let assemblyFormat = "(`complete` $complete^)? attr-dict";
}

//===----------------------------------------------------------------------===//
// Register tiles
//===----------------------------------------------------------------------===//

def Cta_DotOp : Cta_Op<"dot", [Pure]> {
  let summary = "Matrix product";
  let description = [{
    `a` (m x k) times `b` (k x n; n x k if `transpose_b`), added to `acc` where there is one; in the element type of the
    result. `b` lies in shared memory, `a` there or in registers. `cta-schedule` splits it into `dot_async` and
    `dot_wait`.

    Example: `%s = cta.dot %q, %k transpose_b : !cta.tile<128x128xbf16>, !cta.tile<96x128xbf16> -> tensor<128x96xf32>`.
  }];
  let arguments = (ins AnyTypeOf<[Cta_Tile, Cta_RegisterTile]>:$a, Cta_Tile:$b, Optional<Cta_RegisterTile>:$acc,
                       UnitAttr:$transpose_b);
  let results = (outs Cta_RegisterTile:$result);
  let assemblyFormat = [{
    $a `,` $b (`,` $acc^)? (`transpose_b` $transpose_b^)? attr-dict `:` type($a) `,` type($b) (`,` type($acc)^)? `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Cta_DotAsyncOp : Cta_Op<"dot_async", [MemoryEffects<[MemRead<Cta_Shared>, MemRead<Cta_Sync>, MemWrite<Cta_Sync>]>]> {
  let summary = "Issues a matrix product";
  let description = [{
    As `cta.dot`. The result is in flight: neither it, nor `acc`, nor a register operand `a` may be touched until its
    `cta.dot_wait`. Products complete in the order in which they are issued.

    Example: `%f = cta.dot_async %p, %v, %acc : tensor<128x96xbf16>, !cta.tile<96x128xbf16>, tensor<128x128xf32> -> !cta.inflight<tensor<128x128xf32>>`.
  }];
  let arguments = (ins AnyTypeOf<[Cta_Tile, Cta_RegisterTile]>:$a, Cta_Tile:$b, Optional<Cta_RegisterTile>:$acc,
                       UnitAttr:$transpose_b);
  let results = (outs Cta_Inflight:$result);
  let assemblyFormat = [{
    $a `,` $b (`,` $acc^)? (`transpose_b` $transpose_b^)? attr-dict `:` type($a) `,` type($b) (`,` type($acc)^)? `->`
    type($result)
  }];
  let hasVerifier = 1;
}

def Cta_DotWaitOp : Cta_Op<"dot_wait", [Cta_Synchronizes]> {
  let summary = "Waits for a matrix product";
  let description = [{
    `result` is readable. `pending`, the number of later products that may still run, is derived by `cta-derive-waits`,
    as are the values `tied`: results equal them, and computations on those results stay behind the wait (rule 2: what
    becomes an A operand must not be defined while a product runs).

    Example: `%s = cta.dot_wait %f : !cta.inflight<tensor<128x96xf32>>`,
    `%o, %q = cta.dot_wait %f tied(%p : tensor<128x96xf32>) pending(0) : !cta.inflight<tensor<128x128xf32>>`.
  }];
  let arguments = (ins Cta_Inflight:$inflight, Variadic<Cta_RegisterTile>:$tied, OptionalAttr<I64Attr>:$pending);
  let results = (outs Cta_RegisterTile:$result, Variadic<Cta_RegisterTile>:$tied_results);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
}

def Cta_ReduceOp : Cta_Op<"reduce", [Pure]> {
  let summary = "Reduces a register tile along a dimension";
  let description = [{
    With `partial` (dimension 1 of a tile of rank 2 only) the columns are combined into four: element (i, c) of the
    result combines the columns j with (j floordiv 2) mod 4 == c, which in the layout of an accumulator are those that
    one lane holds. Reducing the result gives what reducing the tile gives.

    Example: `%m = cta.reduce maximum %s dim 1 : tensor<128x96xf32> -> tensor<128xf32>`,
    `%l = cta.reduce add %p dim 1 partial : tensor<128x96xf32> -> tensor<128x4xf32>`.
  }];
  let arguments = (ins Cta_ReduceKindAttr:$kind, Cta_RegisterTile:$source, I64Attr:$dim, UnitAttr:$partial);
  let results = (outs Cta_RegisterTile:$result);
  let assemblyFormat = [{
    $kind $source `dim` $dim (`partial` $partial^)? attr-dict `:` type($source) `->` type($result)
  }];
  let hasVerifier = 1;
}

def Cta_BroadcastOp : Cta_Op<"broadcast", [Pure]> {
  let summary = "Repeats a register tile along a new dimension";
  let description = "Example: `%b = cta.broadcast %m dim 1 : tensor<128xf32> -> tensor<128x96xf32>`.";
  let arguments = (ins Cta_RegisterTile:$source, I64Attr:$dim);
  let results = (outs Cta_RegisterTile:$result);
  let assemblyFormat = "$source `dim` $dim attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
}

def Cta_SplatOp : Cta_Op<"splat", [Pure]> {
  let summary = "A register tile of one value";
  let description = "Example: `%t = cta.splat %scale : f32 -> tensor<128xf32>`.";
  let arguments = (ins Cta_Scalar:$value);
  let results = (outs Cta_RegisterTile:$result);
  let assemblyFormat = "$value attr-dict `:` type($value) `->` type($result)";
  let hasVerifier = 1;
}

def Cta_IotaOp : Cta_Op<"iota", [Pure]> {
  let summary = "The coordinate of each element along a dimension of the tile";
  let description = "From 0, as i32. Example: `%j = cta.iota dim 1 : tensor<128x96xi32>`.";
  let arguments = (ins I64Attr:$dim);
  let results = (outs Cta_RegisterTile:$result);
  let assemblyFormat = "`dim` $dim attr-dict `:` type($result)";
  let hasVerifier = 1;
}

def Cta_AnyOp : Cta_Op<"any", [Pure]> {
  let summary = "Whether any element is true";
  let description = [{
    A warp may decide for its own rows only, so both answers must be right for a row for which the predicate is false.

    Example: `%b = cta.any %p : tensor<128xi1>`.
  }];
  let arguments = (ins TensorOf<[I1]>:$predicate);
  let results = (outs I1:$result);
  let assemblyFormat = "$predicate attr-dict `:` type($predicate)";
}

def Cta_ConvertLayoutOp : Cta_Op<"convert_layout", [Pure]> {
  let summary = "The same tile in another layout";
  let description = [{
    Example:
    `%a = cta.convert_layout %p : tensor<128x96xbf16, #cta.mma<warps = [8, 1]>> -> tensor<128x96xbf16, #cta.operand_a<#cta.mma<warps = [8, 1]>>>`.
  }];
  let arguments = (ins Cta_RegisterTile:$source);
  let results = (outs Cta_RegisterTile:$result);
  let assemblyFormat = "$source attr-dict `:` type($source) `->` type($result)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

//===----------------------------------------------------------------------===//
// Roles and channels (after cta-specialize-warps)
//===----------------------------------------------------------------------===//

def Cta_WarpSpecializeOp : Cta_Op<"warp_specialize", [NoRegionArguments, SingleBlock,
    SingleBlockImplicitTerminator<"YieldOp">]> {
  let summary = "Gives every role its program";
  let description = [{
    One region per role. A role owns `warps` warps (whole warpgroups), which take consecutive warp numbers in the order
    of the roles, with `registers` registers per thread (0: no setmaxnreg). Values of the kernel may be used in the
    regions; values of one role by another only through channels. A producer's program is executed by one thread of it,
    a consumer's by all its warps together.

    Example:
    ```mlir
    cta.warp_specialize role(producer) warps(4) registers(24) {
      ...
    } role(consumer) warps(8) registers(240) {
      ...
    }
    ```
  }];
  let arguments = (ins ArrayAttr:$roles, DenseI64ArrayAttr:$warps, DenseI64ArrayAttr:$registers);
  let regions = (region VariadicRegion<SizedRegion<1>>:$programs);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    ::mlir::cta::Role getRole(unsigned i);
    /// The program of a role; null where there is none.
    ::mlir::Region *getProgram(::mlir::cta::Role role);
    int64_t getWarps(::mlir::cta::Role role);
  }];
}

def Cta_YieldOp : Cta_Op<"yield", [Pure, Terminator, ParentOneOf<["WarpSpecializeOp"]>]> {
  let summary = "The end of a role's program";
  let description = "Example: implicit in `cta.warp_specialize`.";
  let assemblyFormat = "attr-dict";
}

def Cta_ChannelOp : Cta_Op<"channel", [MemoryEffects<[MemAlloc<Cta_Sync>]>]> {
  let summary = "A channel between roles";
  let description = [{
    `label` names it in diagnostics. Lowered by `cta-lower-channels`.

    Example: `%c = cta.channel "K" : !cta.channel<!cta.tile<128x128xbf16, swizzle = 128>, depth = 2>`.
  }];
  let arguments = (ins StrAttr:$label);
  let results = (outs Cta_Channel:$channel);
  let assemblyFormat = "$label attr-dict `:` type($channel)";
}

def Cta_AcquireOp : Cta_Op<"acquire", [Cta_Synchronizes]> {
  let summary = "Waits until the channel's next slot is free";
  let description = [{
    Slots are acquired in ring order. The one thing that fills it, a `cta.tma_load`, follows and makes it full when the
    data have arrived. Example: `%s = cta.acquire %c : !cta.channel<...> -> !cta.slot<...>`.
  }];
  let arguments = (ins Cta_Channel:$channel, Cta_Predicate:$predicate);
  let results = (outs Cta_Slot:$slot);
  let assemblyFormat = "$channel (`if` $predicate^)? attr-dict `:` type($channel) `->` type($slot)";
  let hasVerifier = 1;
}

def Cta_TmaLoadOp : Cta_AccessOp<"tma_load", [AttrSizedOperandSegments]> {
  let summary = "Copies a tile of global memory into a slot, asynchronously";
  let description = [{
    As `cta.load`, into a `!cta.slot` (before `cta-lower-channels`) or into a `!cta.tile` with the address of the barrier
    that counts the bytes (after it).

    Example: `cta.tma_load %k[%b, %h, %n, %c0] dims [2, 3] to %s : memref<?x8x?x128xbf16>, !cta.slot<!cta.tile<128x128xbf16, swizzle = 128>>`.
  }];
  let arguments = (ins Arg<AnyStridedMemRef, "", [MemRead]>:$source, Variadic<Index>:$offsets,
                       Arg<AnyTypeOf<[Cta_Slot, Cta_Tile]>, "", [MemWrite<Cta_Shared>]>:$destination,
                       Optional<I32>:$barrier, Cta_Predicate:$predicate, DenseI64ArrayAttr:$dims);
  let assemblyFormat = [{
    $source `[` $offsets `]` `dims` $dims `to` $destination (`signal` $barrier^)? (`if` $predicate^)? attr-dict `:`
    type($source) `,` type($destination)
  }];
}

def Cta_WaitOp : Cta_Op<"wait", [Cta_Synchronizes]> {
  let summary = "Waits until the channel's next slot is full";
  let description = [{
    Slots are waited for in ring order. With a predicate that is false nothing is waited for: the slot's contents are
    stale, and no result may depend on them. Example: `%s = cta.wait %c : !cta.channel<...> -> !cta.slot<...>`.
  }];
  let arguments = (ins Cta_Channel:$channel, Cta_Predicate:$predicate);
  let results = (outs Cta_Slot:$slot);
  let assemblyFormat = "$channel (`if` $predicate^)? attr-dict `:` type($channel) `->` type($slot)";
  let hasVerifier = 1;
}

def Cta_SlotTileOp : Cta_Op<"slot_tile", [Pure]> {
  let summary = "The tile in a slot";
  let description = "Example: `%t = cta.slot_tile %s of %c : !cta.channel<...> -> !cta.tile<128x128xbf16, swizzle = 128>`.";
  let arguments = (ins Cta_Slot:$slot, Cta_Channel:$channel);
  let results = (outs Cta_Tile:$tile);
  let assemblyFormat = "$slot `of` $channel attr-dict `:` type($slot) `,` type($channel) `->` type($tile)";
}

def Cta_ReleaseOp : Cta_Op<"release", [Cta_Synchronizes]> {
  let summary = "Gives a slot back to the producer";
  let description = "Its contents must not be read afterwards. Example: `cta.release %s of %c : !cta.slot<...>, !cta.channel<...>`.";
  let arguments = (ins Cta_Slot:$slot, Cta_Channel:$channel, Cta_Predicate:$predicate);
  let assemblyFormat = "$slot `of` $channel (`if` $predicate^)? attr-dict `:` type($slot) `,` type($channel)";
}

def Cta_SendOp : Cta_Op<"send", [Cta_Synchronizes]> {
  let summary = "Hands a scalar to the consumers of a channel of i32";
  let description = "Acquires, fills and commits a slot. Example: `cta.send %t to %c : !cta.channel<i32, depth = 2>`.";
  let arguments = (ins I32:$value, Cta_Channel:$channel);
  let assemblyFormat = "$value `to` $channel attr-dict `:` type($channel)";
}

def Cta_ReceiveOp : Cta_Op<"receive", [Cta_Synchronizes]> {
  let summary = "Takes the next scalar from a channel of i32";
  let description = "Waits, reads and releases a slot. Example: `%t = cta.receive %c : !cta.channel<i32, depth = 2> -> i32`.";
  let arguments = (ins Cta_Channel:$channel);
  let results = (outs I32:$value);
  let assemblyFormat = "$channel attr-dict `:` type($channel) `->` type($value)";
}

def Cta_SectionEnterOp : Cta_Op<"section_enter", [Cta_Synchronizes]> {
  let summary = "Begins a section that one warpgroup of the role executes at a time";
  let description = "Warpgroups take turns in order. Only products may be issued and channels waited for inside (rule 10). Example: `cta.section_enter`.";
  let assemblyFormat = "attr-dict";
}

def Cta_SectionLeaveOp : Cta_Op<"section_leave", [Cta_Synchronizes]> {
  let summary = "Ends an exclusive section: the next warpgroup's turn";
  let description = "Example: `cta.section_leave`.";
  let assemblyFormat = "attr-dict";
}

//===----------------------------------------------------------------------===//
// What channels lower to (after cta-lower-channels); addresses are byte offsets in the kernel's shared memory
//===----------------------------------------------------------------------===//

def Cta_AllocTileOp : Cta_Op<"alloc_tile", [MemoryEffects<[MemAlloc<Cta_Shared>]>]> {
  let summary = "Shared memory for a tile that belongs to no channel";
  let description = "Placed by `cta-allocate-smem`. Example: `%t = cta.alloc_tile : !cta.tile<128x128xbf16, swizzle = 128>`.";
  let results = (outs Cta_Tile:$tile);
  let assemblyFormat = "attr-dict `:` type($tile)";
}

def Cta_SharedOp : Cta_Op<"shared", [Pure]> {
  let summary = "Address of shared memory of so many bytes";
  let description = [{
    `bytes` at a multiple of `alignment`; `offset` is chosen by `cta-allocate-smem`. `label` names it in reports.

    Example: `%a = cta.shared "K" bytes(65536) align(1024) : i32`.
  }];
  let arguments = (ins StrAttr:$label, I64Attr:$bytes, I64Attr:$alignment, OptionalAttr<I64Attr>:$offset);
  let results = (outs I32:$address);
  let assemblyFormat = "$label `bytes` `(` $bytes `)` `align` `(` $alignment `)` (`at` `(` $offset^ `)`)? attr-dict `:` type($address)";
}

def Cta_SmemTileOp : Cta_Op<"smem_tile", [Pure]> {
  let summary = "The tile at an address";
  let description = "Example: `%t = cta.smem_tile %a : !cta.tile<128x128xbf16, swizzle = 128>`.";
  let arguments = (ins I32:$address);
  let results = (outs Cta_Tile:$tile);
  let assemblyFormat = "$address attr-dict `:` type($tile)";
}

def Cta_SmemReadOp : Cta_Op<"smem_read", [MemoryEffects<[MemRead<Cta_Shared>, MemRead<Cta_Sync>]>]> {
  let summary = "Reads a scalar in shared memory, the same for all threads";
  let description = "Example: `%v = cta.smem_read %a : i32`.";
  let arguments = (ins I32:$address);
  let results = (outs I32:$value);
  let assemblyFormat = "$address attr-dict `:` type($value)";
}

def Cta_SmemWriteOp : Cta_Op<"smem_write", [MemoryEffects<[MemWrite<Cta_Shared>, MemWrite<Cta_Sync>]>]> {
  let summary = "Writes a scalar in shared memory";
  let description = "Example: `cta.smem_write %v, %a : i32`.";
  let arguments = (ins I32:$value, I32:$address);
  let assemblyFormat = "$value `,` $address attr-dict `:` type($value)";
}

def Cta_MbarrierInitOp : Cta_Op<"mbarrier_init", [Cta_Synchronizes]> {
  let summary = "Initialises `depth` mbarriers, 8 bytes apart, for `count` arrivals";
  let description = [{
    By one thread, before `cta.sync_block`. A count is at most 2^20 - 1 (PTX), and
    the barriers fit the shared memory of a block, 227 KiB.

    Example: `cta.mbarrier_init %a count(8) depth(2)`.
  }];
  let arguments = (ins I32:$address, I64Attr:$count, I64Attr:$depth);
  let assemblyFormat = "$address `count` `(` $count `)` `depth` `(` $depth `)` attr-dict";
  let hasVerifier = 1;
}

def Cta_SyncBlockOp : Cta_Op<"sync_block", [Cta_Synchronizes]> {
  let summary = "All threads of the block meet; initialised mbarriers are visible afterwards";
  let description = "Example: `cta.sync_block`.";
  let assemblyFormat = "attr-dict";
}

def Cta_MbarrierWaitOp : Cta_Op<"mbarrier_wait", [Cta_Synchronizes]> {
  let summary = "Waits until the phase of this parity is complete";
  let description = "A fresh barrier counts as having completed parity 1. Example: `cta.mbarrier_wait %a parity %p`.";
  let arguments = (ins I32:$address, I32:$parity, Cta_Predicate:$predicate);
  let assemblyFormat = "$address `parity` $parity (`if` $predicate^)? attr-dict";
}

def Cta_MbarrierArriveOp : Cta_Op<"mbarrier_arrive", [Cta_Synchronizes]> {
  let summary = "Arrives once per warp of a consumer, once for a producer";
  let description = [{
    With `expect`, the phase also waits for so many bytes of `cta.tma_load`.

    Example: `cta.mbarrier_arrive %a`, `cta.mbarrier_arrive %a expect(32768)`.
  }];
  let arguments = (ins I32:$address, OptionalAttr<I64Attr>:$expect, Cta_Predicate:$predicate);
  let assemblyFormat = "$address (`expect` `(` $expect^ `)`)? (`if` $predicate^)? attr-dict";
}

def Cta_NamedBarrierOp : Cta_Op<"named_barrier", [Cta_Synchronizes]> {
  let summary = "Meets at, or only arrives at, a hardware barrier";
  let description = "`id` 1 to 15. Example: `cta.named_barrier %id threads(256)`, `cta.named_barrier %id threads(256) arrive`.";
  let arguments = (ins I32:$id, I64Attr:$threads, UnitAttr:$arrive);
  let assemblyFormat = "$id `threads` `(` $threads `)` (`arrive` $arrive^)? attr-dict";
}

def Cta_WarpgroupIndexOp : Cta_Op<"warpgroup_index", [Pure]> {
  let summary = "The number of this warpgroup within its role";
  let description = "Example: `%w = cta.warpgroup_index : i32`.";
  let results = (outs I32:$index);
  let assemblyFormat = "attr-dict `:` type($index)";
}

#endif // FOVEA_DIALECT_CTA_IR_CTAOPS
