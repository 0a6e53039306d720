//===- CtaDialect.td - the cta dialect ---------------------*- tablegen -*-===//
//
// How one thread block (CTA, cooperative thread array) computes a tile. docs/Pipeline.md walks through its stages.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_DIALECT_CTA_IR_CTADIALECT
#define FOVEA_DIALECT_CTA_IR_CTADIALECT

include "mlir/IR/OpBase.td"

def Cta_Dialect : Dialect {
  let name = "cta";
  let cppNamespace = "::mlir::cta";
  let summary = "How one thread block computes a tile";
  let description = [{
    The ops of this dialect say how a thread block computes: tiles in registers (tensors whose encoding is their layout),
    tiles in shared memory, asynchronous copies and matrix products, channels between the roles of warps. `arith`,
    `math` and `scf` are used on register tiles as they are; one program describes what all threads of the block (of a
    role, after `cta-specialize-warps`) do together.
  }];
  let dependentDialects = ["arith::ArithDialect", "gpu::GPUDialect", "math::MathDialect", "memref::MemRefDialect",
                           "scf::SCFDialect"];
  let useDefaultAttributePrinterParser = 1;
  let useDefaultTypePrinterParser = 1;
  let hasOperationAttrVerify = 1;
  let hasRegionArgAttrVerify = 1;
  let extraClassDeclaration = [{
    /// Discardable attribute of a kernel (gpu.func), and of the attn op before it is one: a `#cta.schedule`.
    static constexpr ::llvm::StringLiteral getScheduleAttrName() { return "cta.schedule"; }
    /// Discardable attribute of every op in a scheduled loop: a `#cta.at`.
    static constexpr ::llvm::StringLiteral getAtAttrName() { return "cta.at"; }
    /// Discardable attribute of a kernel after `cta-allocate-smem`: i64, bytes of dynamic shared memory.
    static constexpr ::llvm::StringLiteral getSharedBytesAttrName() { return "cta.shared_bytes"; }
    /// Discardable attribute of a kernel: i64, by how many powers of two the maximum that stabilises exponents may lag
    /// behind the true one (S12).
    static constexpr ::llvm::StringLiteral getRescaleAttrName() { return "cta.rescale_log2"; }
    /// Discardable attribute of an argument of a kernel that no operand of `cta.launch` is passed for: a
    /// `#cta.workspace`.
    static constexpr ::llvm::StringLiteral getWorkspaceAttrName() { return "cta.workspace"; }
    /// Discardable attribute of a lowered kernel (llvm.func): an array of `#cta.param`, one per parameter.
    static constexpr ::llvm::StringLiteral getParamsAttrName() { return "cta.params"; }
    /// Discardable attribute of a lowered kernel (llvm.func): a `#cta.grid`.
    static constexpr ::llvm::StringLiteral getGridAttrName() { return "cta.grid"; }
    void registerAttributes();
    void registerTypes();
  }];
}

#endif // FOVEA_DIALECT_CTA_IR_CTADIALECT
