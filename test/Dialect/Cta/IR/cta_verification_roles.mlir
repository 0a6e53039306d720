// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// Roles, channels, layouts, schedules and types: one mistake a section.

func.func @programs() {
  // expected-error @below {{'cta.warp_specialize' op has 1 programs for 1 roles, 2 counts of warps and 1 of registers}}
  "cta.warp_specialize"() <{roles = [#cta.role<producer>], warps = array<i64: 4, 4>, registers = array<i64: 0>}> ({
    "cta.yield"() : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @role() {
  // expected-error @below {{'cta.warp_specialize' op expected a role, got 1 : i64}}
  "cta.warp_specialize"() <{roles = [1], warps = array<i64: 4>, registers = array<i64: 0>}> ({
    "cta.yield"() : () -> ()
  }) : () -> ()
  return
}

// -----

func.func @role_keyword() {
  // expected-error @below {{expected a role (producer, consumer), got 'baker'}}
  cta.warp_specialize role(baker) warps(4) registers(24) {
  }
  return
}

// -----

func.func @role_twice() {
  // expected-error @below {{'cta.warp_specialize' op has two programs for the role producer}}
  cta.warp_specialize role(producer) warps(4) registers(24) {
  } role(producer) warps(4) registers(24) {
  }
  return
}

// -----

func.func @role_warps() {
  // expected-error @below {{'cta.warp_specialize' op gives the consumer whole warpgroups of 4 warps, got 6}}
  cta.warp_specialize role(consumer) warps(6) registers(240) {
  }
  return
}

// -----

func.func @role_registers() {
  // expected-error @below {{'cta.warp_specialize' op registers must be a multiple of 8 from 24 to 256, or 0, got 100}}
  cta.warp_specialize role(consumer) warps(4) registers(100) {
  }
  return
}

// -----

func.func @acquire(%c: !cta.channel<i32, depth = 2>) {
  // expected-error @below {{'cta.acquire' op takes a slot of '!cta.tile<8x8xbf16>' from a channel of 'i32'}}
  %s = cta.acquire %c : !cta.channel<i32, depth = 2> -> !cta.slot<!cta.tile<8x8xbf16>>
  return
}

// -----

func.func @wait(%c: !cta.channel<i32, depth = 2>) {
  // expected-error @below {{'cta.wait' op takes a slot of '!cta.tile<8x8xbf16>' from a channel of 'i32'}}
  %s = cta.wait %c : !cta.channel<i32, depth = 2> -> !cta.slot<!cta.tile<8x8xbf16>>
  return
}

// -----

func.func @tma_scalar(%x: memref<?x8xi32>, %s: !cta.slot<i32>, %i: index) {
  // expected-error @below {{'cta.tma_load' op fills a slot of a channel of tiles, got '!cta.slot<i32>'}}
  cta.tma_load %x[%i, %i] dims [0, 1] to %s : memref<?x8xi32>, !cta.slot<i32>
  return
}

// -----

func.func @tma_signal(%x: memref<?x8xbf16>, %t: !cta.tile<8x8xbf16>, %i: index) {
  // expected-error @below {{'cta.tma_load' op signals a barrier where it fills a tile, and the slot's own where it fills a slot}}
  cta.tma_load %x[%i, %i] dims [0, 1] to %t : memref<?x8xbf16>, !cta.tile<8x8xbf16>
  return
}

// -----

// expected-error @below {{a channel carries shared tiles or i32, got 'f32'}}
func.func private @channel_element(!cta.channel<f32, depth = 2>)

// -----

// expected-error @below {{a channel has 1 to 14528 slots, got 0}}
func.func private @channel_depth(!cta.channel<i32, depth = 0>)

// -----

// expected-error @below {{a channel has 1 to 14528 slots, got 1000000000000}}
func.func private @channel_depth_of_more_than_fits(!cta.channel<i32, depth = 1000000000000>)

// -----

func.func @barrier_count(%a: i32) {
  // expected-error @below {{has a count of 0 arrivals, expected 1 to 1048575}}
  cta.mbarrier_init %a count(0) depth(2)
  return
}

// -----

func.func @barrier_depth(%a: i32) {
  // expected-error @below {{has a depth of -1 barriers, expected 1 to 29056}}
  cta.mbarrier_init %a count(8) depth(-1)
  return
}

// -----

func.func @barrier_depth_of_more_than_fits(%a: i32) {
  // expected-error @below {{has a depth of 1000000000000 barriers, expected 1 to 29056}}
  cta.mbarrier_init %a count(8) depth(1000000000000)
  return
}

// -----

// expected-error @below {{a shared tile has rank 2, got 1}}
func.func private @tile_rank(!cta.tile<8xbf16>)

// -----

// expected-error @below {{a shared tile has static, positive extents, got 0}}
func.func private @tile_extent(!cta.tile<0x8xbf16>)

// -----

// expected-error @below {{a shared tile has at most 16777216 elements, got 4294967296x64}}
func.func private @tile_elements(!cta.tile<4294967296x64xbf16>)

// -----

// expected-error @below {{elements of a shared tile have 8, 16 or 32 bits, got 'f64'}}
func.func private @tile_element(!cta.tile<8x8xf64>)

// -----

// expected-error @below {{swizzle must span 16, 32, 64 or 128 bytes, got 48}}
func.func private @tile_swizzle(!cta.tile<8x8xbf16, swizzle = 48>)

// -----

// expected-error @below {{rows of a shared tile come in multiples of 8, got 12}}
func.func private @tile_atoms(!cta.tile<12x8xbf16, swizzle = 16>)

// -----

// expected-error @below {{warps has 1 extents, expected 2 (rows, columns)}}
func.func private @mma_rank(tensor<8x8xf32, #cta.mma<warps = [4]>>)

// -----

// expected-error @below {{warps must be at least 1, got 0}}
func.func private @mma_warps(tensor<8x8xf32, #cta.mma<warps = [4, 0]>>)

// -----

// expected-error @below {{a slice is along dimension 0 or 1, got 2}}
func.func private @slice_dim(tensor<8xf32, #cta.slice<2, #cta.mma<warps = [4, 1]>>>)

// -----

// expected-error @below {{a slice has the layout of a tile of rank 2 as parent, got 1 : i64}}
func.func private @slice_parent(tensor<8xf32, #cta.slice<1, 1>>)

// -----

// expected-error @below {{warpgroups must be 1 to 4, got 5}}
func.func private @warpgroups() attributes {cta.schedule = #cta.schedule<warpgroups = 5>}

// -----

// expected-error @below {{stages must be 1 to 8, got 0}}
func.func private @stages() attributes {cta.schedule = #cta.schedule<stages = 0>}

// -----

// expected-error @below {{query_stages must be 1 to 2, got 3}}
func.func private @query_stages() attributes {cta.schedule = #cta.schedule<query_stages = 3>}

// -----

// expected-error @below {{section_tiles must be 0 to 1073741824, got -1}}
func.func private @section_tiles() attributes {cta.schedule = #cta.schedule<section_tiles = -1>}

// -----

// expected-error @below {{blocks_per_sm must be 1 to 8, got 9}}
func.func private @blocks_per_sm() attributes {cta.schedule = #cta.schedule<blocks_per_sm = 9>}

// -----

// expected-error @below {{consumer_registers must be a multiple of 8 from 24 to 256, or 0, got 20}}
func.func private @registers() attributes {cta.schedule = #cta.schedule<consumer_registers = 20>}

// -----

// expected-error @below {{stage must not be negative, got -1}}
func.func private @stage() attributes {cta.at = #cta.at<stage = -1, order = 0>}

// -----

// expected-error @below {{order must not be negative, got -1}}
func.func private @order() attributes {cta.at = #cta.at<stage = 0, order = -1>}

// -----

// expected-error @below {{a workspace has at least 1 byte, got 0}}
func.func private @workspace(memref<2xi32> {cta.workspace = #cta.workspace<bytes = 0>})

// -----

// expected-error @below {{expected 'cta.schedule' to be a #cta.schedule, got 1 : i64}}
func.func private @not_a_schedule() attributes {cta.schedule = 1}

// -----

// expected-error @below {{expected 'cta.at' to be a #cta.at, got 1 : i64}}
func.func private @not_a_place() attributes {cta.at = 1}

// -----

// expected-error @below {{expected 'cta.grid' to be a #cta.grid, got 1 : i64}}
func.func private @not_a_grid() attributes {cta.grid = 1}

// -----

// expected-error @below {{expected 'cta.shared_bytes' to be an integer, got "many"}}
func.func private @not_a_number() attributes {cta.shared_bytes = "many"}

// -----

// expected-error @below {{expected 'cta.params' to be an array of #cta.param, got 1 : i64}}
func.func private @not_params() attributes {cta.params = 1}

// -----

// expected-error @below {{expected 'cta.params' to hold #cta.param only, got 1 : i64}}
func.func private @not_a_param() attributes {cta.params = [1]}

// -----

// expected-error @below {{unknown attribute 'cta.unknown' of the cta dialect}}
func.func private @unknown() attributes {cta.unknown}

// -----

// expected-error @below {{unknown attribute 'cta.unknown' of the cta dialect on argument 0}}
func.func @unknown_argument(%x: i32 {cta.unknown}) {
  return
}

// -----

// expected-error @below {{expected 'cta.workspace' to be a #cta.workspace, got 1 : i64}}
func.func @not_a_workspace(%x: memref<2xi32> {cta.workspace = 1}) {
  return
}

// -----

// expected-error @below {{expected one of [pointer, size, stride, scalar, tensor_map, workspace] for what a parameter of a lowered kernel is, got: handle}}
func.func private @param_kind() attributes {cta.params = [#cta.param<handle, arg = 0>]}

// -----

// expected-error @below {{expected dim, dims, box or swizzle, got shape}}
func.func private @param_key() attributes {cta.params = [#cta.param<size, arg = 0, shape = 1>]}
