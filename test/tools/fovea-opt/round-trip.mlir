// --round-trip hands the passes IR that went through pretty text, generic text and bytecode.
// RUN: fovea-opt %s --round-trip --mlir-print-op-generic | FileCheck %s

// CHECK: "func.func"
// CHECK: "arith.addf"({{.*}}) <{fastmath = #arith.fastmath<contract>}>
func.func @sum(%x: tensor<4xf32>, %n: index) -> tensor<4xf32> {
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %n to %n step %c1 iter_args(%acc = %x) -> tensor<4xf32> {
    %s = arith.addf %acc, %x fastmath<contract> : tensor<4xf32>
    scf.yield %s : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
