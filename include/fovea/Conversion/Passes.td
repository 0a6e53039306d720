//===- Passes.td - conversions out of the attn dialect ---*- tablegen -*-===//

#ifndef FOVEA_CONVERSION_PASSES
#define FOVEA_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def AttnToVectorPass : Pass<"attn-to-vector"> {
  let summary = "Lower bufferized tiles of attn ops to register-blocked vector code (stage 7a)";
  let description = [{
    Works on memrefs, after `attn-pack-queries` and one-shot-bufferize. The
    queries lie along the lanes, the keys where the config says `lanes = keys`,
    for softmax the elements of a row; scores of a block live in a scratch
    buffer on the stack of the parallel body. An `online_softmax` and the
    `normalize` behind it read rows of up to 65,536 elements once.
    A `linalg.fill` of rows of floats becomes vector stores.
    Exponentials become `math.exp2` on vectors, which
    `fovea-expand-transcendentals` turns into polynomials.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64", "Bytes of a vector register">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "32", "Number of vector registers">,
    Option<"avx512", "avx512", "bool", "false", "Use instructions of AVX-512 by name">,
    Option<"readStreams", "read-streams", "int64_t", "4", "Parts of a range of keys that few rows read in turn, a power of two">,
    Option<"prefetchBytes", "prefetch-bytes", "int64_t", "1024", "How far ahead they ask for lines; 0 is not at all">,
    Option<"amxBf16", "amx-bf16", "bool", "false", "Lower ops in the form for a matrix unit to AMX, bf16">,
    Option<"amxFp16", "amx-fp16", "bool", "false", "Lower them to AMX, f16">,
    Option<"bf16Pairs", "bf16-pairs", "bool", "false", "Lower them to dot products of pairs of bf16, AVX512_BF16">];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::affine::AffineDialect", "::mlir::amx::AMXDialect", "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::mlir::x86vector::X86VectorDialect"];
}

