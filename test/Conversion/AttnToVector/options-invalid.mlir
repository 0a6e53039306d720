// RUN: not fovea-opt %s -attn-to-vector="vector-bytes=48" 2>&1 | FileCheck %s --check-prefix=BYTES
// RUN: not fovea-opt %s -attn-to-vector="vector-registers=0" 2>&1 | FileCheck %s --check-prefix=REGISTERS
// RUN: not fovea-opt %s -attn-to-vector="read-streams=3" 2>&1 | FileCheck %s --check-prefix=STREAMS
// RUN: not fovea-opt %s -attn-to-vector="prefetch-bytes=-1" 2>&1 | FileCheck %s --check-prefix=PREFETCH

// A vector unit that cannot be is one diagnostic.

// BYTES: error: vector-bytes must be a power of two of at least 16 and vector-registers positive, got 48 and 32
// REGISTERS: error: vector-bytes must be a power of two of at least 16 and vector-registers positive, got 64 and 0
// STREAMS: error: read-streams must be a power of two and prefetch-bytes not negative, got 3 and 1024
// PREFETCH: error: read-streams must be a power of two and prefetch-bytes not negative, got 4 and -1
module {}
