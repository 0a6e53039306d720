// S8: what a mask removes does not leak, be it NaN or infinite: neither keys beyond a length, in whole tiles or part of
// one, nor, on the CPU, a value that only some rows may see.

// RUN: fovea-run %s --entry length --check --input random --input random --input random --input 70
// RUN: fovea-run %s --entry length --check --input random --input random --input random --input 70 --pipeline-options="tile-n=16 splits=3"
// RUN: fovea-run %s --entry length --check --input random --input random --input random --input 0
// RUN: fovea-run %s --entry some_rows --check
// RUN: fovea-run %s --entry some_rows --check --pipeline-options="tile-n=8 tile-m=16"

#elements = affine_map<(n, d) -> (n, d)>

func.func @length(%q: tensor<29x24xf32>, %k: tensor<150x24xf32>, %v: tensor<150x24xf32>, %length: index, %o: tensor<29x24xf32>,
                  %l: tensor<29xf32>) -> (tensor<29x24xf32>, tensor<29xf32>) {
  %nan = arith.constant 0x7FC00000 : f32
  %infinity = arith.constant 0x7F800000 : f32
  %empty = tensor.empty() : tensor<150x24xf32>
  %poisoned:2 = linalg.generic {indexing_maps = [#elements, #elements, #elements, #elements], iterator_types = ["parallel", "parallel"]}
      ins(%k, %v : tensor<150x24xf32>, tensor<150x24xf32>) outs(%empty, %empty : tensor<150x24xf32>, tensor<150x24xf32>) {
  ^bb0(%a: f32, %b: f32, %x: f32, %y: f32):
    %n = linalg.index 0 : index
    %beyond = arith.cmpi sge, %n, %length : index
    %c = arith.select %beyond, %nan, %a : f32
    %d = arith.select %beyond, %infinity, %b : f32
    linalg.yield %c, %d : f32, f32
  } -> (tensor<150x24xf32>, tensor<150x24xf32>)
  %r:2 = attn.attention ins(%q, %poisoned#0, %poisoned#1 : tensor<29x24xf32>, tensor<150x24xf32>, tensor<150x24xf32>)
      captures(%length : index) outs(%o, lse %l : tensor<29x24xf32>, tensor<29xf32>)
      mask {
      ^bb0(%bound: index):
        %j = attn.index 1 : index
        %keep = arith.cmpi slt, %j, %bound : index
        attn.yield %keep : i1
      }
  return %r#0, %r#1 : tensor<29x24xf32>, tensor<29xf32>
}

// Key 20 has a value of NaN: rows from 20 on show it, rows before do not.
func.func @some_rows(%q: tensor<40x16xf32>, %k: tensor<40x16xf32>, %v: tensor<40x16xf32>, %o: tensor<40x16xf32>) -> tensor<40x16xf32> {
  %nan = arith.constant 0x7FC00000 : f32
  %bad = arith.constant 20 : index
  %empty = tensor.empty() : tensor<40x16xf32>
  %poisoned = linalg.generic {indexing_maps = [#elements, #elements], iterator_types = ["parallel", "parallel"]}
      ins(%v : tensor<40x16xf32>) outs(%empty : tensor<40x16xf32>) {
  ^bb0(%a: f32, %x: f32):
    %n = linalg.index 0 : index
    %here = arith.cmpi eq, %n, %bad : index
    %b = arith.select %here, %nan, %a : f32
    linalg.yield %b : f32
  } -> tensor<40x16xf32>
  %r = attn.attention causal(top_left) ins(%q, %k, %poisoned : tensor<40x16xf32>, tensor<40x16xf32>, tensor<40x16xf32>) outs(%o : tensor<40x16xf32>)
  return %r : tensor<40x16xf32>
}
