// What is reported, in each format. That the numbers are right is the claim of test/Integration/Ladder/report_io.mlir.

// RUN: fovea-opt %s -verify-diagnostics --attn-report-io="tile-m=32 tile-n=32 on-chip=20000" --remarks-filter=attn -o /dev/null
// RUN: fovea-opt %s --attn-report-io="tile-m=32 tile-n=32 on-chip=20000 format=json output=%t.json" | FileCheck %s --check-prefix=SAME
// RUN: FileCheck %s --check-prefix=JSON --input-file %t.json
// RUN: fovea-opt %s --attn-report-io="on-chip=20000 peak-flops=1e12 bandwidth=1e11 format=svg output=%t.svg" -o /dev/null
// RUN: FileCheck %s --check-prefix=SVG --input-file %t.svg
// RUN: fovea-opt %s --attn-report-io="on-chip=20000 format=json" -o /dev/null | FileCheck %s --check-prefix=CHOSEN

// The function itself stays as it is.
// SAME: attn.attention causal(top_left)

// JSON:      "function": "causal",
// JSON-NEXT: "tile_m": 32,
// JSON-NEXT: "tile_n": 32,
// JSON-NEXT: "on_chip": 20000,
// JSON-NEXT: "blocks_visited": 72,
// JSON-NEXT: "blocks": 128,
// JSON:      "form": "unfused",
// JSON:      "form": "key_outer",
// JSON:      "form": "query_outer",
// JSON-NEXT: "flops": 2762496,
// JSON-NEXT: "read_bytes": 163840,
// JSON-NEXT: "written_bytes": 16384,
// JSON-NEXT: "temporary_bytes": 0,
// JSON-NEXT: "on_chip_bytes": 8448,
// JSON-NEXT: "fits": true,
// JSON-NEXT: "flops_per_byte": 15.32{{[0-9]+}},
// JSON-NEXT: "attainable_flops": 73575{{[0-9.]+}},
// JSON-NEXT: "bound": "memory"

// SVG: <svg
// SVG: <polyline class="roof"
// SVG: @causal unfused
// SVG: @causal key_outer
// SVG: @causal query_outer
// SVG: </svg>

// Tiles that fit: M / 4d = 20000 / 128 keys in steps of 16, d rows.
// CHOSEN: "tile_m": 8,
// CHOSEN-NEXT: "tile_n": 144,

func.func @causal(%q: tensor<2x256x8xf32>, %k: tensor<2x256x8xf32>, %v: tensor<2x256x8xf32>, %o: tensor<2x256x8xf32>)
    -> tensor<2x256x8xf32> {
  // expected-remark-re @+3 {{[Analysis] ReportIo {{.*}}form=unfused}}
  // expected-remark-re @+2 {{[Analysis] ReportIo {{.*}}form=key_outer}}
  // expected-remark-re @+1 {{[Analysis] ReportIo {{.*}}bound=memory, fits=yes, flops=2762496, flops_per_byte=1.53{{.*}}, form=query_outer, on_chip_bytes=8448, read_bytes=163840, temporary_bytes=0, tile_m=32, tile_n=32, written_bytes=16384}}
  %r = attn.attention causal(top_left) ins(%q, %k, %v : tensor<2x256x8xf32>, tensor<2x256x8xf32>, tensor<2x256x8xf32>)
      outs(%o : tensor<2x256x8xf32>)
  return %r : tensor<2x256x8xf32>
}
