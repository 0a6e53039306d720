// What cannot be interpreted is one diagnostic.

// RUN: not fovea-run %s --interpret=kernels 2>&1 | FileCheck %s --check-prefix=STAGE
// STAGE: error: stage 'kernels': expected 'tiles', 'layouts', 'schedule', 'tile-loops', 'roles', 'barriers' or 'file'

// RUN: not fovea-run %s --interpret=tiles --unfused 2>&1 | FileCheck %s --check-prefix=UNFUSED
// UNFUSED: error: plain loops (unfused) have no kernels to interpret

// RUN: not fovea-run %s --interpret=tiles --pipeline-options="tile-q=4" 2>&1 | FileCheck %s --check-prefix=OPTIONS
// OPTIONS: error: pipeline options 'tile-q=4': not options of attn-to-nvvm

// RUN: not fovea-run %s --interpret=tiles --repeat 3 2>&1 | FileCheck %s --check-prefix=REPEAT
// REPEAT: error: what is interpreted is not timed

// A pass that fails says so itself.
// RUN: not fovea-run %s --interpret=roles --pipeline-options="schedule='#cta.schedule<specialize = false>'" 2>&1 | FileCheck %s --check-prefix=PASS
// PASS: error: {{.*}}invalid.mlir:{{.*}} error: {{.*}}shall not be specialised

func.func @f(%q: tensor<300x64xbf16>, %k: tensor<80x64xbf16>, %v: tensor<80x64xbf16>, %o: tensor<300x64xbf16>) -> tensor<300x64xbf16> {
  %r = attn.attention ins(%q, %k, %v : tensor<300x64xbf16>, tensor<80x64xbf16>, tensor<80x64xbf16>) outs(%o : tensor<300x64xbf16>)
  return %r : tensor<300x64xbf16>
}
