//===- Lowerings.h - the patterns of cta-to-nvvm --------------------*- C++ -*-===//

#ifndef FOVEA_LIB_CONVERSION_CTATONVVM_LOWERINGS_H
#define FOVEA_LIB_CONVERSION_CTATONVVM_LOWERINGS_H

#include "KernelAbi.h"
#include "ProgramThreads.h"
#include "RegisterTiles.h"

namespace fovea {

/// A kernel while its ops are lowered.
struct KernelLowering {
  KernelAbi abi;
  mlir::Value sharedMemory; ///< i32: the address of dynamic shared memory.
  /// By the region that holds the program: one of cta.warp_specialize, or the function's body.
  llvm::DenseMap<mlir::Region *, ProgramThreads> programs;

  const ProgramThreads &threadsOf(mlir::Operation *op) const {
    mlir::Region *region = op->getParentRegion();
    while (true) {
      auto program = programs.find(region);
      if (program != programs.end())
        return program->second;
      region = region->getParentRegion();
    }
  }
};

/// A pattern that knows the kernel.
template <typename OpT> struct KernelPattern : mlir::OpConversionPattern<OpT> {
  KernelPattern(const mlir::TypeConverter &converter, mlir::MLIRContext *context, const KernelLowering &kernel)
      : mlir::OpConversionPattern<OpT>(converter, context), kernel(kernel) {}

  const KernelLowering &kernel;
};

using LoweringPatterns = void(const RegisterTypeConverter &converter, const KernelLowering &kernel,
                              mlir::RewritePatternSet &patterns);
LoweringPatterns populateBulkCopyPatterns;        // tma_load, store through shared memory, store_wait
LoweringPatterns populateGlobalAccessPatterns;    // read, gather, write, store, memref.dim
LoweringPatterns populateLayoutPatterns;          // broadcast, splat, iota, convert_layout
LoweringPatterns populateProductPatterns;         // dot_async, dot_wait
LoweringPatterns populateReductionPatterns;       // reduce, any
LoweringPatterns populateSynchronizationPatterns; // mbarriers, named barriers, shared memory
LoweringPatterns populateTileNumberPatterns;      // first_tile, next_tile, warpgroup_index

/// Finds the threads of the kernel's programs; computed where each begins.
mlir::LogicalResult findPrograms(KernelLowering &kernel);
/// Moves loads of elements to where the elements are used.
void sinkLoads(mlir::Operation *root);
/// cta.warp_specialize becomes branches; after all patterns.
void lowerWarpSpecialize(const KernelLowering &kernel);

} // namespace fovea

#endif // FOVEA_LIB_CONVERSION_CTATONVVM_LOWERINGS_H
