//===- InitAll.h - registers everything a Fovea tool needs ------*- C++ -*-===//
//
// For tools. A library that embeds Fovea registers the parts it uses instead.
//
//===----------------------------------------------------------------------===//

#ifndef FOVEA_INITALL_H
#define FOVEA_INITALL_H

namespace mlir {
class DialectRegistry;
} // namespace mlir

namespace fovea {

/// Adds Fovea's dialects and interface models to `registry`, and upstream's
/// dialects, extensions and translations to LLVM IR.
void registerAllDialects(mlir::DialectRegistry &registry);

/// Registers Fovea's passes and pipelines by name, and upstream's passes.
void registerAllPasses();

} // namespace fovea

#endif // FOVEA_INITALL_H
