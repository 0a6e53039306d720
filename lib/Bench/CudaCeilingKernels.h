//===- CudaCeilingKernels.h - the same for a GPU, as PTX --------*- C++ -*-===//
//
// Products of tiles in shared memory, reads of global memory, copies: sm_90a, for whose tensor cores (wgmma) the first
// is.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_LIB_BENCH_CUDACEILINGKERNELS_H
#define FOVEA_LIB_BENCH_CUDACEILINGKERNELS_H

#include <cstdint>
#include <string>

namespace fovea {

/// The kernels `products_bf16(u32 iterations, u64 sink)`, `products_f16`, `read(u64 from, u64 vectors, u64 sink)` and
/// `copy(u64 from, u64 to, u64 vectors)`; vectors are of 16 bytes.
std::string writeCudaCeilingKernels();

/// Of a block of each; blocks of `read` and `copy` take `vectorsPerBlock`.
constexpr int64_t cudaProductThreads = 256, cudaMemoryThreads = 256, vectorsPerThread = 4;
constexpr int64_t vectorsPerBlock = cudaMemoryThreads * vectorsPerThread;

/// Operations of one iteration of one block: two warpgroups, 16 products of 64 x 256 x 16 each.
constexpr int64_t cudaFlopsPerIteration = 2 * 16 * (2 * 64 * 256 * 16);

} // namespace fovea

#endif // FOVEA_LIB_BENCH_CUDACEILINGKERNELS_H
