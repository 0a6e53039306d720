// S14: head dims of Q and V that differ, up to the greatest, and lengths that are known and short, with the schedules that
// are chosen for them, at the stages that depend on them.

// RUN: fovea-run %s --check --interpret=tile-loops --entry mixed
// RUN: fovea-run %s --check --interpret=barriers --entry mixed
// RUN: fovea-run %s --check --interpret=barriers --entry large
// RUN: fovea-run %s --check --interpret=barriers --entry largest
// RUN: fovea-run %s --check --interpret=tile-loops --entry short
// RUN: fovea-run %s --check --interpret=barriers --entry short
// RUN: fovea-run %s --check --interpret=barriers --entry shortest
// RUN: fovea-run %s --check --interpret=tiles --entry one_tile
// RUN: fovea-run %s --check --interpret=barriers --entry one_tile

func.func @mixed(%q: tensor<2x2x90x64xf16>, %k: tensor<2x1x500x64xf16>, %v: tensor<2x1x500x128xf16>, %o: tensor<2x2x90x128xf16>) -> tensor<2x2x90x128xf16> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<2x2x90x64xf16>, tensor<2x1x500x64xf16>, tensor<2x1x500x128xf16>)
      outs(%o : tensor<2x2x90x128xf16>)
  return %r : tensor<2x2x90x128xf16>
}

func.func @large(%q: tensor<2x2x90x192xbf16>, %k: tensor<2x1x500x192xbf16>, %v: tensor<2x1x500x128xbf16>, %o: tensor<2x2x90x128xbf16>) -> tensor<2x2x90x128xbf16> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<2x2x90x192xbf16>, tensor<2x1x500x192xbf16>, tensor<2x1x500x128xbf16>)
      outs(%o : tensor<2x2x90x128xbf16>)
  return %r : tensor<2x2x90x128xbf16>
}

func.func @largest(%q: tensor<150x256xf16>, %k: tensor<500x256xf16>, %v: tensor<500x256xf16>, %o: tensor<150x256xf16>) -> tensor<150x256xf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<150x256xf16>, tensor<500x256xf16>, tensor<500x256xf16>)
      outs(%o : tensor<150x256xf16>)
  return %r : tensor<150x256xf16>
}

func.func @short(%q: tensor<2x2x150x128xf16>, %k: tensor<2x1x150x128xf16>, %v: tensor<2x1x150x128xf16>, %o: tensor<2x2x150x128xf16>) -> tensor<2x2x150x128xf16> {
  %r = attn.attention causal(bottom_right) ins(%q, %k, %v : tensor<2x2x150x128xf16>, tensor<2x1x150x128xf16>, tensor<2x1x150x128xf16>)
      outs(%o : tensor<2x2x150x128xf16>)
  return %r : tensor<2x2x150x128xf16>
}

func.func @shortest(%q: tensor<3x70x128xbf16>, %k: tensor<3x9x128xbf16>, %v: tensor<3x9x128xbf16>, %o: tensor<3x70x128xbf16>) -> tensor<3x70x128xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<3x70x128xbf16>, tensor<3x9x128xbf16>, tensor<3x9x128xbf16>)
      outs(%o : tensor<3x70x128xbf16>)
  return %r : tensor<3x70x128xbf16>
}

// The whole of it is one tile, and a kernel all the same.
func.func @one_tile(%q: tensor<9x64xbf16>, %k: tensor<200x64xbf16>, %v: tensor<200x64xbf16>, %o: tensor<9x64xbf16>) -> tensor<9x64xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<9x64xbf16>, tensor<200x64xbf16>, tensor<200x64xbf16>) outs(%o : tensor<9x64xbf16>)
  return %r : tensor<9x64xbf16>
}
