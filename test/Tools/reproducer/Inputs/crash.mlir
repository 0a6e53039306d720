func.func @read(%x: tensor<4xf32>, %i: index) -> f32 {
  %e = tensor.extract %x[%i] : tensor<4xf32>
  return %e : f32
}