def VersionMatrixUnitPass : Pass<"fovea-version-matrix-unit", "::mlir::ModuleOp"> {
  let summary = "Make a version without the matrix unit of loops that would use it, and choose when the code runs";
  let description = [{
    For code that runs in another process than it was compiled in: the kernel
    grants the use of AMX by process. `foveaRequestMatrixUnit` of the runtime is
    asked at the entry of a function; where it refuses, a copy of the parallel
    loop runs whose ops have `fovea.vector_only`. Before `attn-pack-queries`,
    with the same options.
  }];
  let options = [Option<"amxBf16", "amx-bf16", "bool", "false", "The matrix unit multiplies bf16">,
                 Option<"amxFp16", "amx-fp16", "bool", "false", "The matrix unit multiplies f16">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect"];
}

def ExpandTranscendentalsPass : Pass<"fovea-expand-transcendentals"> {
  let summary = "Expand math.exp2, exp, tanh, ... on vectors into polynomials without calls";
  let options = [
    Option<"avx512", "avx512", "bool", "false", "Use vreduceps and vscalefps">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::vector::VectorDialect", "::mlir::LLVM::LLVMDialect"];
}

def ForallToRuntimePass : Pass<"fovea-forall-to-runtime", "::mlir::ModuleOp"> {
  let summary = "Outline bufferized scf.forall bodies and call the runtime's parallel loop";
  let description = [{
    The body becomes a function of (context pointer, index); values it uses from
    outside travel in a structure on the caller's stack. The loop becomes a call
    of `foveaParallelFor(count, body, context)`.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect"];
}

def SeparateDestinationsPass : Pass<"fovea-separate-destinations"> {
  let summary = "Give each tensor that is written a tensor.empty and fill of its own";
  let description = [{
    Undoes what CSE did to equal ones, before empty-tensor elimination and
    bufferization.
  }];
}

def DropReturnedArgumentsPass : Pass<"fovea-drop-returned-arguments", "::mlir::ModuleOp"> {
  let summary = "Drop results of bufferized functions that are arguments";
  let description = [{
    A result in destination style bufferizes to the argument it is written to.
    Callers have that buffer already; returning it would leave open who frees
    it. `fovea.returned_arguments` on the function keeps, for each result that
    the function had, the number of the argument that holds it, or -1 where a
    result remains.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect"];
}

def DeallocateBuffersPass : Pass<"fovea-deallocate-buffers", "::mlir::ModuleOp"> {
  let summary = "Free what bufferization allocated, where it allocated anything";
  let description = [{
    Upstream's ownership-based deallocation and what has to come before and after
    it. A module without allocations, and whose functions return no buffer, is
    left as it is. Ops of attn must be gone.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect", "::mlir::func::FuncDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def ExpandCopiesPass : Pass<"fovea-expand-copies"> {
  let summary = "Turn copies of strided buffers into loops";
  let description = [{
    Upstream's lowering of `memref.copy` between buffers with strides calls a
    library that compiled code would have to carry along. Contiguous copies stay
    and become memcpy.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def CheckLoweredPass : Pass<"fovea-check-lowered", "::mlir::ModuleOp"> {
  let summary = "Refuse a module in which ops of attn are left";
  let description = "Reports the first op that no pass lowered, instead of what a later conversion makes of it.";
}

def SelectGpuSchedulePass : Pass<"fovea-select-gpu-schedule"> {
  let summary = "Choose tiles and schedule for a GPU: attn.config and cta.schedule (stage 2)";
  let description = [{
    From the table of measured schedules in fovea/Target/GpuModel.h, by head dim, number of keys, and whether rows see
    different numbers of keys. What an op carries already stays; the options replace single choices. Where the number of
    keys is dynamic and `keys` is 0, an op becomes one for each range of numbers, under `scf.if`.
  }];
  let options = [
    Option<"chip", "chip", "std::string", "\"sm_90a\"", "The GPU, as ptxas spells it">,
    Option<"keys", "keys", "int64_t", "0", "Number of keys to choose for where it is dynamic; 0: an op for each range">,
    Option<"tileM", "tile-m", "int64_t", "0", "Query rows per tile; 0: 64 per warpgroup">,
    Option<"tileN", "tile-n", "int64_t", "0", "Keys per step; 0 leaves it to the table">,
    Option<"rescaleLog2", "rescale-log2", "int64_t", "-1", "Of attn.config; -1 leaves it to the table, or is 0 beside a schedule by hand">,
    Option<"schedule", "schedule", "std::string", "\"\"", "A #cta.schedule to use for every attention">];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cta::CtaDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}

def AttnOutlineKernelsPass : Pass<"attn-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "Turn tiled loops of attn ops into kernels and launches (stage 7b)";
  let description = [{
    Each `scf.forall` over tiles becomes a `gpu.func`, whose tensors are memrefs, and a `cta.launch` on the host. Ops
    that are not part of such a loop stay where they are.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::bufferization::BufferizationDialect",
                           "::mlir::cta::CtaDialect", "::mlir::gpu::GPUDialect", "::mlir::memref::MemRefDialect", "::mlir::tensor::TensorDialect"];
}

def AttnToCtaPass : Pass<"attn-to-cta", "::mlir::gpu::GPUFuncOp"> {
  let summary = "Lower tiles of attn ops in a kernel to register and shared tiles (stage 8)";
  let description = [{
    A kernel with one `attn.online_attention`, in at most one loop over blocks of keys, and at most one `attn.finalize`.
    Operands are f16 or bf16 views of the kernel's arguments in any layout, head dims are multiples of 16 up to 256, rows
    come by 64 for each warpgroup of `cta.schedule`, keys by multiples of 16. Anything else is refused with all reasons.

    Score and mask regions may hold any elementwise op, `attn.index` and `tensor.extract` of captures. Positions in them
    are computed in 32 bits and taken to be below 2^31.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::cta::CtaDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::scf::SCFDialect"];
}

def CtaToNvvmPass : Pass<"cta-to-nvvm", "::mlir::gpu::GPUModuleOp"> {
  let summary = "Lower kernels to threads, NVVM and inline PTX for sm_90a (stage 14)";
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cf::ControlFlowDialect", "::mlir::cta::CtaDialect", "::mlir::LLVM::LLVMDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::scf::SCFDialect", "::mlir::ub::UBDialect"];
}

#endif // FOVEA_CONVERSION_PASSES
