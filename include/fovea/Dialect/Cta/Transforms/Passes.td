//===- Passes.td - passes on the cta dialect ---------------*- tablegen -*-===//
//
// In the order in which a pipeline runs them; the numbers are the stages of docs/Pipeline.md. Each runs on a kernel.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_TRANSFORMS_PASSES
#define FOVEA_DIALECT_CTA_TRANSFORMS_PASSES

include "mlir/Pass/PassBase.td"

class CtaPass<string flag> : Pass<flag, "::mlir::gpu::GPUFuncOp"> {
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::cta::CtaDialect", "::mlir::math::MathDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
}

def CtaInferLayoutsPass : CtaPass<"cta-infer-layouts"> {
  let summary = "Give every register tile a layout and every shared tile a swizzle (stage 9)";
}

def CtaRemoveLayoutConversionsPass : CtaPass<"cta-remove-layout-conversions"> {
  let summary = "Drop conversions of layouts that change nothing (stage 9)";
}

def CtaSchedulePass : CtaPass<"cta-schedule"> {
  let summary = "Make products asynchronous and place every op of the key loop: cta.at (stage 10)";
}

def CtaVerifySchedulePass : CtaPass<"cta-verify-schedule"> {
  let summary = "Refuse a schedule that would be wrong or slow, naming the rule (after stages 10 to 13)";
}

def CtaExpandPipelinePass : CtaPass<"cta-expand-pipeline"> {
  let summary = "Order the key loop as scheduled, with its prologue and epilogue (stage 11)";
}

def CtaSplitRangesPass : CtaPass<"cta-split-ranges"> {
  let summary = "Cut the steady-state loop where its mask condition changes (stage 11)";
}

def CtaPersistTilesPass : CtaPass<"cta-persist-tiles"> {
  let summary = "Let a block compute tile after tile (stage 11)";
}

def CtaFlattenTilesPass : CtaPass<"cta-flatten-tiles"> {
  let summary = "Issue the next tile's first products with this tile's last (stage 11)";
}

def CtaBalanceSectionsPass : CtaPass<"cta-balance-sections"> {
  let summary = "Drop the ends of exclusive sections that peeling has separated (stage 11)";
}

def CtaSpecializeWarpsPass : CtaPass<"cta-specialize-warps"> {
  let summary = "Give every role its program, and channels between them (stage 12)";
}

def CtaDeriveWaitsPass : CtaPass<"cta-derive-waits"> {
  let summary = "Derive how many products may still run at each wait (stage 13)";
}

def CtaLowerChannelsPass : CtaPass<"cta-lower-channels"> {
  let summary = "Lower channels and exclusive sections to barriers (stage 13)";
}

def CtaAllocateSmemPass : CtaPass<"cta-allocate-smem"> {
  let summary = "Place tiles and barriers in shared memory (stage 13)";
}

#endif // FOVEA_DIALECT_CTA_TRANSFORMS_PASSES
