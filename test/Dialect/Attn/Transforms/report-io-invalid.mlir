// RUN: not fovea-opt %s --attn-report-io="on-chip=0" 2>&1 | FileCheck %s --check-prefix=OPTION
// RUN: not fovea-opt %s --attn-report-io="format=json output=%t/none/x.json" 2>&1 | FileCheck %s --check-prefix=FILE
// OPTION: error: attn-report-io: on-chip, peak-flops and bandwidth must be positive, tiles not negative
// FILE: error: attn-report-io: cannot open output file

module {}
