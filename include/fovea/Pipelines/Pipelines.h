//===- Pipelines.h - from attn to code, by stage ----------------*- C++ -*-===//
//
// Each stage is a function that adds its passes; a whole pipeline is a list of
// stages. docs/Pipeline.md numbers them.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_PIPELINES_PIPELINES_H
#define FOVEA_PIPELINES_PIPELINES_H

#include "fovea/Dialect/Attn/Transforms/Algorithms.h"

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
  Option<int64_t> readStreams{
      *this, "read-streams",
      llvm::cl::desc("Parts of a range of keys that few query rows read in turn, a power of two"), llvm::cl::init(4)};
  Option<int64_t> prefetchBytes{*this, "prefetch-bytes",
                                llvm::cl::desc("How far ahead they ask for cache lines; 0 is not at all"),
                                llvm::cl::init(1024)};
  Option<int64_t> threads{*this, "threads", llvm::cl::desc("Number of threads that will share the work"),
                          llvm::cl::init(1)};
  Option<bool> avx512{*this, "avx512", llvm::cl::desc("Use instructions of AVX-512 (F, DQ) by name"),
                      llvm::cl::init(false)};
  Option<bool> avx512Bf16{*this, "avx512-bf16", llvm::cl::desc("Round to bf16 by instruction (AVX512_BF16)"),
                          llvm::cl::init(false)};
  Option<bool> amxBf16{*this, "amx-bf16", llvm::cl::desc("Multiply bf16 (and f16, as the sum of two bf16) with AMX"),
                       llvm::cl::init(false)};
  Option<bool> amxFp16{*this, "amx-fp16", llvm::cl::desc("Multiply f16 with AMX"), llvm::cl::init(false)};
  Option<bool> bf16Pairs{*this, "bf16-pairs",
                         llvm::cl::desc("Multiply pairs of bf16 with vdpbf16ps (AVX512_BF16), where there is no AMX"),
                         llvm::cl::init(false)};
  Option<bool> amxVersions{*this, "amx-versions",
                           llvm::cl::desc("Make versions without AMX, too, and ask the runtime which can run"),
                           llvm::cl::init(false)};
  Option<int64_t> tileM{*this, "tile-m", llvm::cl::desc("Query rows per tile; 0 leaves it to attn-select-schedule"),
                        llvm::cl::init(0)};
  Option<int64_t> tileN{*this, "tile-n", llvm::cl::desc("Keys per step; 0 leaves it to attn-select-schedule"),
                        llvm::cl::init(0)};
  Option<int64_t> splits{*this, "splits",
                         llvm::cl::desc("Parallel parts of the key range; 0 leaves it to "
                                        "attn-select-schedule"),
                         llvm::cl::init(0)};
  Option<mlir::attn::SoftmaxAlgorithm> softmax{
      *this, "softmax", llvm::cl::desc("How attn.softmax is computed"),
      llvm::cl::init(mlir::attn::SoftmaxAlgorithm::Fused),
      llvm::cl::values(clEnumValN(mlir::attn::SoftmaxAlgorithm::Fused, "fused", "rows stay on chip"),
                       clEnumValN(mlir::attn::SoftmaxAlgorithm::Naive, "naive", "no maximum; overflows"),
                       clEnumValN(mlir::attn::SoftmaxAlgorithm::Safe, "safe", "maximum, sum, quotient"),
                       clEnumValN(mlir::attn::SoftmaxAlgorithm::Online, "online", "running maximum and sum, quotient"),
                       clEnumValN(mlir::attn::SoftmaxAlgorithm::Blocked, "blocked", "online in parallel blocks"))};
  Option<int64_t> softmaxBlock{*this, "softmax-block", llvm::cl::desc("Elements per block of softmax=blocked"),
                               llvm::cl::init(256)};
  Option<mlir::attn::LoopOrder> loopOrder{
      *this, "loop-order", llvm::cl::desc("Which loop of an attention is outside"),
      llvm::cl::init(mlir::attn::LoopOrder::QueryOuter),
      llvm::cl::values(clEnumValN(mlir::attn::LoopOrder::QueryOuter, "query-outer", "FlashAttention-2"),
                       clEnumValN(mlir::attn::LoopOrder::KeyOuter, "key-outer", "FlashAttention-1"))};
  Option<mlir::attn::Maximum> maximum{
      *this, "maximum", llvm::cl::desc("What stabilises the exponentials of an attention"),
      llvm::cl::init(mlir::attn::Maximum::Running),
      llvm::cl::values(clEnumValN(mlir::attn::Maximum::Running, "running", "the maximum of the keys so far"),
                       clEnumValN(mlir::attn::Maximum::Unified, "unified",
                                  "FlashDecoding++: unified-max, with a "
                                  "fallback to the running one"))};
  Option<double> unifiedMax{*this, "unified-max", llvm::cl::desc("The maximum of maximum=unified, a score in base e"),
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
  Option<bool> avx512Bf16{*this, "avx512-bf16", llvm::cl::desc("Round to bf16 by instruction (AVX512_BF16)"),
                          llvm::cl::init(false)};
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

/// The stages of `attn-to-llvm` on tensors, 1 to 6, or of `attn-unfused-to-llvm`: what comes before buffers.
void buildAttnTensorPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);
void buildAttnUnfusedTensorPipeline(mlir::OpPassManager &pm, const CpuPipelineOptions &options);

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
