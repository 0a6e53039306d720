// RUN: fovea-opt %s -split-input-file -verify-diagnostics

// Launches, access to global memory, products and register tiles: one mistake a section.

func.func @launch_results(%o: tensor<8xf32>) {
  // expected-error @below {{'cta.launch' op has 0 results for 1 outputs}}
  cta.launch @k::@f tiles() outs(%o : tensor<8xf32>)
  return
}

// -----

func.func @launch_type(%o: tensor<8xf32>) {
  // expected-error @below {{'cta.launch' op returns 'tensor<?xf32>' for the output of type 'tensor<8xf32>'}}
  %r = cta.launch @k::@f tiles() outs(%o : tensor<8xf32>) -> tensor<?xf32>
  return
}

// -----

func.func @launch_missing() {
  // expected-error @below {{'cta.launch' op launches @k::@f, which does not exist}}
  cta.launch @k::@f tiles()
  return
}

// -----

func.func @launch_host() {
  // expected-error @below {{'cta.launch' op launches @launch_host, which is no kernel}}
  cta.launch @launch_host tiles()
  return
}

// -----

gpu.module @k {
  gpu.func @f(%a: index, %b: index) kernel {
    gpu.return
  }
}
func.func @launch_count(%n: index) {
  // expected-error @below {{'cta.launch' op passes 1 arguments to a kernel that expects 2}}
  cta.launch @k::@f tiles(%n)
  return
}

// -----

gpu.module @k {
  gpu.func @f(%a: memref<8xf32>) kernel {
    gpu.return
  }
}
func.func @launch_argument(%o: tensor<9xf32>) {
  // expected-error @below {{'cta.launch' op passes 'tensor<9xf32>' as argument 0, which is a 'memref<8xf32>'}}
  %r = cta.launch @k::@f tiles() outs(%o : tensor<9xf32>) -> tensor<9xf32>
  return
}

// -----

func.func @tile_index(%n: index) {
  // expected-error @below {{'cta.tile_index' op has 2 coordinates for 1 extents}}
  %i:2 = cta.tile_index of(%n) : index, index
  return
}

// -----

