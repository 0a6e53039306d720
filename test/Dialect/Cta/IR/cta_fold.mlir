// RUN: fovea-opt %s -canonicalize | FileCheck %s

#acc = #cta.mma<warps = [4, 1]>
#opa = #cta.operand_a<#acc>

// A conversion to the same layout, and one back, are no conversion.

// CHECK-LABEL: func @convert
//  CHECK-SAME:   %[[T:[a-z0-9]+]]: tensor
//       CHECK:   return %[[T]], %[[T]]
func.func @convert(%t: tensor<64x64xbf16, #acc>) -> (tensor<64x64xbf16, #acc>, tensor<64x64xbf16, #acc>) {
  %same = cta.convert_layout %t : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #acc>
  %there = cta.convert_layout %t : tensor<64x64xbf16, #acc> -> tensor<64x64xbf16, #opa>
  %back = cta.convert_layout %there : tensor<64x64xbf16, #opa> -> tensor<64x64xbf16, #acc>
  return %same, %back : tensor<64x64xbf16, #acc>, tensor<64x64xbf16, #acc>
}

// What synchronises or touches memory stays; unused results of pure ops go.

// CHECK-LABEL: func @effects
//  CHECK-NEXT:   cta.first_tile
//  CHECK-NEXT:   cta.next_tile
//  CHECK-NEXT:   cta.section_enter
//  CHECK-NEXT:   cta.section_leave
//  CHECK-NEXT:   cta.store_wait
//  CHECK-NEXT:   cta.sync_block
//  CHECK-NEXT:   return
func.func @effects(%x: f32) {
  %t = cta.first_tile : i32
  %u = cta.next_tile %t : i32
  %s = cta.splat %x : f32 -> tensor<64xf32>
  %w = cta.warpgroup_index : i32
  cta.section_enter
  cta.section_leave
  cta.store_wait
  cta.sync_block
  return
}
