//===- Pipelines.h - from attn to code, by stage ----------------*- C++ -*-===//
//
// Each stage is a function that adds its passes; a whole pipeline is a list of
// stages. docs/Pipeline.md numbers them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_PIPELINES_PIPELINES_H
#define FOVEA_PIPELINES_PIPELINES_H

#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassOptions.h"

#include <optional>

namespace fovea {

struct CpuModel;

/// What the CPU pipelines depend on. The defaults fit any x86-64-v4 core, one
/// thread; fovea/Target/CpuModel.h knows the machine at hand.
struct CpuPipelineOptions : public mlir::PassPipelineOptions<CpuPipelineOptions> {
  Option<int64_t> vectorBytes{*this, "vector-bytes", llvm::cl::desc("Bytes of a vector register"), llvm::cl::init(64)};
  Option<int64_t> vectorRegisters{*this, "vector-registers", llvm::cl::desc("Number of vector registers"),
                                  llvm::cl::init(32)};
  Option<int64_t> l1Bytes{*this, "l1-bytes", llvm::cl::desc("Bytes of a core's first-level data cache"),
                          llvm::cl::init(48 << 10)};
  Option<int64_t> l2Bytes{*this, "l2-bytes", llvm::cl::desc("Bytes of a core's second-level cache"),
                          llvm::cl::init(1 << 20)};
  Option<int64_t> threads{*this, "threads", llvm::cl::desc("Number of threads that will share the work"),
                          llvm::cl::init(1)};
  Option<bool> avx512{*this, "avx512", llvm::cl::desc("Use instructions of AVX-512 (F, DQ) by name"),
                      llvm::cl::init(false)};
  Option<int64_t> tileM{*this, "tile-m", llvm::cl::desc("Query rows per tile; 0 leaves it to attn-select-schedule"),
                        llvm::cl::init(0)};
  Option<int64_t> tileN{*this, "tile-n", llvm::cl::desc("Keys per step; 0 leaves it to attn-select-schedule"),
                        llvm::cl::init(0)};
  Option<int64_t> splits{*this, "splits",
                         llvm::cl::desc("Parallel parts of the key range; 0 leaves it to "
                                        "attn-select-schedule"),
                         llvm::cl::init(0)};

  /// Takes what depends on the machine from `cpu`, for so many threads.
  void setMachine(const CpuModel &cpu, int64_t threadCount);
};

/// What the GPU pipelines depend on.
struct GpuPipelineOptions : public mlir::PassPipelineOptions<GpuPipelineOptions> {
  Option<std::string> chip{*this, "chip", llvm::cl::desc("The GPU, as ptxas spells it"), llvm::cl::init("sm_90a")};
  Option<int64_t> keys{*this, "keys",
                       llvm::cl::desc("Number of keys to choose the schedule for where it is dynamic; 0: a kernel for "
                                      "each range of them that has its own"),
                       llvm::cl::init(0)};
  Option<int64_t> tileM{*this, "tile-m", llvm::cl::desc("Query rows per tile; 0: 64 per warpgroup"), llvm::cl::init(0)};
  Option<int64_t> tileN{*this, "tile-n", llvm::cl::desc("Keys per step; 0 leaves it to the table"), llvm::cl::init(0)};
  Option<int64_t> rescaleLog2{*this, "rescale-log2",
                              llvm::cl::desc("Rescale only where the maximum grew by more than 2^this; 0 always, -1 "
                                             "leaves it to the table"),
                              llvm::cl::init(-1)};
  Option<std::string> schedule{*this, "schedule", llvm::cl::desc("A #cta.schedule to use for every attention")};
  Option<bool> verifySchedule{
      *this, "verify-schedule",
      llvm::cl::desc("Refuse schedules that break a rule; without, kernels may be slow or hang"), llvm::cl::init(true)};
};

/// Stages 1 to 3b: attention and softmax as an online state and its reading.
void buildAttnOnlinePipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// Stages 4 to 6: one scf.forall per op, one scf.for over the keys inside.
void buildAttnTilingPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// Tensors to buffers, with function boundaries: arguments take any strides,
/// and results that are arguments are dropped (fovea-drop-returned-arguments).
void buildBufferizePipeline(mlir::OpPassManager &pm);

/// Frees what bufferization allocated: in a parallel body at its end. Ops of
/// attn must be gone.
void buildDeallocatePipeline(mlir::OpPassManager &pm);

/// Buffers, loops and vectors to the LLVM dialect. Public functions get a C
/// interface.
void buildBuffersToLLVMPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// Stage 7a: tiles on tensors to the LLVM dialect.
void buildCpuLoweringPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// `attn-to-llvm`: all of the above.
void buildAttnToLLVMPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// `attn-unfused-to-llvm`: decomposed into linalg, then plain loops. What the
/// fused code is compared with.
void buildAttnUnfusedToLLVMPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

/// The GPU's stages, named after what they hand on.
enum class GpuStage {
  Kernels,   ///< 1 to 7b: attn ops on tiles in kernels.
  Tiles,     ///< 8: register and shared tiles.
  Layouts,   ///< 9
  Schedule,  ///< 10: every op placed.
  TileLoops, ///< 11: in explicit order, tile after tile.
  Roles,     ///< 12
  Barriers,  ///< 13
  Nvvm       ///< 14
};

/// The stage that the pipeline `attn-to-cta-NAME` ends with, for example `tile-loops`.
std::optional<GpuStage> parseGpuStage(llvm::StringRef name);

/// `attn-to-nvvm`, up to and including a stage: kernels for GPUs, and launches of them on the host.
void buildAttnToNVVMPipeline(mlir::OpPassManager &pm, const GpuPipelineOptions &options,
                             GpuStage last = GpuStage::Nvvm);

/// Makes the whole pipelines known by name.
void registerFoveaPipelines();

} // namespace fovea

#endif // FOVEA_PIPELINES_PIPELINES_H
