//===- Passes.td - conversions out of the attn dialect ---*- tablegen -*-===//

#ifndef FOVEA_CONVERSION_PASSES
#define FOVEA_CONVERSION_PASSES

include "mlir/Pass/PassBase.td"

def AttnToVectorPass : Pass<"attn-to-vector"> {
  let summary = "Lower bufferized tiles of attn ops to register-blocked vector code (stage 7a)";
  let description = [{
    Works on memrefs, after `attn-pack-queries` and one-shot-bufferize. The
    queries (or, for softmax, the elements of a row) lie along the lanes; scores
    of a block live in a scratch buffer on the stack of the parallel body.
    Exponentials become `math.exp2` on vectors, which
    `fovea-expand-transcendentals` turns into polynomials.
  }];
  let options = [
    Option<"vectorBytes", "vector-bytes", "int64_t", "64", "Bytes of a vector register">,
    Option<"vectorRegisters", "vector-registers", "int64_t", "32", "Number of vector registers">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::math::MathDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect"];
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

#endif // FOVEA_CONVERSION_PASSES
