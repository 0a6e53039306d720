// Whatever is wrong is one diagnostic, the status is not 0, and no output file
// is left behind.

// RUN: rm -rf %t && mkdir %t
// RUN: not fovea-run %t/none.mlir 2>&1 | FileCheck %s --check-prefix=FILE
// FILE: fovea-run: error: {{.*}}none.mlir: No such file or directory

// RUN: echo 'func.func @f() {' > %t/broken.mlir
// RUN: not fovea-run %t/broken.mlir 2>&1 | FileCheck %s --check-prefix=PARSE
// PARSE: broken.mlir:{{.*}} error:
// PARSE-NOT: error:

// RUN: not fovea-run %s 2>&1 | FileCheck %s --check-prefix=ENTRY
// ENTRY: error: several functions; choose one of @f, @g
// RUN: not fovea-run %s --entry h 2>&1 | FileCheck %s --check-prefix=NAME
// NAME: error: no public function @h; there is @f, @g

// RUN: not fovea-run %s --entry f --target tpu 2>&1 | FileCheck %s --check-prefix=TARGET
// TARGET: error: target 'tpu': expected 'auto', 'cpu' or 'cuda'

// RUN: not fovea-run %s --entry f --count --on-chip=-1 2>&1 | FileCheck %s --check-prefix=CHIP
// CHIP: error: on-chip memory of -1 bytes: expected none or more

// RUN: not fovea-run %s --entry f --output %t/o.npy 2>&1 | FileCheck %s --check-prefix=SIZES
// SIZES: error: sizes are missing; add --dim n=SIZE --dim arg1.1=SIZE
// RUN: not fovea-run %s --entry f --dim k=3 2>&1 | FileCheck %s --check-prefix=DIM
// DIM: error: no dimension is called 'k'; there is n, arg1.1
// RUN: not fovea-run %s --entry f --dim n=-3 2>&1 | FileCheck %s --check-prefix=SIZE
// SIZE: error: dimension 'n=-3': expected NAME=SIZE

// RUN: not fovea-run %s --entry f --dim n=2 --dim arg1.1=1 --input zeros 2>&1 | FileCheck %s --check-prefix=COUNT
// COUNT: error: @f has 2 inputs, but --input is given 1 times
// RUN: not fovea-run %s --entry f --dim n=2 --dim arg1.1=1 --input zeros --input ones 2>&1 | FileCheck %s --check-prefix=SPEC
// SPEC: error: input 'ones': expected
// RUN: not fovea-run %s --entry f --dim n=2 --dim arg1.1=1 --strides 0=1,1 2>&1 | FileCheck %s --check-prefix=STRIDES
// STRIDES: error: strides '0=1,1': expected ARGUMENT=S0,S1,...

// RUN: fovea-run %s --entry f --dim n=2 --dim arg1.1=4 --output %t/x.npy
// RUN: not fovea-run %s --entry f --dim n=3 --input zeros --input %t/x.npy --output %t/o.npy 2>&1 | FileCheck %s --check-prefix=SHAPE
// SHAPE: error: dimension 'n' is 3 by --dim and 2 by the input of argument 1
// RUN: not fovea-run %s --entry f --input %t/x.npy --input zeros --output %t/o.npy 2>&1 | FileCheck %s --check-prefix=RANK
// RANK: error: argument 0 has rank 1, its input has rank 2
// RUN: not fovea-run %s --entry f --input zeros --input %t/x.npy --output %t/o.npy --output %t/p.npy 2>&1 | FileCheck %s --check-prefix=OUTPUTS
// OUTPUTS: error: @f has 1 results, but --output is given 2 times

// RUN: not fovea-run %s --entry g --output %t/o.npy 2>&1 | FileCheck %s --check-prefix=TYPE
// TYPE: error: @g: the type of argument 0, 'complex<f32>' is neither a number nor a ranked tensor

// RUN: not ls %t/o.npy
// RUN: not ls %t/p.npy

func.func @f(%x: tensor<?xf32> {fovea.dims = ["n"]}, %y: tensor<?x?xf32> {fovea.dims = ["n", "*"]}) -> tensor<?x?xf32> {
  return %y : tensor<?x?xf32>
}

func.func @g(%x: complex<f32>) {
  return
}