func.func @load_offsets(%x: memref<?x64xbf16>, %i: index) {
  // expected-error @below {{'cta.load' op has 1 offsets for a memref of rank 2}}
  %t = cta.load %x[%i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
  return
}

// -----

func.func @load_dims(%x: memref<?x64xbf16>, %i: index) {
  // expected-error @below {{'cta.load' op has 1 dims for a tile of rank 2}}
  %t = cta.load %x[%i, %i] dims [0] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
  return
}

// -----

func.func @load_element(%x: memref<?x64xbf16>, %i: index) {
  // expected-error @below {{'cta.load' op moves elements of 'bf16' as 'f16'}}
  %t = cta.load %x[%i, %i] dims [0, 1] : memref<?x64xbf16> -> !cta.tile<64x64xf16>
  return
}

// -----

func.func @load_dim(%x: memref<?x64xbf16>, %i: index) {
  // expected-error @below {{'cta.load' op dims names dimension 2 of a memref of rank 2}}
  %t = cta.load %x[%i, %i] dims [0, 2] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
  return
}

// -----

// Only cta.read repeats elements.

func.func @load_repeats(%x: memref<?x64xbf16>, %i: index) {
  // expected-error @below {{'cta.load' op dims names dimension -1 of a memref of rank 2}}
  %t = cta.load %x[%i, %i] dims [-1, 1] : memref<?x64xbf16> -> !cta.tile<64x64xbf16>
  return
}

// -----

func.func @write_twice(%x: memref<?x64xf32>, %t: tensor<64x64xf32>, %i: index) {
  // expected-error @below {{'cta.write' op dims names dimension 1 twice}}
  cta.write %t, %x[%i, %i] dims [1, 1] : tensor<64x64xf32>, memref<?x64xf32>
  return
}

// -----

func.func @store_rank(%x: memref<?xf32>, %t: tensor<64xf32>, %i: index) {
  // expected-error @below {{'cta.store' op stores tiles of rank 2, got 1}}
  cta.store %t, %x[%i] dims [0] : tensor<64xf32>, memref<?xf32>
  return
}

// -----

func.func @store_via(%x: memref<?x64xf32>, %t: tensor<64x64xf32>, %v: !cta.tile<64x32xf32>, %i: index) {
  // expected-error @below {{'cta.store' op sends 'tensor<64x64xf32>' through '!cta.tile<64x32xf32>'}}
  cta.store %t, %x[%i, %i] dims [0, 1] via(%v : !cta.tile<64x32xf32>) : tensor<64x64xf32>, memref<?x64xf32>
  return
}

// -----

func.func @gather_indices(%x: memref<?x64xf32>, %i: index) {
  // expected-error @below {{'cta.gather' op has 1 indices for a memref of rank 2}}
  %t = cta.gather %x[%i] : memref<?x64xf32>, index -> tensor<8xf32>
  return
}

// -----

func.func @gather_element(%x: memref<?xf32>, %i: index) {
  // expected-error @below {{'cta.gather' op gathers elements of 'f32' as 'f16'}}
  %t = cta.gather %x[%i] : memref<?xf32>, index -> tensor<8xf16>
  return
}

// -----

func.func @gather_shape(%x: memref<?xf32>, %i: tensor<4xi32>) {
  // expected-error @below {{'cta.gather' op has indices of type 'tensor<4xi32>' for a result of type 'tensor<8xf32>'}}
  %t = cta.gather %x[%i] : memref<?xf32>, tensor<4xi32> -> tensor<8xf32>
  return
}

// -----

func.func @dot_rank(%a: tensor<64xbf16>, %b: !cta.tile<64x64xbf16>) {
  // expected-error @below {{'cta.dot' op multiplies matrices, got 'tensor<64xbf16>' and a result of type 'tensor<64x64xf32>'}}
  %c = cta.dot %a, %b : tensor<64xbf16>, !cta.tile<64x64xbf16> -> tensor<64x64xf32>
  return
}

// -----

func.func @dot_depth(%a: !cta.tile<64x32xbf16>, %b: !cta.tile<32x96xbf16>) {
  // expected-error @below {{'cta.dot' op has 32 columns in a and 96 elements along k in b}}
  %c = cta.dot %a, %b transpose_b : !cta.tile<64x32xbf16>, !cta.tile<32x96xbf16> -> tensor<64x32xf32>
  return
}

// -----

func.func @dot_result(%a: !cta.tile<64x32xbf16>, %b: !cta.tile<32x96xbf16>) {
  // expected-error @below {{'cta.dot' op computes a tile of 64x96, got 'tensor<64x32xf32>'}}
  %c = cta.dot %a, %b : !cta.tile<64x32xbf16>, !cta.tile<32x96xbf16> -> tensor<64x32xf32>
  return
}

// -----

func.func @dot_elements(%a: !cta.tile<64x32xf16>, %b: !cta.tile<32x96xbf16>) {
  // expected-error @below {{'cta.dot' op multiplies 'f16' by 'bf16'}}
  %c = cta.dot %a, %b : !cta.tile<64x32xf16>, !cta.tile<32x96xbf16> -> tensor<64x96xf32>
  return
}

// -----

func.func @dot_acc(%a: !cta.tile<64x32xbf16>, %b: !cta.tile<32x96xbf16>, %c: tensor<64x96xf16>) {
  // expected-error @below {{'cta.dot_async' op accumulates 'tensor<64x96xf16>' into 'tensor<64x96xf32>'}}
  %f = cta.dot_async %a, %b, %c : !cta.tile<64x32xbf16>, !cta.tile<32x96xbf16>, tensor<64x96xf16> -> !cta.inflight<tensor<64x96xf32>>
  return
}

// -----

#acc = #cta.mma<warps = [4, 1]>
func.func @dot_layout(%a: !cta.tile<64x32xbf16>, %b: !cta.tile<32x96xbf16>) {
  // expected-error @below {{'cta.dot' op has an accumulator in layout #cta.operand_a<<warps = [4, 1]>>, expected #cta.mma}}
  %c = cta.dot %a, %b : !cta.tile<64x32xbf16>, !cta.tile<32x96xbf16> -> tensor<64x96xf32, #cta.operand_a<#acc>>
  return
}

// -----

#acc = #cta.mma<warps = [4, 1]>
func.func @dot_operand(%a: tensor<64x32xbf16, #acc>, %b: !cta.tile<32x96xbf16>) {
  // expected-error @below {{'cta.dot' op has its operand a in layout #cta.mma<warps = [4, 1]>, expected #cta.operand_a of the accumulator's}}
  %c = cta.dot %a, %b : tensor<64x32xbf16, #acc>, !cta.tile<32x96xbf16> -> tensor<64x96xf32, #acc>
  return
}

// -----

func.func @wait_result(%f: !cta.inflight<tensor<8x8xf32>>) {
  // expected-error @below {{'cta.dot_wait' op makes 'tensor<8x8xf16>' of '!cta.inflight<tensor<8x8xf32>>'}}
  %r = "cta.dot_wait"(%f) : (!cta.inflight<tensor<8x8xf32>>) -> tensor<8x8xf16>
  return
}

// -----

func.func @wait_tied(%f: !cta.inflight<tensor<8x8xf32>>, %t: tensor<8xf32>) {
  // expected-error @below {{'cta.dot_wait' op returns the tied values with other types}}
  %r:2 = "cta.dot_wait"(%f, %t) : (!cta.inflight<tensor<8x8xf32>>, tensor<8xf32>) -> (tensor<8x8xf32>, tensor<8xf16>)
  return
}

// -----

func.func @wait_pending(%f: !cta.inflight<tensor<8x8xf32>>) {
  // expected-error @below {{'cta.dot_wait' op cannot leave -1 products running}}
  %r = cta.dot_wait %f pending(-1) : !cta.inflight<tensor<8x8xf32>>
  return
}

// -----

func.func @reduce_dim(%t: tensor<64x32xf32>) {
  // expected-error @below {{'cta.reduce' op reduces dimension 0 or 1 of a tile of rank 2, got dimension 2 of 'tensor<64x32xf32>'}}
  %r = cta.reduce add %t dim 2 : tensor<64x32xf32> -> tensor<64xf32>
  return
}

// -----

func.func @reduce_element(%t: tensor<64x32xf32>) {
  // expected-error @below {{'cta.reduce' op reduces 'f32' to 'f16'}}
  %r = cta.reduce add %t dim 1 : tensor<64x32xf32> -> tensor<64xf16>
  return
}

// -----

func.func @reduce_partial(%t: tensor<64x32xf32>) {
  // expected-error @below {{'cta.reduce' op combines columns into four along dimension 1 only}}
  %r = cta.reduce add %t dim 0 partial : tensor<64x32xf32> -> tensor<32x4xf32>
  return
}

// -----

#acc = #cta.mma<warps = [4, 1]>
func.func @reduce_partial_layout(%t: tensor<64x32xbf16, #cta.operand_a<#acc>>) {
  // expected-error @below {{'cta.reduce' op combines the columns of a tile in layout #cta.mma, got #cta.operand_a<<warps = [4, 1]>>}}
  %r = cta.reduce add %t dim 1 partial : tensor<64x32xbf16, #cta.operand_a<#acc>> -> tensor<64x4xbf16, #cta.lanes<#acc>>
  return
}

// -----

func.func @reduce_shape(%t: tensor<64x32xf32>) {
  // expected-error @below {{'cta.reduce' op leaves 'tensor<32xf32>', got 'tensor<64xf32>'}}
  %r = cta.reduce add %t dim 0 : tensor<64x32xf32> -> tensor<64xf32>
  return
}

// -----

#acc = #cta.mma<warps = [4, 1]>
func.func @reduce_layout(%t: tensor<64x32xf32, #acc>) {
  // expected-error @below {{'cta.reduce' op leaves the layout #cta.slice<1, #cta.mma<warps = [4, 1]>>, got #cta.slice<0, #cta.mma<warps = [4, 1]>>}}
  %r = cta.reduce add %t dim 1 : tensor<64x32xf32, #acc> -> tensor<64xf32, #cta.slice<0, #acc>>
  return
}

// -----

func.func @broadcast_rank(%t: tensor<64x32xf32>) {
  // expected-error @below {{'cta.broadcast' op adds dimension 0 or 1 to a tile of rank 1, got dimension 1, 'tensor<64x32xf32>' and 'tensor<64x32xf32>'}}
  %r = cta.broadcast %t dim 1 : tensor<64x32xf32> -> tensor<64x32xf32>
  return
}

// -----

func.func @broadcast_shape(%t: tensor<64xf32>) {
  // expected-error @below {{'cta.broadcast' op repeats 'tensor<64xf32>' as 'tensor<64x32xf32>'}}
  %r = cta.broadcast %t dim 0 : tensor<64xf32> -> tensor<64x32xf32>
  return
}

// -----

#acc = #cta.mma<warps = [4, 1]>
func.func @broadcast_layout(%t: tensor<64xf32>) {
  // expected-error @below {{'cta.broadcast' op needs a source in layout #cta.slice<1, #cta.mma<warps = [4, 1]>>, got <<NULL ATTRIBUTE>>}}
  %r = cta.broadcast %t dim 1 : tensor<64xf32> -> tensor<64x32xf32, #acc>
  return
}

// -----

func.func @splat(%x: f16) {
  // expected-error @below {{'cta.splat' op fills 'tensor<64xf32>' with 'f16'}}
  %t = cta.splat %x : f16 -> tensor<64xf32>
  return
}

// -----

func.func @iota_element() {
  // expected-error @below {{'cta.iota' op counts in i32, got 'index'}}
  %t = cta.iota dim 0 : tensor<64xindex>
  return
}

// -----

func.func @iota_dim() {
  // expected-error @below {{'cta.iota' op counts along dimension 1 of a tile of rank 1}}
  %t = cta.iota dim 1 : tensor<64xi32>
  return
}

// -----

func.func @convert(%t: tensor<64xf32>) {
  // expected-error @below {{'cta.convert_layout' op keeps shape and elements, got 'tensor<64xf32>' and 'tensor<32xf32>'}}
  %u = cta.convert_layout %t : tensor<64xf32> -> tensor<32xf32>
  return
}

// -----

// Register tiles have static shapes of rank 1 or 2.

func.func @rank(%x: f32) {
  // expected-error @below {{'cta.splat' op result #0 must be register tile of rank 1 or 2}}
  %t = cta.splat %x : f32 -> tensor<2x2x2xf32>
  return
}
