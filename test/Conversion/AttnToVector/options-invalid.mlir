// RUN: not fovea-opt %s -attn-to-vector="vector-bytes=48" 2>&1 | FileCheck %s --check-prefix=BYTES
// RUN: not fovea-opt %s -attn-to-vector="vector-registers=0" 2>&1 | FileCheck %s --check-prefix=REGISTERS

// A vector unit that cannot be is one diagnostic.

// BYTES: error: vector-bytes must be a power of two of at least 16 and vector-registers positive, got 48 and 32
// REGISTERS: error: vector-bytes must be a power of two of at least 16 and vector-registers positive, got 64 and 0
module {}
