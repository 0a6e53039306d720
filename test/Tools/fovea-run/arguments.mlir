// Inputs go to the arguments that are read, in order; the results of a run are
// inputs of the next; a destination has no input unless all arguments have one.

// RUN: rm -rf %t && mkdir %t
// RUN: fovea-run %s --entry add --dim m=3 --dim n=4 --input iota --input 0.5 --output %t/sum.npy --check | FileCheck %s --check-prefix=ADD
// ADD: @add on the CPU
// ADD: result 0: 3x4xf32: PASS

// RUN: fovea-run %s --entry sub --input %t/sum.npy --input 0.5 --output %t/difference.npy --raw-bf16 --check | FileCheck %s --check-prefix=SUB
// SUB: result 0: 3x4xbf16: PASS
// SUB: result 1: index: PASS

// RUN: fovea-run %s --entry add --input %t/sum.npy --input %t/difference.npy --input zeros --strides 0=1,3 --strides 2=-4,1 --check --repeat 3 | FileCheck %s --check-prefix=TIME
// TIME: result 0: 3x4xf32: PASS
// TIME: time: median {{[0-9.]+}} ms ({{[0-9.]+}} .. {{[0-9.]+}}) of 3 runs

func.func @add(%x: tensor<?x?xf32> {fovea.dims = ["m", "n"]}, %y: tensor<?x?xf32> {fovea.dims = ["m", "n"]},
               %out: tensor<?x?xf32> {fovea.dims = ["m", "n"]}) -> tensor<?x?xf32> {
  %r = linalg.add ins(%x, %y : tensor<?x?xf32>, tensor<?x?xf32>) outs(%out : tensor<?x?xf32>) -> tensor<?x?xf32>
  return %r : tensor<?x?xf32>
}

func.func @sub(%x: tensor<?x4xf32>, %s: f32) -> (tensor<?x4xbf16>, index) {
  %c0 = arith.constant 0 : index
  %m = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%m) : tensor<?x4xf32>
  %y = linalg.fill ins(%s : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %d = arith.subf %x, %y : tensor<?x4xf32>
  %r = arith.truncf %d : tensor<?x4xf32> to tensor<?x4xbf16>
  return %r, %m : tensor<?x4xbf16>, index
}
