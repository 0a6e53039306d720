// Softmax over the columns of a matrix of any size, in a buffer of its own.
//
//   fovea-run examples/softmax.mlir --dim rows=256 --dim columns=4000 --check

func.func @softmax(%x: tensor<?x?xf32> {fovea.dims = ["rows", "columns"]})
    -> tensor<?x?xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %rows = tensor.dim %x, %c0 : tensor<?x?xf32>
  %columns = tensor.dim %x, %c1 : tensor<?x?xf32>
  %out = tensor.empty(%rows, %columns) : tensor<?x?xf32>
  %y = attn.softmax dimension(1) ins(%x : tensor<?x?xf32>) outs(%out : tensor<?x?xf32>)
  return %y : tensor<?x?xf32>
}
